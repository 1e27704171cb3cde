"""The command line in the user's language: Korean where the locale is, else English.

The package speaks English. What it says is translated once, on its way to the terminal: help by
`help`, all other lines by `terminal`, from the catalogue ko.po. What that lacks stays English.
"""
