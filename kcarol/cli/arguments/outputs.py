"""The songs of `kcarol convert`, and the file of each carol."""

from __future__ import annotations

import itertools
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.audio.files import printable
from kcarol.cli.arguments.checks import UsageError, complain, one_line
from kcarol.conversion.manifest import Spellings, composed

if TYPE_CHECKING:
    from kcarol.conversion.provenance import Provenance

MADE = (".carol", ".voice")  # what the names end with, before the format
LONGEST_NAME = 255  # bytes of a file's name, on most file systems
KEPT_END = 20  # bytes at the end of a shortened name: names often differ at the end
LONGEST_NUMBER = "-1234567"  # of songs of one name


class FolderPath(type(Path())):  # type: ignore[misc]
    """Of a folder that may not exist yet."""


def out_path(text: str) -> Path:
    """An argparse type: a slash at the end, which a Path forgets, makes it a folder's."""
    return FolderPath(text) if text.endswith(("/", os.sep)) else Path(text)


def plan_outputs(
    songs: Sequence[Path], out: Path | None, kind: str
) -> tuple[dict[Path, Path], list[str]]:
    """Each song's carol, and a line for each path that is not one. Folders are searched for songs.

    A carol that was made from a song before keeps its name, whatever other songs there are now.
    UsageError if `out` is one file and there are several songs, or if its ending is unknown.
    """
    found, problems = _find_songs(songs)
    several = len(found) > 1 or any(os.path.isdir(song) for song in songs)
    if out is not None and not means_folder(out, several):
        return {song: out for song in found}, problems
    return name_carols(found, out, f".carol.{kind}"), problems


def means_folder(out: Path, several: bool) -> bool:
    """Whether `out` names the folder, not the file, of the carols.

    A dot alone makes no file of it: "St. Nick vol.2" is a folder. UsageError if a single song's
    ending is no format that is written, or `out` is a file and there are several songs.
    """
    from kcarol.audio.reading.endings import AUDIO_SUFFIXES
    from kcarol.audio.writing.formats import SAVE_FORMATS

    ending = out.suffix.lower()
    is_sound = ending in {*SAVE_FORMATS, *AUDIO_SUFFIXES}
    if isinstance(out, FolderPath) or os.path.isdir(out):
        return True
    if several and (is_sound or os.path.exists(out)):
        raise UsageError(
            f"--out {out}: expected a folder for several songs, found a file's name: "
            "leave its ending away, or end it with /"
        )
    if several or not (is_sound or _like_an_ending(ending)):
        return True
    if ending not in SAVE_FORMATS:
        raise UsageError(
            f"--out {out}: expected a name in {' '.join(SAVE_FORMATS)}, or a folder, "
            f"found '{ending}': end a folder's name with /"
        )
    return False


def _like_an_ending(ending: str) -> bool:
    """`.txt` is one; `.2` and `. Nick` are not."""
    return ending[1:2].isalpha() and ending[1:].isalnum()


