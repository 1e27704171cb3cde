"""A catalogue of messages, in gettext's format, that translates finished lines.

A message is known word for word, or by a template such as `{path}: expected a voice, found {found}`
whose fields stand for anything, `{n}` and those that begin with `n_` for numbers. Fields named in
PHRASES hold other messages of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from string import Formatter

from kcarol.cli.language.locale import reads_korean
from kcarol.cli.language.particles import with_particles

KO = Path(__file__).with_name("ko.po")
PHRASES = frozenset(("expected", "found", "reason", "way_out", "first", "rest"))
PATHS = frozenset(("path", "folder", "file"))
ANYTHING = ".+?"
NUMBER = r"[-+\d.,/:e]+"
PATH = "(?:(?!: ).)+?"  # so that what stands before another path is not taken for a part of it
MOST_NESTED = 6  # messages in messages
LONGEST = 4000  # letters of a message with fields
ENTRY = re.compile(r'^msgid (".*"(?:\n".*")*)\nmsgstr (".*"(?:\n".*")*)', re.MULTILINE)


def translated(text: str) -> str:
    """In the user's language; as it is where that is English, or nobody has translated it."""
    return _korean().translate(text) if reads_korean() else text


@cache
def _korean() -> Catalogue:
    try:
        return Catalogue(read_messages(KO))
    except (OSError, ValueError):  # English without it
        return Catalogue({})


def read_messages(path: Path) -> dict[str, str]:
    """Translations of a .po file, by their originals."""
    entries = ENTRY.findall(path.read_text(encoding="utf-8"))
    messages = {_unquoted(original): _unquoted(translation) for original, translation in entries}
    return {original: text for original, text in messages.items() if original and text}


def _unquoted(lines: str) -> str:
    text = "".join(line[1:-1] for line in lines.splitlines())
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


class Catalogue:
    """Translations by messages."""

    def __init__(self, messages: Mapping[str, str]):
        self.messages = messages

    def translate(self, text: str) -> str:
        """A text, or else each of its lines, or else what stands in their places."""
        if (whole := self.find(text)) is not None:
            return whole
        return "\n".join(self.find(line) or line for line in text.split("\n"))

    def find(self, text: str, depth: int = 0) -> str | None:
        """The translation of one message, if there is one. `depth`: of messages around it."""
        if text in self.messages:
            return self.messages[text]
        if depth > MOST_NESTED or len(text) > LONGEST:
            return None
        tries = (self._fill(template, text, depth) for template in self._templates)
        return next((found for found in tries if found is not None), None)

    @cached_property
    def _templates(self) -> list[Template]:
        """The most definite first."""
        templates = [Template(text) for text in self.messages if "{" in text]
        return sorted(templates, key=lambda template: template.n_fixed, reverse=True)

    def _fill(self, template: Template, text: str, depth: int) -> str | None:
        values = template.match(text)
        if values is None:
            return None
        for name in PHRASES & values.keys():
            if (phrase := self.find(values[name], depth + 1)) is None:
                return None
            values[name] = phrase
        return with_particles(self.messages[template.text].format_map(values))


class Template:
    """A message with fields."""

    def __init__(self, text: str):
        self.text = text
        self.pieces = [(fixed, field) for fixed, field, *_ in Formatter().parse(text)]
        self.n_fixed = sum(len(fixed) for fixed, _ in self.pieces)

    def match(self, text: str) -> dict[str, str] | None:
        """What stands in a text's fields; None for another message's text."""
        if not all(fixed in text for fixed, _ in self.pieces):  # most, and at once
            return None
        found = self._pattern.fullmatch(text)
        return found and found.groupdict()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("".join(re.escape(fixed) + _group(field) for fixed, field in self.pieces))


def _group(field: str | None) -> str:
    if field is None:
        return ""
    is_number = field == "n" or field.startswith("n_")
    kind = NUMBER if is_number else PATH if field in PATHS else ANYTHING
    return f"(?P<{field}>{kind})"
