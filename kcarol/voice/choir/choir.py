"""The song's voice sings the choir's notes, eight times.

Everybody sings the frames of the voice at the pitch of their own line, a little early or late, a
little sharp or flat, with formants of their own.
"""

from __future__ import annotations

import numpy as np
import soxr

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.parallel import parallel_map
from kcarol.config import AudioConfig
from kcarol.voice.choir.curves import FADE_S, begun_early, pitch_and_level, smoothed
from kcarol.voice.choir.frames import FRAME_S, HIGHEST_HZ, HOP, LOWEST_HZ, SAMPLE_RATE
from kcarol.voice.choir.lines import ALTO, BASS, SOPRANO, TENOR, Lines
from kcarol.voice.choir.singers import Singer, draw_singers
from kcarol.voice.choir.sung_voice import SungVoice
from kcarol.voice.choir.vocoder import resynthesised

Wave = np.ndarray | DiskWave  # (2, T)

PIECE_S, CONTEXT_S = 20, 1  # sung at once, and before and after it; whole: at any rate
FADE_OVER_S = 0.05  # from a piece to the next
# of a singer on the hardest stroke: as loud as the two instruments that are the carol's choirs
GAIN_DB = {SOPRANO: -13.0, ALTO: -15.0, TENOR: -15.0, BASS: -19.0}


def sing_onto(
    carol: Wave, rate: int, lines: Lines, voice: SungVoice, tuning_cents: np.ndarray, seed: int = 0
) -> None:
    """Add the lines, sung, to `carol` (2, T) at `rate` Hz in song time.

    tuning_cents: (F,) of the song above A440, in frames of `AudioConfig.frame_rate`.
    seed: of the singers, and of the noise in their voices.
    """
    choir = _Choir(voice, lines, tuning_cents, seed)

    def piece(start_s: int) -> np.ndarray | None:
        sung = choir.sing(start_s - CONTEXT_S, start_s + PIECE_S + CONTEXT_S)
        return soxr.resample(sung.T, SAMPLE_RATE, rate).T if sung.any() else None

    starts_s = range(0, -(-carol.shape[-1] // rate), PIECE_S)
    for start_s, sung in zip(starts_s, parallel_map(piece, starts_s), strict=True):
        if sung is not None:
            _add_piece_(carol, sung, start_s, rate)


class _Choir:
    """Eight who sing lines with a voice."""

    def __init__(self, voice: SungVoice, lines: Lines, tuning_cents: np.ndarray, seed: int):
        self.voice = voice
        self.lines = lines
        self.tuning_cents = tuning_cents
        self.seed = seed
        self.singers = draw_singers(voice.pitch_hz, np.random.default_rng(seed))

    def sing(self, start_s: int, stop_s: int) -> np.ndarray:
        """What lies between two seconds of the song, also before its beginning: (2, t)."""
        frames = np.arange(round(start_s / FRAME_S), round(stop_s / FRAME_S))
        sung = np.zeros((2, len(frames) * HOP), np.float32)
        for number, singer in enumerate(self.singers):
            # a generator of its own for every sound, whatever is sung at the same time
            rng = np.random.default_rng([self.seed, number, frames[-1]])
            wave = self._sing_alone(singer, frames - round(singer.late_s / FRAME_S), rng)
            if wave is not None:
                angle = np.pi / 4 * (1 + singer.pan)
                sung += np.float32([[np.cos(angle)], [np.sin(angle)]]) * wave
        return sung

    def _sing_alone(
        self, singer: Singer, frames: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray | None:
        """One singer's frames (F,) of the song -> (F * HOP,), None if silent."""
        midi, amplitude = pitch_and_level(self.lines.get(singer.line, ()), frames[0], len(frames))
        heard = frames.clip(0, len(self.voice.is_sung) - 1)
        is_voiced = self.voice.is_voiced[heard]
        speaks = begun_early(amplitude) if singer.speaks else 0.0
        amplitude = self.voice.amplitude(heard) * np.where(is_voiced, amplitude, speaks)
        if not amplitude.any():
            return None
        return resynthesised(
            self.voice.values[heard[0] : heard[-1] + 1][heard - heard[0]],
            self._f0_hz(singer, midi, frames * FRAME_S) * is_voiced,
            10 ** (GAIN_DB[singer.line] / 20) * smoothed(amplitude, FADE_S),
            singer.tract,
            rng,
        )

    def _f0_hz(self, singer: Singer, midi: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        """(F,) of MIDI pitches at times (F,), in the song's tuning, as the singer strays."""
        at = times_s * AudioConfig().frame_rate
        tuning = np.interp(at, np.arange(len(self.tuning_cents)), self.tuning_cents)
        cents = 100 * (midi - 69) + tuning + singer.strays_cents(times_s)
        return (440 * 2 ** (cents / 1200)).clip(LOWEST_HZ, HIGHEST_HZ)


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
