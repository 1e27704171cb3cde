"""The time in which a carol is played at A440, so that it sounds in its song's tuning.

A wave that is read r times as fast sounds r times as high. So the networks play a transcription
that is stretched by r, and the wave is resampled: it lasts as long as the song again, its pitch is
r times that of A440, and every note begins where the song's does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
import soxr

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.parallel import parallel_map
from kcarol.config import AudioConfig
from kcarol.transcription.transcription import Transcription

HELD = ("tune", "tune_probability", "chord", "bass", "energy", "tuning_cents")  # in many frames
EVENTS = ("onset", "strokes")  # in single frames
STEP_FRAMES = 32  # in which the ratio is constant: half a second
PIECE_STEPS = 128  # resampled at once at most: a minute
FADE_SAMPLES = 128  # from a piece to the next
CONTEXT_SAMPLES = 128  # that the resampler's filter sees on both sides of a piece
STARTS = np.arange(1_024)  # samples by which reading may begin earlier, to meet the output's grid


class PlayingTime:
    """Song time and playing time, by the ratio r >= 0 of playing time to song time in each frame.

    Playing time at the beginning of frame f is the sum of r over the frames before.
    """

    def __init__(self, transcription: Transcription, audio: AudioConfig):
        """By the tuning of a song, in cents above A440."""
        self.transcription = transcription
        self.audio = audio
        n_steps = -(-len(transcription) // STEP_FRAMES)
        ratios = 2 ** (transcription.tuning_cents.astype(float) / 1200)
        padded = np.pad(ratios, (0, n_steps * STEP_FRAMES - len(ratios)), mode="edge")
        self.ratios = padded.reshape(n_steps, STEP_FRAMES).mean(1)  # of each step
        self.starts = np.concatenate([[0], np.cumsum(self.ratios) * STEP_FRAMES])  # in frames

    def of(self, song_time: np.ndarray) -> np.ndarray:
        """Playing time, both in frames, also fractions."""
        steps = np.arange(len(self.starts)) * STEP_FRAMES
        return np.interp(song_time, steps, self.starts)

    @property
    def n_samples(self) -> int:
        """Of the played wave."""
        hop = self.audio.hop_length
        return int(np.ceil(self.of(self.transcription.level.n_samples / hop) * hop))

    @cached_property
    def stretched(self) -> Transcription:
        """The transcription in playing time; what happens in a frame still does in a frame."""
        song = self.transcription
        n_frames = self.audio.n_frames(self.n_samples)
        places = np.round(self.of(np.arange(len(song)))).astype(int).clip(max=n_frames - 1)
        source = np.searchsorted(places, np.arange(n_frames), side="right") - 1
        events = {name: np.zeros(n_frames, np.float32) for name in EVENTS}
        for name, array in events.items():
            np.maximum.at(array, places, getattr(song, name))
        held = {name: getattr(song, name)[source] for name in HELD}
        level = replace(song.level, n_samples=self.n_samples, fade_db=song.level.fade_db[source])
        return replace(song, beats=places[song.beats], level=level, **held, **events)

    def resample_onto(
        self, carol: np.ndarray | DiskBuffer, played: np.ndarray | DiskBuffer
    ) -> None:
        """Write the played wave (n_samples,) into `carol` (T,) in song time, piece by piece."""
        pieces = list(self._pieces(len(carol)))
        fading_out = np.zeros(0, np.float32)
        waves = parallel_map(lambda piece: self._resampled(played, *piece), pieces)
        for (first, stop, _), wave in zip(pieces, waves, strict=True):
            fade = np.linspace(1, 0, len(fading_out), dtype=np.float32)
            wave[: len(fade)] += (fading_out - wave[: len(fade)]) * fade
            carol[first:stop] = wave[: stop - first]
            fading_out = wave[stop - first :]

    def _pieces(self, n_samples: int) -> Iterator[tuple[int, int, float]]:
        """First sample, the one after the last, and the ratio, the same throughout a piece."""
        hop = self.audio.hop_length
        first = 0
        for step, ratio in enumerate(self.ratios):
            is_last = step + 1 == len(self.ratios)
            stop = n_samples if is_last else min(n_samples, (step + 1) * STEP_FRAMES * hop)
            is_full = stop - first >= PIECE_STEPS * STEP_FRAMES * hop
            if stop > first and (is_last or is_full or self.ratios[step + 1] != ratio):
                yield first, stop, float(ratio)
                first = stop

    def _resampled(
        self, played: np.ndarray | DiskBuffer, first: int, stop: int, ratio: float
    ) -> np.ndarray:
        """Samples `first` to `stop` of the carol, and FADE_SAMPLES more."""
        hop = self.audio.hop_length
        begin = float(self.of(first / hop)) * hop
        # reading begins at a whole sample: at one from which the output's grid meets `begin`
        starts = int(begin) - CONTEXT_SAMPLES - STARTS
        before = (begin - starts) / ratio
        best = np.abs(before - np.round(before)).argmin()
        n_before = round(before[best])
        n_out = stop - first + FADE_SAMPLES
        n_read = int((n_before + n_out) * ratio) + CONTEXT_SAMPLES
        wave = _padded(played, int(starts[best]), n_read)
        rate = self.audio.sample_rate
        return soxr.resample(wave, ratio * rate, rate)[n_before : n_before + n_out]


def _padded(wave: np.ndarray | DiskBuffer, start: int, n_samples: int) -> np.ndarray:
    """(n_samples,) from sample `start` on, zeros before and behind the wave (T,)."""
    found = wave[max(0, start) : max(0, start + n_samples)]
    left = min(n_samples, max(0, -start))
    return np.pad(found, (left, n_samples - left - len(found)))
