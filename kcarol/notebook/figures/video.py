"""Sounds to send to somebody: their spectrograms as a video, one sound after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kcarol.audio.encoding import save_audio
from kcarol.audio.writing.video import Sweep, save_video
from kcarol.config import AudioConfig
from kcarol.notebook.excerpts import equally_loud, excerpt
from kcarol.notebook.figures.picture import SCREEN_DPI, Picture, save
from kcarol.notebook.figures.spectrograms import spectrograms
from kcarol.notebook.inspection import bands

PAUSE_S = 0.6  # between two sounds


def write_video(
    waves: Mapping[str, np.ndarray], path: Path, start_s: float = 0.0, length_s: float = 12.0
) -> Path:
    """The same span of waves (2, T) at 48 kHz, by title, into an .mp4.

    All are drawn one above the other and heard one after the other, at one loudness; a line shows
    what sounds. AudioError where it cannot be written.
    """
    rate = AudioConfig.full_rate
    pieces = {name: excerpt(wave, start_s, length_s, rate) for name, wave in waves.items()}
    pieces = equally_loud(pieces, dict.fromkeys(pieces, rate))
    picture = spectrograms({name: bands(piece) for name, piece in pieces.items()})
    pause = np.zeros((2, round(PAUSE_S * rate)), np.float32)
    sound = np.concatenate([np.hstack([piece, pause]) for piece in pieces.values()], axis=-1)
    with tempfile.TemporaryDirectory() as folder:
        drawn = save(picture, Path(folder) / "picture.png", SCREEN_DPI)
        lengths_s = [piece.shape[-1] / rate for piece in pieces.values()]
        heard = save_audio(Path(folder) / "sound.wav", sound, rate)
        return save_video(path, drawn, heard, sound.shape[-1] / rate, _sweeps(picture, lengths_s))


def _sweeps(picture: Picture, lengths_s: list[float]) -> list[Sweep]:
    """Where the line goes in each spectrogram of a picture that has been drawn."""
    width, height = picture.get_size_inches() * SCREEN_DPI
    sweeps, start_s = [], 0.0
    for axes, length_s in zip(picture.axes, lengths_s, strict=False):  # the last is the colour bar
        box = axes.get_position()
        share = length_s / axes.get_xlim()[1]
        sweeps.append(
            Sweep(
                start_s=start_s,
                stop_s=start_s + length_s,
                left=width * box.x0,
                right=width * (box.x0 + share * box.width),
                top=round(height * (1 - box.y1)),
                height=round(height * box.height),
            )
        )
        start_s += length_s + PAUSE_S
    return sweeps
