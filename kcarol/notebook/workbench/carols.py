"""Whole songs as carols: files beside the notebooks, and a page on which all of it is heard."""

from __future__ import annotations

import html
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kcarol.audio.encoding import save_audio
from kcarol.audio.files import LostSoundWarning, atomic_write, printable, telling
from kcarol.conversion.api import convert
from kcarol.conversion.converter import Converter
from kcarol.conversion.provenance import CURRENT, compare, settings_sha256
from kcarol.conversion.settings import CarolSettings
from kcarol.notebook.figures.picture import in_lines
from kcarol.notebook.players import TO_HEAR
from kcarol.notebook.workbench.follower import downloads, follower
from kcarol.notebook.workbench.sheets import Sheets, write_sheets
from kcarol.score.score import Score
from kcarol.transcription.transcription import Transcription

CAROL = ".flac"  # every browser plays it, and it loses nothing


@dataclass(frozen=True)
class SongPage:
    """Sounds and a score as HTML; the score follows the players, and links save the files."""

    sounds: Mapping[str, Path]
    sheets: Sheets
    carol: Path | None = None
    remarks: tuple[str, ...] = ()  # a line each: what is missing

    def _repr_html_(self) -> str:
        remarks = (*self.remarks, self.sheets.missing)
        lines = "".join(f"<p>{html.escape(printable(text))}</p>" for text in remarks if text)
        saved = {"carol": self.carol} if self.carol else {}
        page = follower(self.sounds, self.sheets.pages, self.sheets.bars)
        return page + downloads({**saved, **self.sheets.files}) + lines

    def __repr__(self) -> str:
        bars = len(self.sheets.bars)
        what = f"{', '.join(self.sounds)}, and a score of {bars} bars"
        return in_lines(f"Players: {what}. {TO_HEAR}")


def whole_carol(
    song: Path,
    folder: Path,
    style: str = "bells",
    strength: float = 1.0,
    hall: float | None = None,
    *,
    voice: Path | None = None,
    converter: Converter,
) -> SongPage:
    """All of a song as a carol, and its lead sheet, in files below `folder`. What is already there
    of the same song with the same settings is taken.

    style, strength, hall, voice: as of `kcarol.convert`. Raises AudioError, ValueError, OSError.
    """
    remarks: list[str] = []
    carol = _carol_file(song, folder, style, strength, hall, voice is not None)
    settings = CarolSettings(style, strength, hall=hall, voice=voice)
    wanted = settings_sha256(converter.weights_sha256, settings)
    heard = carol.with_suffix(".json")
    if compare(carol, song, wanted) != CURRENT or not heard.exists():
        with telling(LostSoundWarning, remarks.append):
            convert(
                song,
                carol,
                style,
                strength,
                hall=hall,
                voice=voice,
                scores=[heard],
                converter=converter,
                force=True,
            )
    score = Score.of_transcription(Transcription.load(heard), converter.audio, song.stem)
    sheets = write_sheets(score, carol.parent, song.stem)
    label = f"carol{carol.stem.removeprefix(song.stem)}"  # with what was asked for
    sounds = {song.stem: beside_notebooks(song, folder), label: carol}
    return SongPage(sounds, sheets, carol, tuple(remarks))


def song_sheet(song: Path, score: Score, folder: Path) -> SongPage:
    """A song over its score, in files below `folder`."""
    heard = beside_notebooks(song, folder)
    return SongPage({song.stem: heard}, write_sheets(score, folder / song.stem, song.stem))


def mended_carol(
    song: Path, score: Score, folder: Path, style: str = "bells", *, converter: Converter
) -> SongPage:
    """A song over another score of it and the carol that this makes, in files below `folder`."""
    carol = _carol_file(song, folder, style, mended=True)
    save_audio(carol, converter.play(score, style), converter.audio.full_rate)
    sheets = write_sheets(score, carol.parent, f"{song.stem}, mended")
    sounds = {song.stem: beside_notebooks(song, folder), f"carol, {style}, mended": carol}
    return SongPage(sounds, sheets, carol)


def _carol_file(
    song: Path,
    folder: Path,
    style: str,
    strength: float = 1.0,
    hall: float | None = None,
    has_voice: bool = False,
    mended: bool = False,
) -> Path:
    """Named for what it is, so that one may be heard beside another."""
    parts = [song.stem, Path(style).stem]
    if strength < 1:
        parts.append(f"strength {strength:g}")
    if hall is not None:
        parts.append(f"hall {hall:g}")
    if has_voice:
        parts.append("voice")
    if mended:
        parts.append("mended")
    return folder / song.stem / f"{', '.join(parts)}{CAROL}"


def beside_notebooks(song: Path, folder: Path) -> Path:
    """A song's file if it is below `folder`, else a copy that is, as Jupyter can serve it."""
    if song.is_relative_to(folder):
        return song
    copy = folder / song.stem / song.name
    if not copy.exists() or copy.stat().st_mtime < song.stat().st_mtime:
        with atomic_write(copy) as unfinished:
            shutil.copyfile(song, unfinished)
    return copy
