"""The eight who sing: where they stand, and how each strays from the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.voice.choir.lines import ALTO, BASS, SOPRANO, TENOR

# line: of each singer the place, from -1 left to 1 right, and the height of formants re a man's
SEATS = {
    SOPRANO: ((-0.7, 1.16), (-0.3, 1.12)),
    ALTO: ((-0.5, 1.09), (0.1, 1.13)),
    TENOR: ((0.3, 1.02), (-0.1, 1.05)),
    BASS: ((0.7, 0.96), (0.5, 0.99)),
}
SPEAKERS = (SOPRANO, TENOR)  # of whose first singers consonants are heard: of eight they smear
# median pitches of men and women who sing, and the heights of their formants
PITCH_HZ, FORMANTS = (150.0, 330.0), (1.0, 1.14)
TRACT = (0.86, 1.18)  # factors by which formants can be moved and still sound human
OFFSET_CENTS = 8.0  # at most
SLOW_CENTS, SLOW_HZ = (5.0, 10.0), (0.15, 0.5)  # of the pitch that wanders
VIBRATO_CENTS, VIBRATO_HZ = (6.0, 12.0), (4.8, 5.8)
LATE_S = (0.01, 0.04)  # one of two of a line late, the other early


@dataclass(frozen=True)
class Singer:
    """One of the eight."""

    line: str
    speaks: bool  # sings consonants without a pitch, too
    pan: float  # -1 left to 1 right
    tract: float  # factor of the voice's formants
    late_s: float  # below 0: early
    offset_cents: float
    swings: tuple[tuple[float, float, float], ...]  # cents, Hz and phase of each

    def strays_cents(self, times_s: np.ndarray) -> np.ndarray:
        """(F,) from the score's pitch at times (F,)."""
        return self.offset_cents + sum(
            cents * np.sin(2 * np.pi * hz * times_s + phase) for cents, hz, phase in self.swings
        )


def draw_singers(pitch_hz: float, rng: np.random.Generator) -> list[Singer]:
    """All eight, made of a voice with this median pitch (Hz; 0: none)."""
    own = np.interp(np.log(max(pitch_hz, 1.0)), np.log(PITCH_HZ), FORMANTS)
    return [
        _draw_singer(line, number, rng, own)
        for line, seats in SEATS.items()
        for number in range(len(seats))
    ]


def _draw_singer(line: str, number: int, rng: np.random.Generator, own: float) -> Singer:
    pan, formants = SEATS[line][number]
    return Singer(
        line,
        speaks=number == 0 and line in SPEAKERS,
        pan=pan,
        tract=float(np.clip(formants / own, *TRACT)),
        late_s=(-1) ** number * rng.uniform(*LATE_S),
        offset_cents=rng.uniform(-OFFSET_CENTS, OFFSET_CENTS),
        swings=(
            _draw_swing(rng, SLOW_CENTS, SLOW_HZ),
            _draw_swing(rng, SLOW_CENTS, SLOW_HZ),
            _draw_swing(rng, VIBRATO_CENTS, VIBRATO_HZ),
        ),
    )


def _draw_swing(
    rng: np.random.Generator, cents: tuple[float, float], hz: tuple[float, float]
) -> tuple[float, float, float]:
    return rng.uniform(*cents), rng.uniform(*hz), rng.uniform(0, 2 * np.pi)
