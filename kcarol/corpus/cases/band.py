"""The sound of a case: everybody sings or plays without samples, then the record is mixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from kcarol.corpus.cases.kinds import Settings
from kcarol.corpus.cases.score import Score
from kcarol.corpus.mixing.mix import mix
from kcarol.corpus.mixing.settings import MixSettings
from kcarol.corpus.synthesis.drum_machine import DrumKit, play_drums
from kcarol.corpus.synthesis.formant_voice import synthesise_singing
from kcarol.corpus.synthesis.oscillators import play_synth
from kcarol.corpus.synthesis.patches import Patch
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.tables import read_table
from kcarol.transcription.lead_sheet import Stroke

JITTER_S = 0.006  # standard deviation of what people play about the beat
MOST_JITTER_S = 0.015
QUIET_DB = -90.0  # noise of a record: dither, so that a pause is one
MOST_RT60_S = 1.5  # longer rooms ring through pauses
BURIED_DB = (-5.0, 1.0)  # level of the tune about that of its role
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
    kind = read_table("cases", "music.ini")["voices"][settings.voice].split()[0]
    singer = Singer.draw(rng, kind)
    if settings.vibrato_cents >= 0:
        vibrato = {"vibrato_cents": settings.vibrato_cents, "vibrato_delay_s": 0.1}
        singer = replace(singer, **vibrato)
    band = _Band(length_s, sample_rate, singer, rng)
    stems = {name: band.stem(name, strokes, tuning_at) for name, strokes in score.parts.items()}
    gains_db = {"voice": rng.uniform(*BURIED_DB)}
    return mix(stems, rng, _plain(MixSettings.draw(rng)), sample_rate, gains_db)


def _plain(settings: MixSettings) -> MixSettings:
    """Without what would make other answers right: wow, a narrow band, noise in pauses."""
    return replace(
        settings,
        drift=None,
        band_hz=None,
        noise_db=QUIET_DB,
        hum_db=2 * QUIET_DB,
        rt60_s=min(settings.rt60_s, MOST_RT60_S),
    )


@dataclass(frozen=True)
class _Band:
    """Plays the parts one by one."""

    length_s: float
    sample_rate: int
    singer: Singer
    rng: np.random.Generator

    def stem(
        self, name: str, strokes: Sequence[Stroke], tuning_at: Callable[[float], float]
    ) -> np.ndarray:
        """(T,) of one player."""
        strokes = self._humanised(strokes)
        if name == "drums":
            kit = DrumKit.draw(self.rng)
            return play_drums(strokes, kit, self.length_s, self.sample_rate, self.rng)
        tuned = [replace(s, pitch=s.pitch + float(tuning_at(s.start_s)) / 100) for s in strokes]
        if name in STYLES:
            singer = self.singer if name in ("voice", "rap") else Singer.draw(self.rng)
            take = (tuned, self.length_s, self.sample_rate, self.rng, singer)
            return synthesise_singing(*take, STYLES[name])
        patch = Patch.draw(self.rng, name)
        return play_synth(tuned, patch, self.length_s, self.sample_rate, self.rng)

    def _humanised(self, strokes: Sequence[Stroke]) -> list[Stroke]:
        """Strokes at one time stay together."""
        times_s = {s.start_s: self.rng.normal(0, JITTER_S) for s in strokes}
        late_s = {t: float(np.clip(d, -MOST_JITTER_S, MOST_JITTER_S)) for t, d in times_s.items()}
        return [replace(s, start_s=max(0.0, s.start_s + late_s[s.start_s])) for s in strokes]


def _noise(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """(T,) of noise of a drawn colour."""
    spectrum = fft.rfft(rng.standard_normal(n_samples))
    spectrum[0] = 0
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-rng.uniform(*SLOPE) / 2)
    wave = fft.irfft(spectrum, n_samples)
    return (NOISE_PEAK * wave / np.abs(wave).max()).astype(np.float32)
