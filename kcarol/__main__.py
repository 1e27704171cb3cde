"""`python -m kcarol COMMAND ...` is `kcarol COMMAND ...`."""

import sys

from kcarol.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
