"""What a table of figures says: more or less of a carol against how much of the song is left, and
the worst songs in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from kcarol.conversion.converter import Converter
from kcarol.evaluation import metrics

MEASURES = {  # of a conversion beside its known carol: what it says, and which way is better
    "tune": ("tune notes in place", "higher"),
    "chord": ("chord notes in place", "higher"),
    "chroma": ("harmony as in the carol", "higher"),
    "onset_f": ("strokes in time", "higher"),
    "lsd": ("distance to the carol's spectrum (1: the song's)", "lower"),
}


def strength_curve(
    converter: Converter,
    wave: np.ndarray,
    reference: metrics.StyleReference,
    strengths: Iterable[float],
    style: str = "bells",
) -> list[dict[str, float]]:
    """Rows of strength, content and style for a song (T,) at 16 kHz.

    content: `metrics.chroma_similarity` with the song, 1 for a copy; style: probability (0 to 1) by
    `reference` that it is a carol. Raises what `Converter.convert` raises.
    """
    song, rows = metrics.chromagram(metrics.prepare(wave)), []
    for strength in strengths:
        carol = metrics.prepare(converter.convert(wave, style, strength))
        content = metrics.chroma_similarity(song, metrics.chromagram(carol))
        rows.append(
            {
                "strength": float(strength),
                "content": content,
                "style": reference.p_carol(metrics.style_windows(carol)),
            }
        )
    return rows


def style_reference(
    songs: Iterable[np.ndarray], carols: Iterable[np.ndarray]
) -> metrics.StyleReference:
    """What tells these carols from these songs, each (T,) at 16 kHz. ValueError with fewer than two
    10 s windows of a kind.
    """
    windows = [
        np.vstack([metrics.style_windows(metrics.prepare(wave)) for wave in waves])
        for waves in (songs, carols)
    ]
    return metrics.StyleReference.fit(*windows)


def ranked(details: Sequence[Mapping], system: str = "kcarol") -> list[dict]:
    """The system's rows, worst first: by mean rank over MEASURES, 0 the best of all, with that mean
    as `rank`.
    """
    rows = [dict(row) for row in details if row["system"] == system]
    if not rows:
        raise ValueError(
            f"expected rows of the system {system!r}, found {sorted({row['system'] for row in details})}"
        )
    ranks = np.zeros(len(rows))
    for name, (_, better) in MEASURES.items():
        values = np.array([row.get(name, np.nan) for row in rows], float)
        if np.isfinite(values).all():
            ranks += np.argsort(np.argsort(-values if better == "higher" else values)) / len(
                MEASURES
            )
    order = sorted(range(len(rows)), key=lambda i: -ranks[i])
    return [rows[i] | {"rank": float(ranks[i])} for i in order]


def in_words(row: Mapping, rows: Sequence[Mapping]) -> str:
    """One conversion against the mean of all `rows`, weakest point first: a line for each measure
    below the name.
    """
    gaps = []
    for name, (meaning, better) in MEASURES.items():
        values = np.array([other.get(name, np.nan) for other in rows], float)
        if np.isfinite(values).all() and name in row:
            gap = (row[name] - values.mean()) / (values.std() + 1e-9)
            gaps.append(
                (
                    gap if better == "lower" else -gap,
                    f"{meaning} {row[name]:.2f} (mean {values.mean():.2f})",
                )
            )
    texts = [text for _, text in sorted(gaps, reverse=True)]
    if not texts:
        return f"{row['name']}: nothing was measured"
    return "\n".join([f"{row['name']}: weakest in", *(f"  {text}" for text in texts)])
