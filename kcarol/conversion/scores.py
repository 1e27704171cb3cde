"""Scores as files: `kcarol.notate` and `kcarol.play`."""

from __future__ import annotations

import math
from contextlib import nullcontext
from pathlib import Path

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.encoding import save_audio
from kcarol.audio.writing.formats import SAVE_FORMATS, check_format
from kcarol.config import NETWORK, AudioConfig
from kcarol.conversion.api import check_output, default_output, save_stems, stem_files, transcribe
from kcarol.conversion.converter import Converter
from kcarol.conversion.sound.stems import Stems
from kcarol.score.files import READABLE, read_score, write_score
from kcarol.score.score import Score


def notate(
    song: Path | str,
    out: Path | str | None = None,
    *,
    converter: Converter | None = None,
    force: bool = False,
) -> Path:
    """Write down a song as it was heard, and return the file.

    song: a sound file, or a score, to be written in another format.
    out: MusicXML, MIDI, PDF, SVG, JSON, LAB or TXT by its name; None: NAME.musicxml beside the
        song.
    converter: whose hearing it is; None: with the shipped weights.
    force: replace an existing `out`.

    Raises AudioError, ScoreError, FileExistsError, WeightsError.
    """
    song = Path(song)
    out = Path(out) if out else default_score(song)
    check_output(out, song, force)
    if is_score(song):
        write_score(read_score(song), out)
        return out
    heard = transcribe(song, converter=converter)
    write_score(Score.of_transcription(heard, title=song.stem), out, heard)
    return out


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
    stems: Path | str | None = None,
    converter: Converter | None = None,
    force: bool = False,
) -> Path:
    """Play a score's file as a carol, and return its file.

    out: as of `kcarol.convert`; None: NAME.carol.wav beside the score.
    like: a song's sound file, whose beats, loudness and tuning the carol gets; None: those that the
        score records, else it is played at its written tempo.
    rate: Hz, of the carol; None: the full rate.

    The rest as of `kcarol.convert`. Raises AudioError, ScoreError, FileExistsError, WeightsError,
    ValueError.
    """
    score = Path(score)
    out = Path(out) if out else default_output(score)
    rate = rate or SAVE_FORMATS.get(out.suffix.lower(), SAVE_FORMATS[".wav"]).nearest_rate(
        AudioConfig.full_rate
    )
    check_format(out, rate)
    for path in (out, *stem_files(stems, out).values()):
        check_output(path, score, force)
    written = read_score(score)
    converter = converter or Converter.load()
    if like is not None:
        heard = Score.of_transcription(transcribe(like, converter=converter))
        from kcarol.score.like import in_time_with

        written = in_time_with(written, heard)
    n_samples = math.ceil(written.level.n_samples * rate / AudioConfig.sample_rate)
    with (
        DiskWave(1 if mono else 2, n_samples, out) as carol,
        nullcontext() if stems is None else Stems(out) as groups,
    ):
        converter.play(
            written,
            style,
            rate=rate,
            hall=hall,
            engine=engine,
            carol=carol,
            stems=groups,
            beside=out,
        )
        save_stems(groups, stems, out, rate)
        save_audio(out, carol, rate)
    return out


def default_score(song: Path) -> Path:
    """Where a song's score goes: NAME.musicxml beside it."""
    return song.with_name(song.stem + ".musicxml")


def is_score(path: Path) -> bool:
    """Whether a file's name is that of a score, not of a sound."""
    return path.suffix.lower() in READABLE
