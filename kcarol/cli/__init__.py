"""The command line: one module for each command, `main` for `kcarol`, `original` for `main.py`;
`language` says it in Korean.

Modules of this folder import nothing heavy at their top, so that `--help` answers at once.
"""
