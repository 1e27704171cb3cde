"""Songs to choose from in a notebook: those in `data/raw/kpop`, and those that were uploaded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from kcarol.audio.decoding import load_audio
from kcarol.audio.files import AudioError, DataError, printable
from kcarol.audio.reading.endings import AUDIO_SUFFIXES
from kcarol.notebook.project import PROBED_S, audio_below, first_readable
from kcarol.voice.recording import VOICE_SUFFIX

SONGS = "data/raw/kpop"  # below the project's root
# what a page plays or offers lies beside the notebooks: Jupyter serves only what is below the
# folder in which it was started, and that may be notebooks/
RUNS = "notebooks/runs"
UPLOADS = "uploads"  # below RUNS
LONGEST_NAME = 80  # characters


class Songs:
    """Songs of a project by name: files without their endings.

    root: the project's, see `project_root`.
    """

    def __init__(self, root: Path):
        self.root = root
        self.uploads = root / RUNS / UPLOADS

    @property
    def files(self) -> dict[str, Path]:
        """The file of each song; of two of one name the later is named with its ending."""
        files: dict[str, Path] = {}
        for folder in (self.root / SONGS, self.uploads):
            for path in audio_below(folder):
                files[path.name if path.stem in files else path.stem] = path
        return {name: path for name, path in files.items() if self._song_of(path, files) is None}

    @property
    def first_readable(self) -> str | None:
        """The name of the first song that holds sound; None if there is none."""
        songs = self.files
        try:
            first = first_readable(songs.values())
        except DataError:
            return None
        return next(name for name, path in songs.items() if path == first)

    def voice_of(self, song: Path) -> Path | None:
        """The file of a song's voice alone, NAME.voice.* beside it or uploaded, if there is one."""
        for folder in (self.uploads, song.parent):
            for path in audio_below(folder):
                if path.stem == song.stem + VOICE_SUFFIX:
                    return path
        return None

    @staticmethod
    def _song_of(voice: Path, files: Mapping[str, Path]) -> str | None:
        """The name of the song whose voice this is, None of a song."""
        name = voice.stem.removesuffix(VOICE_SUFFIX)
        return name if name != voice.stem and name in files else None

    def add(self, file_name: str, content: bytes) -> str:
        """Keep an uploaded song, which replaces an earlier one of this file name; returns its name.

        NAME.voice.* is the voice of the song NAME, if that is there.

        AudioError, with `file_name`, if it holds no sound that can be read.
        """
        name = _plain_name(file_name)
        self.uploads.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=self.uploads) as folder:
            temporary = Path(folder) / name
            temporary.write_bytes(content)
            try:
                load_audio(temporary, duration_s=PROBED_S)
            except AudioError as error:
                raise AudioError(str(error).replace(str(temporary), name)) from error
            os.replace(temporary, self.uploads / name)
        songs = self.files
        kept = self.uploads / name
        return self._song_of(kept, songs) or next(x for x, path in songs.items() if path == kept)


def _plain_name(file_name: str) -> str:
    """The last part of a browser's file name, without what folders do not take. AudioError for
    another ending than that of a sound file.
    """
    path = Path(file_name.replace("\\", "/"))
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        raise AudioError(
            f"{printable(path.name)}: expected a sound file "
            f"({' '.join(AUDIO_SUFFIXES[:8])} ...), found the ending '{path.suffix}'"
        )
    kept = "".join(c if c.isprintable() and c not in '/<>:"|?*' else "_" for c in path.stem)
    return f"{kept[:LONGEST_NAME].strip('. ') or 'song'}{path.suffix.lower()}"
