"""Reports on figures: content against style, and the worst songs in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from kcarol.audio.parallel import on_one_core
from kcarol.conversion.converter import Converter, blend_
from kcarol.evaluation import metrics

MEASURES = {  # of a conversion with a known carol: meaning, and whether more is better
    "tune": ("tune notes in place", True),
    "chord": ("chord notes in place", True),
    "chroma": ("harmony as in the carol", True),
    "onset_f": ("onsets in time", True),
    "lsd": ("distance to the carol's spectrum (the song's is 1)", False),
}
WEAK = 0.1  # this much worse than the mean of the songs: figures run from 0 to about 1


@on_one_core()
def strength_curve(
    converter: Converter,
    wave: np.ndarray,
    reference: metrics.StyleReference,
    strengths: Iterable[float],
    style: str = "bells",
) -> list[dict[str, float]]:
    """Rows of strength, content and style for a song (T,) at 16 kHz.

    content: `metrics.chroma_similarity` with the song, 1 for a copy. style: probability by
    `reference` that it is a carol. Raises what `Converter.convert` raises.
    """
    song = metrics.chromagram(metrics.prepare(wave))
    carol = converter.mono_carol(wave, style)  # as loud as the song: what `blend_` expects
    rows = []
    for strength in strengths:
        mixed = carol[np.newaxis].copy()
        blend_(mixed, wave, strength)
        mixed = metrics.prepare(mixed[0])
        content = metrics.chroma_similarity(song, metrics.chromagram(mixed))
        p_carol = reference.p_carol(metrics.style_windows(mixed))
        rows.append({"strength": float(strength), "content": content, "style": p_carol})
    return rows


@on_one_core()
def style_reference(
    songs: Iterable[np.ndarray], carols: Iterable[np.ndarray]
) -> metrics.StyleReference:
    """The style reference of these carols and songs, each (T,) at 16 kHz.

    Raises ValueError with fewer than two windows of 10 s of a kind.
    """
    windows = [
        np.vstack([metrics.style_windows(metrics.prepare(wave)) for wave in waves])
        for waves in (songs, carols)
    ]
    return metrics.StyleReference.fit(*windows)


def ranked(details: Sequence[Mapping], system: str = "kcarol") -> list[dict]:
    """The system's rows, worst first, each with its mean rank over MEASURES as `rank`, 0 the best.

    Measures that a row lacks do not count. Raises ValueError without rows of the system.
    """
    rows = [row for row in details if row["system"] == system]
    if not rows:
        systems = sorted({row["system"] for row in details})
        raise ValueError(f"expected rows of the system {system!r}, found {systems}")
    badness = _badness(rows)
    ranks = sum(values.argsort().argsort() for values in badness.values()) / len(MEASURES)
    ranks = np.broadcast_to(ranks, len(rows))
    order = sorted(range(len(rows)), key=lambda i: -ranks[i])
    return [rows[i] | {"rank": float(ranks[i])} for i in order]


def in_words(row: Mapping, rows: Sequence[Mapping]) -> str:
    """One conversion against the mean of all `rows`: what is weak, with that mean, then what is
    fine, a line for each measure.
    """
    weak, fine = [], []
    for name in _badness(rows):
        if name not in row:
            continue
        meaning, more_is_better = MEASURES[name]
        figure, mean = row[name], np.mean([other[name] for other in rows])
        if (mean - figure if more_is_better else figure - mean) > WEAK:
            weak.append(f"  weak: {meaning} {figure:.2f}, on average {mean:.2f}")
        else:
            fine.append(f"  fine: {meaning} {figure:.2f}")
    if not weak + fine:
        return f"{row['name']}: nothing was measured"
    return "\n".join([row["name"], *weak, *fine])


def _badness(rows: Sequence[Mapping]) -> dict[str, np.ndarray]:
    """The measures that all rows have, (N,), turned so that more is worse."""
    values = {
        name: np.array([row.get(name, np.nan) for row in rows], float) * (-1 if better else 1)
        for name, (_, better) in MEASURES.items()
    }
    return {name: column for name, column in values.items() if np.isfinite(column).all()}
