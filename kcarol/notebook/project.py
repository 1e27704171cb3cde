"""Paths for notebooks: the project's folder, and songs in `data/raw`."""

from __future__ import annotations

import re
from pathlib import Path

from kcarol.audio.clips import find_audio


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
    """The file in `data/raw/kpop` of this name (without its ending); None: the first found."""
    files = {file.stem: file for file in find_audio(root / "data/raw/kpop")}
    name = name or next(iter(files))
    if name not in files:
        raise FileNotFoundError(f"SONG: expected one of {', '.join(files)}, found {name}")
    return files[name]
