"""``python -m nbtrack``: the command line."""

from ._cli import main

main()
