"""The time in which a carol is played at A440, so that it sounds in its song's tuning.

A wave that is read r times as fast sounds r times as high. So the networks play notes at times that
are stretched by r, and the wave is resampled: it lasts as long as the song again, its pitch is r
times that of A440, and every note begins where the song's does. The same resampling brings the wave
to the rate that is wished.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import soxr
import torch

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.parallel import parallel_map
from kcarol.config import AudioConfig
from kcarol.model.notes import Notes
from kcarol.progress import Progress, tracked, untold
from kcarol.transcription.lead_sheet import Part

STEP_FRAMES = 32  # in which the ratio is constant: half a second
PIECE_STEPS = 32  # resampled at once at most: 16 s
FADE_SAMPLES = 256  # from a piece to the next
# that the resampler's filter sees on both sides of a piece, at the lower one of both rates
CONTEXT_SAMPLES = 128
STARTS = np.arange(1_024)  # samples by which reading may begin earlier, to meet the output's grid

Wave = np.ndarray | DiskWave


class PlayingTime:
    """Song time and playing time, by the ratio r >= 0 of playing time to song time in each frame.

    Playing time at the beginning of frame f is the sum of r over the frames before.
    """

    def __init__(self, tuning_cents: np.ndarray, audio: AudioConfig):
        """`tuning_cents` (F,): of a song, above A440."""
        self.audio = audio
        n_steps = -(-len(tuning_cents) // STEP_FRAMES)
        ratios = 2 ** (tuning_cents.astype(float) / 1200)
        padded = np.pad(ratios, (0, n_steps * STEP_FRAMES - len(ratios)), mode="edge")
        self.ratios = padded.reshape(n_steps, STEP_FRAMES).mean(1)  # of each step
        self.starts = np.concatenate([[0], np.cumsum(self.ratios) * STEP_FRAMES])  # in frames

    def of(self, song_time: np.ndarray | float) -> np.ndarray:
        """Playing time, both in frames, also fractions."""
        steps = np.arange(len(self.starts)) * STEP_FRAMES
        return np.interp(song_time, steps, self.starts)

    def n_samples(self, song_s: float) -> int:
        """Samples, at the full rate, of what is played during a song of `song_s`."""
        return math.ceil(float(self.of(song_s * self.audio.frame_rate)) * self.audio.full_hop)

    def played(self, notes: Notes) -> Notes:
        """Notes in song time -> the same in playing time."""
        start, end = (
            torch.from_numpy(self.of(times.numpy())).float() for times in (notes.start, notes.end)
        )
        return replace(notes, start=start, end=end)

    def played_parts(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """Parts in song time -> the same in playing time, both in seconds."""

        def times_s(strokes_s: list[float]) -> np.ndarray:
            return self.of(np.array(strokes_s) * self.audio.frame_rate) / self.audio.frame_rate

        played = []
        for part in parts:
            starts_s = times_s([stroke.start_s for stroke in part.strokes])
            ends_s = times_s([stroke.start_s + stroke.length_s for stroke in part.strokes])
            strokes = tuple(
                replace(stroke, start_s=start, length_s=end - start)
                for stroke, start, end in zip(
                    part.strokes, starts_s.tolist(), ends_s.tolist(), strict=True
                )
            )
            starts_s = times_s([sung.start_s for sung in part.text])
            ends_s = times_s([sung.end_s for sung in part.text])
            text = tuple(
                replace(sung, start_s=start, end_s=end)
                for sung, start, end in zip(
                    part.text, starts_s.tolist(), ends_s.tolist(), strict=True
                )
            )
            played.append(replace(part, strokes=strokes, text=text))
        return tuple(played)

    def resample_onto(
        self, carol: Wave, rate: int, played: Wave, progress: Progress = untold
    ) -> None:
        """Write the played wave (C, t) at the full rate into `carol` (C, T) at `rate` Hz, in song
        time, piece by piece.
        """
        pieces = list(self._pieces(carol.shape[-1], rate))
        fading_out = np.zeros((len(carol), 0), np.float32)
        waves = parallel_map(lambda piece: self._resampled(played, rate, *piece), pieces)
        for (first, stop, _), wave in zip(tracked(pieces, progress), waves, strict=True):
            begin = wave[:, : fading_out.shape[1]]
            begin += (fading_out - begin) * np.linspace(1, 0, begin.shape[1], dtype=np.float32)
            carol[..., first:stop] = wave[:, : stop - first]
            fading_out = wave[:, stop - first :]

    def _pieces(self, n_samples: int, rate: int) -> Iterator[tuple[int, int, float]]:
        """First sample, the one after the last, and the ratio, the same throughout a piece."""
        step_samples = STEP_FRAMES / self.audio.frame_rate * rate
        first = first_step = 0
        for step, ratio in enumerate(self.ratios):
            is_last = step + 1 == len(self.ratios)
            stop = n_samples if is_last else min(n_samples, round((step + 1) * step_samples))
            is_full = step + 1 - first_step >= PIECE_STEPS
            if stop > first and (is_last or is_full or self.ratios[step + 1] != ratio):
                yield first, stop, float(ratio)
                first, first_step = stop, step + 1

    def _resampled(
        self, played: Wave, rate: int, first: int, stop: int, ratio: float
    ) -> np.ndarray:
        """Samples `first` to `stop` of the carol, and FADE_SAMPLES more, (C, n)."""
        begin = float(self.of(first / rate * self.audio.frame_rate)) * self.audio.full_hop
        step = ratio * self.audio.full_rate / rate  # samples read for each one written
        context = math.ceil(CONTEXT_SAMPLES * max(1.0, step))
        # reading begins at a whole sample: at one from which the output's grid meets `begin`
        starts = int(begin) - context - STARTS
        before = (begin - starts) / step
        best = np.abs(before - np.round(before)).argmin()
        n_before = round(before[best])
        n_out = stop - first + FADE_SAMPLES
        n_read = int((n_before + n_out) * step) + context
        wave = _padded(played, int(starts[best]), n_read)
        resampled = soxr.resample(wave.T, step * rate, rate)
        return resampled[n_before : n_before + n_out].T


def _padded(wave: Wave, start: int, n_samples: int) -> np.ndarray:
    """(C, n_samples) from sample `start` on, zeros before and behind the wave (C, T)."""
    found = wave[..., max(0, start) : max(0, start + n_samples)]
    left = min(n_samples, max(0, -start))
    return np.pad(found, ((0, 0), (left, n_samples - left - found.shape[-1])))
