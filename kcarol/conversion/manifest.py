"""Lists of songs: text, play lists (.m3u, .m3u8) and JSON lines, as programs and people write them.

Every line is taken as it stands if there is a file of that name. Otherwise it is tried in the other
spellings that a name gets on its way between systems and programs.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

PLAY_LISTS = (".m3u", ".m3u8")
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # Windows writes such lists


class ManifestError(ValueError):
    """A list of songs that cannot be read, in one line."""


def read_manifest(path: Path) -> list[Path]:
    """Songs of a list, each once: a path a line or, in a .jsonl, an object with "song" a line.

    Relative paths begin at the list's folder. In play lists, lines that begin with # are comments
    unless there is such a file. ManifestError for other files and empty lists.
    """
    path = Path(path)
    spellings = Spellings()
    is_play_list = path.suffix.lower() in PLAY_LISTS
    songs = []
    for number, line in enumerate(_read_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        if "\0" in line:
            raise ManifestError(f"{where}: expected text, found a zero byte: is it a list at all?")
        if path.suffix.lower() == ".jsonl":
            songs.append(spellings.existing(path.parent / _song_of(line, where)))
        elif found := _locate(path.parent, line, spellings):
            songs.append(found)
        elif not (is_play_list and line.lstrip().startswith("#")):
            songs.append(path.parent / line)
    if not songs:
        raise ManifestError(f"{path}: expected a path of a song a line, found none")
    return list(dict.fromkeys(songs))


def _read_lines(path: Path) -> list[str]:
    """Split at line breaks alone: a name may hold other separators, such as U+2028."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path}: expected a list of songs, found {error.strerror}") from error
    if raw.startswith(UTF_16_MARKS):
        text = raw.decode("utf-16", errors="replace")
    else:
        text = raw.decode("utf-8-sig", errors="surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _song_of(line: str, where: str) -> str:
    try:
        song = str(Path(json.loads(line)["song"]))
    except (ValueError, TypeError, KeyError) as error:
        raise ManifestError(
            f'{where}: expected an object with "song", found {line[:60]!r}'
        ) from error
    if "\0" in song:
        raise ManifestError(f"{where}: expected a path, found a zero byte in it")
    return song


def _locate(folder: Path, line: str, spellings: Spellings) -> Path | None:
    """The file that a line means; None if there is none."""
    for text in dict.fromkeys(_meanings(line)):
        found = spellings.existing(folder / text)
        if _check(Path.is_file, found):
            return found
    return None


def _meanings(line: str) -> Iterator[str]:
    """The line itself, and what other programs write for it."""
    plain = line.strip()
    yield line
    yield plain
    yield plain.replace("\\", "/")
    yield _without_percents(plain)
    if address := re.fullmatch(r"file:(?://(?:localhost)?)?(/.*)", plain, re.IGNORECASE):
        yield re.sub(r"^/(?=[A-Za-z]:)", "", _without_percents(address[1]))  # /C:/ of Windows


def _without_percents(text: str) -> str:
    """`my%20song` -> `my song`; urllib's own would be the only use of a network's library here."""
    raw = re.sub(
        rb"%([0-9A-Fa-f]{2})", lambda code: bytes.fromhex(code[1].decode()), os.fsencode(text)
    )
    return os.fsdecode(raw)


class Spellings:
    """Finds files whose names are written in another form of Unicode (NFC, NFD).

    A Mac decomposes letters (한 becomes ᄒ, ᅡ, ᆫ); most other systems compare the bytes alone.
    """

    def __init__(self) -> None:
        self._names: dict[Path, dict[str, str]] = {}  # folder -> composed name -> name

    def existing(self, path: Path) -> Path:
        """The path of the file that is there; `path` itself if there is none."""
        if str(path).isascii() or _check(Path.exists, path) or path.parent == path:
            return path
        folder = self.existing(path.parent)
        return folder / self._composed_names(folder).get(composed(path.name), path.name)

    def _composed_names(self, folder: Path) -> dict[str, str]:
        if folder not in self._names:
            try:
                names = os.listdir(folder)
            except OSError:
                names = []
            self._names[folder] = {composed(name): name for name in names}
        return self._names[folder]


def composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _check(test: Callable[[Path], bool], path: Path) -> bool:
    try:
        return test(path)
    except OSError:  # such as a name that is too long
        return False
