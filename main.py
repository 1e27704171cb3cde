"""python main.py --preprocess | --train | --eval | --convert SONG, in that order."""

import sys

from kcarol.cli.original import main

if __name__ == "__main__":
    sys.exit(main())
