"""Scores as files: `kcarol.notate` and `kcarol.play`."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.encoding import save_audio
from kcarol.audio.writing.formats import check_format
from kcarol.audio.writing.tags import Tags
from kcarol.config import NETWORK, SYLLABLES, AudioConfig
from kcarol.conversion.api import (
    check_output,
    default_output,
    of_carol,
    save_stems,
    stem_files,
    tags_of,
    transcribe,
    transcribe_file,
)
from kcarol.conversion.converter import Converter
from kcarol.conversion.settings import CarolSettings
from kcarol.conversion.sound.stems import Stems
from kcarol.progress import HEARING, PLAYING, READING, WRITING, PartProgress, Parts, costs_of
from kcarol.score.errors import ScoreError
from kcarol.score.files import READABLE, read_score, write_arrangement, write_score
from kcarol.score.like import in_time_with
from kcarol.score.score import Score
from kcarol.transcription.transcription import Transcription


def notate(
    song: Path | str,
    out: Path | str | None = None,
    arrangement: str | None = None,
    *,
    converter: Converter | None = None,
    progress: PartProgress | None = None,
    force: bool = False,
) -> Path:
    """Write down a song as it was heard, or the parts of its carol, and return the file.

    Args:
        song: a sound file, or a score, to be arranged or written in another format.
        out: MusicXML, MIDI, PDF or SVG by its name, and JSON, LAB or TXT of what was heard; None:
            NAME.musicxml beside the song, or NAME.STYLE.musicxml.
        arrangement: name of the style whose parts are written; None: the lead sheet.
        converter: whose hearing it is; None: with the shipped weights.
        progress: as of `kcarol.convert`.
        force: replace an existing `out`.

    Raises AudioError, ScoreError, FileExistsError, WeightsError, ValueError (another style).
    """
    if arrangement is not None and arrangement not in STYLES:
        raise ValueError(f"expected an arrangement of {', '.join(STYLES)}, found {arrangement}")
    song = Path(song)
    out = Path(out) if out else default_score(song, arrangement)
    check_output(out, song, force)
    parts = Parts(progress, costs_of(out, (READING, HEARING, WRITING)))
    heard = None
    if not is_score(song):
        heard = transcribe_file(song, converter or Converter.load(), parts)
    writing = parts.begin(WRITING)
    _write(song, heard, out, arrangement)
    writing(1.0)
    return out


def _write(song: Path, heard: Transcription | None, out: Path, arrangement: str | None) -> None:
    if heard is None:
        score = read_score(song)
    else:
        score = Score.of_transcription(heard, title=tags_of(song).title or song.stem)
    if arrangement is None:
        write_score(score, out, heard)
    else:
        parts = arrange_carol(score.sheet, score.grid, STYLES[arrangement])
        write_arrangement(parts, score, arrangement, out)


def play(
    score: Path | str,
    out: Path | str | None = None,
    style: Path | str = "bells",
    *,
    like: Path | str | None = None,
    rate: int | None = None,
    mono: bool = False,
    hall: float | None = None,
    engine: str = NETWORK,
    choir: str = SYLLABLES,
    stems: Path | str | None = None,
    converter: Converter | None = None,
    progress: PartProgress | None = None,
    force: bool = False,
) -> Path:
    """Play a score's file as a carol, and return its file.

    Args:
        out: as of `kcarol.convert`; None: NAME.carol.wav beside the score.
        like: a song's sound file, whose beats, loudness and tuning the carol gets; None: those that
            the score records, else it is played at its written tempo.
        rate: Hz, of the carol; None: the full rate.

    The rest as of `kcarol.convert`. Raises AudioError, ScoreError, FileExistsError, WeightsError,
    ValueError.
    """
    score = Path(score)
    out = Path(out) if out else default_output(score)
    rate = rate or AudioConfig.full_rate
    check_format(out, rate)
    written = read_score(score)
    for path in (out, *stem_files(stems, out).values()):
        check_output(path, score, force)
    settings = CarolSettings(style, 1.0, rate, mono, hall, engine, choir)
    converter = converter or Converter.load()
    if like is not None:
        written = _like(like, written, score, converter)
    tags = Tags() if like is None else tags_of(Path(like))
    tags = replace(tags, title=tags.title or written.sheet.title)
    n_samples = math.ceil(written.level.n_samples * rate / AudioConfig.sample_rate)
    parts = Parts(progress, costs_of(out, (PLAYING, WRITING), with_stems=stems is not None))
    with (
        DiskWave(1 if mono else 2, n_samples, out) as carol,
        nullcontext() if stems is None else Stems(out) as groups,
    ):
        playing = parts.begin(PLAYING)
        converter.play_onto(carol, written, settings, stems=groups, progress=playing)
        save_stems(groups, stems, out, rate)
        writing = parts.begin(WRITING)
        save_audio(out, carol, rate, tags=of_carol(tags), progress=writing)
        writing(1.0)
    return out


def _like(song: Path | str, written: Score, path: Path, converter: Converter) -> Score:
    """A score in time with a song. ScoreError naming the score's `path`."""
    heard = Score.of_transcription(transcribe(song, converter=converter))
    try:
        return in_time_with(written, heard)
    except ScoreError as error:
        raise ScoreError(f"{path}: {error}") from None


def default_score(song: Path, arrangement: str | None = None) -> Path:
    """Where a song's score goes: NAME.musicxml beside it, or NAME.STYLE.musicxml."""
    return song.with_name(f"{song.stem}{f'.{arrangement}' if arrangement else ''}.musicxml")


def is_score(path: Path) -> bool:
    """Whether a file's name is that of a score, not of a sound."""
    return path.suffix.lower() in READABLE
