"""Songs as files: `kcarol.convert` and `kcarol.transcribe`."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from kcarol.audio.decoding import load_audio_into
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import LostSoundWarning, telling_lost_sound
from kcarol.conversion.converter import Converter
from kcarol.conversion.provenance import comment_of, provenance_of, settings_sha256
from kcarol.transcription.transcription import Transcription

KEPT_RATES = (44_100, 48_000)  # Hz: carols of other songs are at the full rate


def convert(
    song: Path | str,
    out: Path | str | None = None,
    style: Path | str = "bells",
    strength: float = 1.0,
    *,
    converter: Converter | None = None,
    force: bool = False,
) -> Path:
    """Turn a song's file into its carol's file, and return that.

    out: WAV, FLAC, MP3 or OGG by its name; None: beside the song, see `default_output`.
    style: a name (bells, choir, strings, organ, brass, piano) or a carol's sound file.
    strength: 0 (the song) to 1 (the carol).
    converter: `Converter.load(...)`, for several songs; None: with the shipped weights.
    force: replace an existing `out`.

    The carol's file records what it was made from, see `kcarol.conversion.provenance`.
    LostSoundWarning tells what sound of the song is missing.
    Raises AudioError (cannot be read or written), FileExistsError, WeightsError, ValueError.
    """
    song = Path(song)
    out = Path(out) if out else default_output(song)
    if out.exists() and not force:
        raise FileExistsError(f"{out} exists; give another name with -o, or --force to replace it")
    # unlike Path.resolve, realpath does not stumble over links in a circle
    if os.path.realpath(out) == os.path.realpath(song):
        raise FileExistsError(f"{out} is the song itself; give another name with -o")
    converter = converter or Converter.load()
    settings = settings_sha256(converter.weights_sha256, style, strength)
    # before it is read: of a song that is replaced meanwhile, the carol is outdated
    record = provenance_of(song, out, settings)
    lost: list[str] = []
    with telling_lost_sound(lost.append), DiskBuffer(beside=out) as wave:
        native = load_audio_into(wave, song, converter.audio)
        rate = native.sample_rate if native.sample_rate in KEPT_RATES else converter.audio.full_rate
        with DiskWave(2, native.n_samples_at(rate), out) as carol:
            converter.convert(wave, style, strength, rate=rate, carol=carol, beside=out)
            record = replace(record, is_whole=not lost)
            save_audio(out, carol, rate, comment_of(record))
    for text in lost:
        warnings.warn(text, LostSoundWarning, stacklevel=2)
    return out


def transcribe(
    song: Path | str | np.ndarray, *, converter: Converter | None = None
) -> Transcription:
    """The transcription of a song: a file, or samples (T,) at 16 kHz mono.

    Raises AudioError and WeightsError.
    """
    converter = converter or Converter.load()
    if isinstance(song, np.ndarray):
        return converter.transcribe(song)
    with DiskBuffer() as wave:
        load_audio_into(wave, song, converter.audio)
        return converter.transcribe(wave)


def default_output(song: Path) -> Path:
    """Where a song's carol goes: NAME.carol.wav beside it."""
    return song.with_name(song.stem + ".carol.wav")
