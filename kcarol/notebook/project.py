"""Paths for notebooks: the project's folder, and songs in `data/raw`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from kcarol.audio.clips import find_audio
from kcarol.audio.decoding import load_audio
from kcarol.audio.files import AudioError, DataError

PROBED_S = 2.0  # of a song, to see whether it can be read


def project_root() -> Path:
    """kcarol's repository at or above the working directory, or else the one that the code lies in.
    FileNotFoundError if there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if _is_repository(folder):
            return folder
    raise FileNotFoundError(
        f"{here}: expected kcarol's repository here or above, found none: "
        "start JupyterLab inside it"
    )


def _is_repository(folder: Path) -> bool:
    """Whether a folder has data/ and a pyproject.toml, and that is kcarol's and nobody else's."""
    project = folder / "pyproject.toml"
    if not project.is_file() or not (folder / "data").is_dir():
        return False
    text = project.read_text(encoding="utf-8", errors="replace")
    # by a pattern: Python 3.10 has no reader of TOML
    return re.search(r"""^\s*name\s*=\s*["']kcarol["']""", text, re.MULTILINE) is not None


def find_song(root: Path, name: str | None = None) -> Path:
    """The file in `data/raw/kpop` of this name (without its ending); None: the first that can be
    read. FileNotFoundError for a name that is not there; raises as `first_readable`.
    """
    files = {file.stem: file for file in find_audio(root / "data/raw/kpop")}
    if name is None:
        return first_readable(files.values())
    if name not in files:
        raise FileNotFoundError(f"SONG: expected one of {', '.join(files)}, found {name}")
    return files[name]


def find_carol(root: Path) -> Path:
    """The first file in `data/raw/carol` that can be read, in full band; without any, a packaged
    carol, which is mono at 16 kHz.
    """
    files = [*audio_below(root / "data/raw/carol"), root / "data/pairs/bells-0-0.carol.ogg"]
    return first_readable(files)


def audio_below(folder: Path) -> list[Path]:
    """As `find_audio`; none where there is no such folder, or an empty one."""
    try:
        return find_audio(folder)
    except DataError:
        return []


def first_readable(songs: Iterable[Path]) -> Path:
    """The first of `readable` files. DataError if there is none."""
    song = next(readable(songs), None)
    if song is None:
        raise DataError("expected a song that can be read, found none: put some into data/raw/kpop")
    return song


def readable(files: Iterable[Path]) -> Iterator[Path]:
    """Those of the files that hold sound; prints which are passed over, and why."""
    for file in files:
        try:
            load_audio(file, duration_s=PROBED_S)
        except (AudioError, OSError) as error:
            print(f"passed over: {str(error).replace(str(file), file.name)}")
        else:
            yield file
