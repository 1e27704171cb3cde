"""The song's voice sings the choir's notes, eight times.

Everybody sings the frames of the voice at the pitch of their own line, a little early or late, a
little sharp or flat, with formants of their own. WORLD makes the sound, piece by piece.
"""

from __future__ import annotations

import numpy as np
import soxr

from kcarol.audio.disk_buffer import DiskWave
from kcarol.config import AudioConfig
from kcarol.voice.choir.curves import FADE_S, begun_early, pitch_and_level, smoothed
from kcarol.voice.choir.frames import (
    FRAME_S,
    HIGHEST_HZ,
    HOP,
    LOWEST_HZ,
    SAMPLE_RATE,
    resynthesised,
)
from kcarol.voice.choir.lines import ALTO, BASS, SOPRANO, TENOR, Lines
from kcarol.voice.choir.singers import Singer, draw_singers
from kcarol.voice.choir.sung_voice import SungVoice

Wave = np.ndarray | DiskWave  # (2, T)

PIECE_S, CONTEXT_S = 20, 1  # sung at once, and before and after it; whole: at any rate
FADE_OVER_S = 0.05  # from a piece to the next
# of a singer on the hardest stroke: as loud as the two instruments that are the carol's choirs
GAIN_DB = {SOPRANO: -13.0, ALTO: -15.0, TENOR: -15.0, BASS: -19.0}


def sing_onto(
    carol: Wave,
    rate: int,
    lines: Lines,
    voice: SungVoice,
    tuning_cents: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Add the lines, sung, to `carol` (2, T) at `rate` Hz in song time.

    `tuning_cents` (F,): of the song above A440, in frames of `AudioConfig.frame_rate`.
    """
    singers = [s for s in draw_singers(voice.pitch_hz, rng) if lines.get(s.line)]
    n_seconds = -(-carol.shape[-1] // rate)
    for start_s in range(0, n_seconds, PIECE_S):
        frames = np.arange(round((PIECE_S + 2 * CONTEXT_S) / FRAME_S))
        frames += round((start_s - CONTEXT_S) / FRAME_S)
        sung = np.zeros((2, len(frames) * HOP))
        for singer in singers:
            _add_singer_(sung, singer, lines, voice, frames, tuning_cents)
        if sung.any():
            _add_piece_(carol, soxr.resample(sung.T, SAMPLE_RATE, rate).T, start_s, rate)


def _add_singer_(
    sung: np.ndarray,
    singer: Singer,
    lines: Lines,
    voice: SungVoice,
    frames: np.ndarray,
    tuning_cents: np.ndarray,
) -> None:
    """Add one singer to `sung` (2, F * HOP) in the frames (F,) of the song."""
    frames = frames - round(singer.late_s / FRAME_S)
    midi, amplitude = pitch_and_level(lines[singer.line], frames[0], len(frames))
    heard = frames.clip(0, len(voice.is_sung) - 1)
    is_voiced = voice.is_voiced[heard]
    speaks = begun_early(amplitude) if singer.number == 0 else 0.0
    amplitude = voice.amplitude(heard) * np.where(is_voiced, amplitude, speaks)
    if not amplitude.any():
        return
    times_s = frames * FRAME_S
    tuning = np.interp(
        times_s * AudioConfig().frame_rate, np.arange(len(tuning_cents)), tuning_cents
    )
    cents = tuning + singer.strays_cents(times_s)
    f0_hz = 440 * 2 ** ((midi - 69) / 12 + cents / 1200)
    wave = resynthesised(
        voice.values[heard[0] : heard[-1] + 1][heard - heard[0]],
        f0_hz.clip(LOWEST_HZ, HIGHEST_HZ) * is_voiced,
        10 ** (GAIN_DB[singer.line] / 20) * smoothed(amplitude, FADE_S),
        singer.tract,
    )
    angle = np.pi / 4 * (1 + singer.pan)
    sung += np.array([[np.cos(angle)], [np.sin(angle)]]) * wave


def _add_piece_(carol: Wave, piece: np.ndarray, start_s: int, rate: int) -> None:
    """Add a piece (2, t) and its context to `carol`; it fades from the one before to the next."""
    fade = round(FADE_OVER_S * rate)
    first, stop = CONTEXT_S * rate, (CONTEXT_S + PIECE_S) * rate + fade
    rise = np.linspace(0, np.pi / 2, fade)
    inner = piece[:, first:stop]
    inner[:, :fade] *= np.sin(rise)
    inner[:, -fade:] *= np.cos(rise)
    place = slice(start_s * rate, start_s * rate + inner.shape[1])
    before = carol[..., place]
    carol[..., place] = before + inner[:, : before.shape[1]]
