"""Paths for notebooks: the project's folder, and songs in `data/raw`."""

from __future__ import annotations

from pathlib import Path

from kcarol.audio.clips import find_audio


def project_root() -> Path:
    """The folder with pyproject.toml and data/ at or above the working directory, or that of the
    installed code. FileNotFoundError if there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "pyproject.toml").is_file() and (folder / "data").is_dir():
            return folder
    raise FileNotFoundError(
        f"{here}: expected kcarol's repository here or above, found none: "
        "start JupyterLab inside it"
    )


def find_song(root: Path, name: str | None = None) -> Path:
    """The file in `data/raw/kpop` of this name (without its ending); None: the first found."""
    files = {file.stem: file for file in find_audio(root / "data/raw/kpop")}
    name = name or next(iter(files))
    if name not in files:
        raise FileNotFoundError(f"SONG: expected one of {', '.join(files)}, found {name}")
    return files[name]
