"""What the last plan found, kept under `.chargen/` so that the next one looks only at what changed.

Laws: no edit is ever hidden: imagery files, templates and settings count by their bytes, pictures by size, both times
and inode, and what is unusual is not remembered; a cache is data and never trusted (it may come with a stranger's
project), so at worst it makes a plan say something wrong that the judge corrects before anything is spent; a command
that only reads uses it and never writes it.
"""
