"""What kcarol keeps for a user between calls, and whether it is still what was put there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kcarol.audio.clips import file_sha256
from kcarol.audio.files import write_text
from kcarol.model.weights_file import WeightsError


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/kcarol, else in the folder that the system has for such files."""
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "kcarol"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "kcarol"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/kcarol"
    return Path.home() / ".cache/kcarol"


def checksum_file(path: Path) -> Path:
    """Where the SHA-256 of a file is noted, as `sha256sum --check` reads it."""
    return path.with_name(path.name + ".sha256")


def check_or_note_checksum(path: Path, content: Path | None = None) -> None:
    """Note the SHA-256 of a file where none is noted yet, else check it.

    content: what is to become the file; None: the file itself. WeightsError if it has changed since
    its checksum was noted.
    """
    found, notes = file_sha256(content or path), checksum_file(path)
    if not notes.exists():
        write_text(notes, f"{found}  {path.name}\n")
        return
    noted = notes.read_text(encoding="utf-8", errors="replace").split(" ")[0].strip()
    if found != noted:
        raise WeightsError(
            f"{path}: expected SHA-256 {noted[:64]}, noted when it was first fetched, found "
            f"{found}: delete the file to fetch it again, and {notes.name} beside it too if "
            "the file is meant to be another one"
        )