def _find_songs(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Sound files in the order given, each once, without carols and voices that kcarol made; and
    problems.
    """
    from kcarol.audio.clips import search_folder
    from kcarol.audio.files import DataError

    found: dict[Path, None] = {}
    problems: list[str] = []
    spellings = Spellings()
    for path in map(spellings.existing, paths):
        if not os.path.isdir(path):
            found[path] = None
            continue
        try:
            files = search_folder(path)
        except DataError as error:
            problems.append(one_line(error))
            continue
        if left_out := files.describe_left_out():
            complain(left_out)
        songs = [file for file in files.audio if not file.stem.endswith(MADE)]
        if not songs:
            problems.append(
                f"{printable(path)}: expected songs, found only carols and voices of kcarol"
            )
        found.update(dict.fromkeys(songs))
    return list(found), problems


def name_carols(songs: Sequence[Path], folder: Path | None, ending: str) -> dict[Path, Path]:
    """A carol's path for each song, in `folder` or beside the song.

    That of the carol which was made from it before, or else the first name that is free:
    `a.carol.wav`; where a.mp3 and a.ogg meet, or two of a.mp3 from different folders,
    `a.ogg.carol.wav`, `a.ogg-2.carol.wav` and so on.
    """
    plan, taken = _carols_made_before(songs, folder, ending)
    # a million songs may share one name: continue after the last number
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(2))
    for song in songs:
        if song not in plan:
            names = _names(song, folder, ending, numbers[_key(_carol(song.name, song, folder, ""))])
            plan[song] = next(path for path in names if _key(path) not in taken)
            taken.add(_key(plan[song]))
    return {song: plan[song] for song in songs}


def _carols_made_before(
    songs: Sequence[Path], folder: Path | None, ending: str
) -> tuple[dict[Path, Path], set[str]]:
    """Songs whose carols are there, by the place or else the content of the song that they record.

    And the names of all carols that record some song: they are no longer free.
    """
    from kcarol.conversion.provenance import place_sha256

    namesakes: dict[str, list[Path]] = defaultdict(list)
    for song in songs:
        namesakes[_key(_carol(song.name, song, folder, ""))].append(song)
    numbers_in = cache(partial(_numbers_in, ending=ending))
    plan: dict[Path, Path] = {}
    taken: set[str] = set()
    moved = []  # songs and carols that do not know each other by their places
    for same in namesakes.values():
        numbers = numbers_in(folder or same[0].parent)[_prefix(same[0].name, ending)]
        records = _read_records(_names(same[0], folder, ending, iter(numbers)))
        taken |= set(map(_key, records))
        by_place = {record.place: path for path, record in records.items()}
        for song in same if records else ():
            path = by_place.get(place_sha256(song, folder or song.parent))
            if path is None:
                moved.append((song, records))
            else:
                plan[song] = path
    for song, records in moved:
        if path := _made_from_content(song, records, set(plan.values())):
            plan[song] = path
    return plan, taken


def _numbers_in(folder: Path, ending: str) -> dict[str, list[int]]:
    """Numbers of the carols in a folder, by what stands before them: there may be gaps."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for name in os.listdir(folder) if folder.is_dir() else ():
        if found := re.fullmatch(rf"(.+)-(\d+){re.escape(ending)}", name, re.DOTALL):
            numbers[_key(found[1])].append(int(found[2]))
    return numbers


def _read_records(paths: Iterable[Path]) -> dict[Path, Provenance]:
    """Of the carols that there are."""
    from kcarol.conversion.provenance import read_provenance

    found = {path: read_provenance(path) for path in paths if path.exists()}
    return {path: record for path, record in found.items() if record is not None}


def _made_from_content(
    song: Path, records: dict[Path, Provenance], claimed: set[Path]
) -> Path | None:
    from kcarol.conversion.provenance import song_sha256

    free = {record.song: path for path, record in records.items() if path not in claimed}
    try:
        return free.get(song_sha256(song)) if free else None
    except (ValueError, OSError):  # reported when it is to be converted
        return None


def _names(song: Path, folder: Path | None, ending: str, numbers: Iterator[int]) -> Iterator[Path]:
    """Paths for its carol, the best first."""
    prefix = _shortened(song.name, LONGEST_NUMBER + ending)
    stems = itertools.chain([song.stem, song.name], (f"{prefix}-{n}" for n in numbers))
    return (_carol(stem, song, folder, ending) for stem in stems)


def _prefix(name: str, ending: str) -> str:
    return _key(_shortened(name, LONGEST_NUMBER + ending))


def _carol(stem: str, song: Path, folder: Path | None, ending: str) -> Path:
    return (folder or song.parent) / (_shortened(stem, ending) + ending)


def _key(path: Path | str) -> str:
    """Equal for names that are one file on many systems: A.wav and a.wav, both forms of Unicode."""
    return composed(str(path)).casefold()


def _shortened(stem: str, ending: str) -> str:
    """A stem short enough for a file's name, cut in its middle."""
    raw = os.fsencode(stem)
    room = LONGEST_NAME - len(os.fsencode(ending))
    if len(raw) <= room:
        return stem
    start = raw[: room - KEPT_END - 1].decode(errors="ignore")
    return start + "~" + raw[-KEPT_END:].decode(errors="ignore")
