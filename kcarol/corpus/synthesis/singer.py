"""A singer: the settings that make one voice and one way of singing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.corpus.distributions import draw_parameters
from kcarol.corpus.tables import read_table

# about these values a singer's are drawn: factor on the formants, centre of the speaking voice
KINDS = {"male": (1.0, 46.0), "female": (1.16, 57.0), "child": (1.3, 61.0)}
KIND_SHARES = (0.43, 0.5, 0.07)
CORRECTED = 0.2  # share of singers with pitch correction


@dataclass(frozen=True)
class Singer:
    """Settings of one singer."""

    tract: float = 1.0  # factor on the formants: 1 man, 1.17 woman, 1.3 child
    speech_midi: float = 48.0  # centre of the speaking voice, for rap
    tilt_db: float = -2.0  # per octave above 500 Hz, on top of the pulse train's -6 dB
    breathiness: float = 0.06
    bandwidth: float = 1.0  # factor on the formants' bandwidths
    ring_db: float = 4.0  # boost of the singer's formant near 3 kHz
    vibrato_hz: float = 5.5
    vibrato_cents: float = 40.0
    vibrato_delay_s: float = 0.25
    glide_s: float = 0.07  # portamento from note to note
    scoop_cents: float = 100.0  # how far below its pitch a note after a rest may start
    scoop_chance: float = 0.35
    intonation_cents: float = 8.0  # standard deviation of a note's error
    drift_cents: float = 6.0  # slow random variation of the pitch
    jitter_cents: float = 4.0  # fast one
    shimmer: float = 0.04  # fast random variation of the level
    melisma: float = 0.15  # share of connected notes without a consonant
    coda_chance: float = 0.25
    consonant_level: float = 1.0
    breath_level: float = 0.03
    attack_s: float = 0.03
    release_s: float = 0.06

    @classmethod
    def draw(cls, rng: np.random.Generator, kind: str | None = None) -> Singer:
        """A random singer, "male", "female" or "child" (None: any of them).

        Raises ValueError for another kind.
        """
        kind = kind or str(rng.choice(list(KINDS), p=KIND_SHARES))
        if kind not in KINDS:
            raise ValueError(
                f"expected kind {', '.join(KINDS)} or None, found {kind!r}: name one of them"
            )
        table = read_table("synthesis", "singers.ini")
        changed = table["pitch-corrected"] if rng.random() < CORRECTED else {}
        settings = draw_parameters(rng, {**table["natural"], **changed})
        settings["tract"] *= KINDS[kind][0]
        settings["speech_midi"] += KINDS[kind][1]
        return cls(**settings)

    def ring_at(self, hz: np.ndarray) -> np.ndarray:
        """Boost in dB at frequencies in Hz by the singer's formant, which trained voices have."""
        return self.ring_db * np.exp(-(((hz - 2900 * self.tract) / 500) ** 2))
