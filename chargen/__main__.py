"""`python -m chargen`: the command line."""

from chargen.cli.main import main

main()
