"""The command line: one module for each command, `main` for `kcarol`, `original` for `main.py`.

Modules of this folder import nothing heavy at their top, so that `--help` answers at once.
"""
