"""The sound of a case: everybody sings or plays without samples, then the record is mixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import fft

from kcarol.corpus.cases.kinds import Settings
from kcarol.corpus.cases.score import TUNES, Score
from kcarol.corpus.distributions import draw_parameters
from kcarol.corpus.draws import pick
from kcarol.corpus.mixing.mix import mix
from kcarol.corpus.mixing.settings import MixSettings
from kcarol.corpus.synthesis.drum_machine import DrumKit, play_drums
from kcarol.corpus.synthesis.formant_voice import synthesise_singing
from kcarol.corpus.synthesis.oscillators import play_synth
from kcarol.corpus.synthesis.patches import Patch
from kcarol.corpus.synthesis.singer import KINDS, Singer
from kcarol.corpus.tables import read_table
from kcarol.transcription.lead_sheet import Stroke

JITTER_S = 0.006  # standard deviation of what people play about the beat
MOST_JITTER_S = 0.015
BURIED_DB = (-6.0, 0.0)  # level of a voice about that of its role
STYLES = {"voice": "sung", "second": "sung", "rap": "rap", "choir": "choir"}
SLOPE = (0.0, 1.2)  # of noise: white to a little steeper than pink
NOISE_PEAK = 0.5


def play(
    score: Score,
    settings: Settings,
    length_s: float,
    tuning_at: Callable[[float], float],
    sample_rate: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """A score -> (T,) float32 with T = round(length_s * sample_rate).

    tuning_at: seconds -> cents above A440.
    """
    if settings.texture == "noise":
        return _noise(round(length_s * sample_rate), rng)
    band = _Band(settings, length_s, sample_rate, rng)
    stems = {name: band.stem(name, strokes, tuning_at) for name, strokes in score.parts.items()}
    gains_db = {"voice": rng.uniform(*BURIED_DB)}
    return mix(stems, rng, MixSettings(**_draw("mix", rng)), sample_rate, gains_db)


@dataclass(frozen=True)
class _Band:
    """Plays the parts one by one."""

    settings: Settings
    length_s: float
    sample_rate: int
    rng: np.random.Generator

    def stem(
        self, name: str, strokes: Sequence[Stroke], tuning_at: Callable[[float], float]
    ) -> np.ndarray:
        """(T,) of one player."""
        take = (self.length_s, self.sample_rate, self.rng)
        strokes = self._humanised(strokes)
        if name == "drums":
            return play_drums(strokes, DrumKit(**_draw("drums", self.rng)), *take)
        tuned = [replace(s, pitch=s.pitch + float(tuning_at(s.start_s)) / 100) for s in strokes]
        if name in STYLES:
            return synthesise_singing(tuned, *take, self._singer(name), STYLES[name])
        sounds = read_table("cases", "sounds.ini")["players"][name].split(", ")
        sound = pick(self.rng, sounds)
        return play_synth(tuned, Patch(sound, **_draw(sound, self.rng)), *take)

    def _singer(self, name: str) -> Singer:
        """The tune's singer has the voice and the vibrato of the case, others are women."""
        drawn = _draw("singer", self.rng)
        is_tune = name in TUNES
        voice = self.settings.voice if is_tune else "woman"
        kind = read_table("cases", "music.ini")["voices"][voice].split()[0]
        tract, speech_midi = KINDS[kind]
        drawn["tract"] *= tract
        drawn["speech_midi"] += speech_midi
        if is_tune and self.settings.vibrato_cents >= 0:
            drawn |= {"vibrato_cents": self.settings.vibrato_cents, "vibrato_delay_s": 0.1}
        return Singer(**drawn)

    def _humanised(self, strokes: Sequence[Stroke]) -> list[Stroke]:
        """Strokes at one time stay together."""
        times_s = {s.start_s: self.rng.normal(0, JITTER_S) for s in strokes}
        late_s = {t: float(np.clip(d, -MOST_JITTER_S, MOST_JITTER_S)) for t, d in times_s.items()}
        return [replace(s, start_s=max(0.0, s.start_s + late_s[s.start_s])) for s in strokes]


def _draw(section: str, rng: np.random.Generator) -> dict[str, Any]:
    return draw_parameters(rng, read_table("cases", "sounds.ini")[section])


def _noise(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """(T,) of noise of a drawn colour."""
    spectrum = fft.rfft(rng.standard_normal(n_samples))
    spectrum[0] = 0
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-rng.uniform(*SLOPE) / 2)
    wave = fft.irfft(spectrum, n_samples)
    return (NOISE_PEAK * wave / np.abs(wave).max()).astype(np.float32)
