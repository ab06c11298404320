"""`python -m memagent` is the command `memagent`."""

from memagent.cli import main

main()
