"""`python -m autolog` is the program `autolog`."""

from autolog.cli import main

main(prog_name="autolog")
