"""The songs of `kcarol convert`, and the file of each carol."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kcarol.audio.files import printable
from kcarol.cli.checks import UsageError, one_line

LONGEST_NAME = 255  # bytes of a file's name, on most file systems
KEPT_END = 20  # bytes at the end of a shortened name: names often differ at the end


def plan_outputs(
    songs: Sequence[Path], out: Path | None, kind: str
) -> tuple[dict[Path, Path], list[str]]:
    """Each song's carol, and a line for each path that is not one. Folders are searched for songs.

    UsageError if `out` is one file and there are several songs, or if its ending is unknown.
    """
    from kcarol.audio.encoding import SAVE_FORMATS

    found, problems = _find_songs(songs)
    if out is not None and out.suffix and not out.is_dir():
        if out.suffix.lower() not in SAVE_FORMATS:
            raise UsageError(
                f"--out {out}: expected a name in {' '.join(SAVE_FORMATS)}, or a folder, "
                f"found '{out.suffix}'"
            )
        if len(found) > 1 or any(os.path.isdir(song) for song in songs):
            raise UsageError(
                f"--out {out}: expected a folder for several songs, found a file's name: "
                "leave its ending away"
            )
        return {song: out for song in found}, problems
    uses: Counter[str] = Counter()
    return {song: _free_name(song, out, f".carol.{kind}", uses) for song in found}, problems


def _find_songs(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Sound files in the order given, each once, without carols that kcarol made; and problems."""
    from kcarol.audio.clips import find_audio
    from kcarol.audio.files import DataError

    found: dict[Path, None] = {}
    problems: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found[path] = None
            continue
        try:
            songs = [file for file in find_audio(path) if not file.stem.endswith(".carol")]
        except DataError as error:
            problems.append(one_line(error))
            continue
        if not songs:
            problems.append(f"{printable(path)}: expected songs, found only carols of kcarol")
        found.update(dict.fromkeys(songs))
    return list(found), problems


def _free_name(song: Path, folder: Path | None, ending: str, uses: Counter[str]) -> Path:
    """`a.carol.wav`; where a.mp3 and a.ogg meet, or two of a.mp3 from different folders,
    `a.ogg.carol.wav`, `a.ogg-2.carol.wav` and so on. Counts in `uses` how often each occurs.
    """

    def path_of(stem: str) -> Path:
        return (folder or song.parent) / (_shortened(stem, ending) + ending)

    # a million songs may share one name: continue after the last number
    numbers = itertools.count(uses[_key(path_of(song.name))] + 1)
    stems = itertools.chain([song.stem, song.name], (f"{song.name}-{n}" for n in numbers))
    for path in map(path_of, stems):
        uses[_key(path)] += 1
        if uses[_key(path)] == 1:
            return path
    raise AssertionError("unreachable: the numbers have no end")


def _key(path: Path) -> str:
    return str(path).casefold()  # A.wav and a.wav are one file on many systems


def _shortened(stem: str, ending: str) -> str:
    """A stem short enough for a file's name, cut in its middle."""
    raw = os.fsencode(stem)
    room = LONGEST_NAME - len(os.fsencode(ending))
    if len(raw) <= room:
        return stem
    start = raw[: room - KEPT_END - 1].decode(errors="ignore")
    return start + "~" + raw[-KEPT_END:].decode(errors="ignore")
