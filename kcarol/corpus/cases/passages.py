"""The time of a case: passages of one metre each, whose beats follow a curve of the tempo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kcarol.corpus.cases.kinds import Settings
from kcarol.corpus.tables import floats, read_table

PASSAGE_S = 10.0  # about the length of a passage, where the kind gives no bars
FEWEST_BARS = 3
STEP = (1.2, 1.45)  # ratio of two tempi of one piece
MIDDLE_BPM = 107.0  # beyond it another tempo is a slower one
DRIFT = 0.05  # of the logarithm of the tempo, standard deviation
RUBATO = 0.14  # of the logarithm of the tempo, at the end of a phrase
HELD = (2.2, 3.0)  # beats that a fermata lasts


@dataclass(frozen=True)
class Metre:
    """A row of `music.ini`."""

    name: str
    eighths: int  # of a beat
    beats: int  # of a bar
    bpm: tuple[float, ...]  # lowest and highest tempo of a piece

    @classmethod
    def named(cls, name: str) -> Metre:
        row = read_table("cases", "music.ini")[name]
        return cls(name, int(row["eighths"]), int(row["beats"]), floats(row["bpm"]))

    @property
    def division(self) -> int:
        return 3 if self.eighths == 3 else 2


@dataclass(frozen=True, eq=False)
class Passage:
    """Bars of one metre."""

    metre: Metre
    edges_s: np.ndarray  # (N + 1,): the beats, and the end of the last
    held_s: float = 0.0  # how much of the end belongs to a fermata
    swing: float = 0.0  # how late the second half of a beat comes, 1/3 for triplets

    @property
    def n_beats(self) -> int:
        return len(self.edges_s) - 1

    def time_s(self, beat: float) -> float:
        whole, part = divmod(beat, 1)
        late = whole + np.interp(part, (0, 0.5, 1), (0, 0.5 + self.swing / 2, 1))
        return float(np.interp(late, np.arange(len(self.edges_s)), self.edges_s))


def draw_passages(settings: Settings, rng: np.random.Generator) -> list[Passage]:
    """The passages of a case, one after the other, `gap_s` between them."""
    names = [settings.metres[k % len(settings.metres)] for k in range(settings.passages)]
    metres = [Metre.named(name) for name in names]
    bpm = float(np.exp(rng.uniform(*np.log(metres[0].bpm))))
    bpm = settings.bpm or bpm
    # eighths stay as long as they were where the metre changes
    tempi_bpm = [bpm * metres[0].eighths / metre.eighths for metre in metres]
    n_beats = [
        metre.beats * (settings.bars or _n_bars(metre, tempo_bpm))
        for metre, tempo_bpm in zip(metres, tempi_bpm, strict=True)
    ]
    ratio = rng.uniform(*STEP) ** (1 if bpm < MIDDLE_BPM else -1)
    factors = CURVES[settings.curve](np.array(n_beats), ratio, rng)
    passages: list[Passage] = []
    start_s = settings.lead_s
    for metre, tempo_bpm, factor in zip(metres, tempi_bpm, factors, strict=True):
        lengths_s = 60 / tempo_bpm / factor
        edges_s = start_s + np.concatenate([[0.0], np.cumsum(lengths_s)])
        held_s = lengths_s[-1] if settings.curve == "fermata" and not passages else 0.0
        passages.append(Passage(metre, edges_s, float(held_s), settings.swing))
        start_s = edges_s[-1] + settings.gap_s
    return passages


def _n_bars(metre: Metre, bpm: float) -> int:
    return max(FEWEST_BARS, round(PASSAGE_S * bpm / 60 / metre.beats))


# --- curves: factors on the tempo of each beat, an array for each passage

Curve = Callable[[np.ndarray, float, np.random.Generator], list[np.ndarray]]


def _steady(n_beats: np.ndarray, ratio: float, rng: np.random.Generator) -> list[np.ndarray]:
    return [np.ones(n) for n in n_beats]


def _step(n_beats: np.ndarray, ratio: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Each passage at another tempo than the one before."""
    return [np.full(n, ratio ** (k % 2)) for k, n in enumerate(n_beats)]


def _glide(n_beats: np.ndarray, ratio: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Steady for an eighth of the piece, then ever faster or slower, then steady again."""
    along = np.linspace(-1 / 6, 7 / 6, n_beats.sum()).clip(0, 1)
    return _split(ratio**along, n_beats)


def _drift(n_beats: np.ndarray, ratio: float, rng: np.random.Generator) -> list[np.ndarray]:
    """As people play without a click: the tempo wanders from bar to bar."""
    n = int(n_beats.sum())
    knots = rng.normal(0, DRIFT, n // 6 + 3)
    return _split(np.exp(np.interp(np.arange(n) / 6, np.arange(len(knots)), knots)), n_beats)


def _rubato(n_beats: np.ndarray, ratio: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Each phrase of eight beats begins calmly, moves on, and slows down at its end."""
    n = int(n_beats.sum())
    in_phrase = np.arange(n) % 8 / 7
    wave = RUBATO * (np.sin(np.pi * in_phrase) * 1.4 - 0.9 - 0.8 * (in_phrase > 0.9))
    return _split(np.exp(wave + rng.normal(0, 0.02, n)), n_beats)


def _fermata(n_beats: np.ndarray, ratio: float, rng: np.random.Generator) -> list[np.ndarray]:
    """The last beat of the first passage is held."""
    factors = _steady(n_beats, ratio, rng)
    factors[0][-1] = 1 / rng.uniform(*HELD)
    return factors


def _split(factors: np.ndarray, n_beats: np.ndarray) -> list[np.ndarray]:
    return np.split(factors, np.cumsum(n_beats)[:-1])


CURVES: dict[str, Curve] = {
    "steady": _steady,
    "step": _step,
    "medley": _step,
    "glide": _glide,
    "drift": _drift,
    "rubato": _rubato,
    "fermata": _fermata,
}
