"""The page of `chargen review`: plans and actions as JSON for a browser on this machine, and the page itself.

What the command line says, the page says too: both take it from `chargen.actions`. Nothing is judged here.
"""
