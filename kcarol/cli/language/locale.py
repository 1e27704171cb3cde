"""Which language the user reads."""

from __future__ import annotations

import locale
import os
import re
import sys

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # as gettext reads them
KOREAN = re.compile(r"ko(rean)?(?![a-z])", re.IGNORECASE)  # ko_KR.UTF-8, Korean_Korea.949
ENGLISH = re.compile(r"(en|english|c|posix)(?![a-z])", re.IGNORECASE)


def reads_korean() -> bool:
    """Whether Korean comes before English for the user, and the terminal has its letters.

    The variables decide, whether or not the system has the locale that they name.
    """
    for name in _names():
        if KOREAN.match(name):
            return _shows_hangul()
        if ENGLISH.match(name):
            return False
    return False


def _names() -> list[str]:
    for variable in VARIABLES:
        if names := os.environ.get(variable):
            return names.split(":")
    return [locale.setlocale(locale.LC_CTYPE)]  # Windows sets no variables


def _shows_hangul() -> bool:
    try:
        "한글".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
