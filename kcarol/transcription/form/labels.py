"""Which sections of a song are the same music, and what each is called."""

from __future__ import annotations

import numpy as np

from kcarol.transcription.form.bar_features import STILL, BarFeatures
from kcarol.transcription.form.repetition import SHIFTS, bar_similarity, shift_cost

SAME = 0.65  # similarity of two sections of the same music; bar by bar from their beginnings
LEAST_SHARE = 0.5  # of the longer section's bars that the shorter one has
SUNG_BARS = 0.3  # share of a sung section's bars in which there is a tune
# What tells a chorus from other singing: a logistic regression on 45 composed songs, rounded
CHORUS_WEIGHTS = {
    "share": 7.0,  # of the sung sections
    "level_db": 0.9,  # above the mean of what is sung, as the next three
    "energy": 5.0,
    "pitch": 0.15,
    "sung": 3.0,
    "opens": -1.5,  # the singing
    "closes": 1.0,
}


def section_labels(bars: BarFeatures, starts: np.ndarray) -> np.ndarray:
    """(S,) int: the number of the first section that is the same music."""
    alike = np.stack([bar_similarity(bars, shift) - shift_cost(shift) for shift in SHIFTS])
    stops = np.append(starts[1:], len(bars))
    labels = np.arange(len(starts))
    for later in range(1, len(starts)):
        found = [
            _similarity(alike, (starts[earlier], stops[earlier]), (starts[later], stops[later]))
            for earlier in range(later)
        ]
        likest = int(np.argmax(found))
        if found[likest] >= SAME:
            labels[later] = labels[likest]
    return labels


def _similarity(alike: np.ndarray, one: tuple[int, int], other: tuple[int, int]) -> float:
    """Of two spans of bars, at their beginnings, by similarities (shifts, N, N)."""
    lengths = one[1] - one[0], other[1] - other[0]
    if min(lengths) < LEAST_SHARE * max(lengths):
        return 0.0
    bar = np.arange(min(lengths))
    return float(alike[:, one[0] + bar, other[0] + bar].mean(1).max())


def section_names(bars: BarFeatures, starts: np.ndarray, labels: np.ndarray) -> list[str]:
    """A name for each section.

    The chorus is the sung music that comes often and is loud and high; what comes before its first
    sung section is the intro, after the last the outro; what has no tune in between is a solo.
    """
    is_sung = sung_sections(bars, starts)
    if not is_sung.any():
        return ["intro"] + ["solo"] * (len(starts) - 1)
    chorus = _chorus(bars, starts, labels, is_sung)
    first, last = np.flatnonzero(is_sung)[[0, -1]]
    names = []
    for number, label in enumerate(labels.tolist()):
        if not is_sung[number]:
            names.append("intro" if number < first else "outro" if number > last else "solo")
        elif label == chorus:
            names.append("chorus")
        else:
            names.append(_name_of_sung(number, label, labels, is_sung, chorus))
    return names


def _name_of_sung(
    number: int, label: int, labels: np.ndarray, is_sung: np.ndarray, chorus: int | None
) -> str:
    """Of a sung section that is no chorus: what always leads to a chorus after other singing is a
    pre-chorus; what comes once only, after a chorus, a bridge; else it is a verse.
    """
    if chorus is None:
        return "verse"
    places = np.flatnonzero(labels == label)
    leads = [place + 1 < len(labels) and labels[place + 1] == chorus for place in places]
    follows = [
        place > 0 and is_sung[place - 1] and labels[place - 1] not in (chorus, label)
        for place in places
    ]
    if len(places) > 1 and all(leads) and all(follows):
        return "prechorus"
    has_come = (labels[:number] == chorus).any()
    if len(places) == 1 and has_come and number > len(labels) / 2:
        return "bridge"
    return "verse"


def _chorus(
    bars: BarFeatures, starts: np.ndarray, labels: np.ndarray, is_sung: np.ndarray
) -> int | None:
    """The label of the chorus, among what comes again if anything does; None if there is only one
    sung music.
    """
    is_return = np.append(True, labels[1:] != labels[:-1])  # not at once once more
    candidates, times = np.unique(labels[is_sung & is_return], return_counts=True)
    if len(candidates) < 2:
        return None
    candidates = candidates[(times > 1) | (times.max() == 1)]
    first, last = np.flatnonzero(is_sung)[[0, -1]]
    above = {}
    for name in ("level_db", "energy", "pitch", "sung"):
        means = section_means(getattr(bars, name), starts)
        above[name] = means - means[is_sung].mean()

    def rank(label: int) -> float:
        own = (labels == label) & is_sung
        evidence = {name: values[own].mean() for name, values in above.items()}
        evidence |= {
            "share": own.sum() / is_sung.sum(),
            "opens": labels[first] == label,
            "closes": labels[last] == label,
        }
        return sum(weight * evidence[name] for name, weight in CHORUS_WEIGHTS.items())

    return int(max(candidates.tolist(), key=rank))


def sung_sections(bars: BarFeatures, starts: np.ndarray) -> np.ndarray:
    """(S,) bool: whether a section has a tune in SUNG_BARS of its bars."""
    return section_means((bars.sung > STILL).astype(float), starts) >= SUNG_BARS


def section_means(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(N,) of bars -> (S,) of sections."""
    lengths = np.diff(np.append(starts, len(values)))
    return np.add.reduceat(values, starts) / lengths
