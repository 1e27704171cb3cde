"""The sections of a song: where they begin, what they are called, which are the same music."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from kcarol.transcription.form.bar_features import BarFeatures
from kcarol.transcription.form.boundaries import section_starts
from kcarol.transcription.form.labels import (
    section_labels,
    section_means,
    section_names,
    sung_sections,
)
from kcarol.transcription.form.repetition import MOST_BARS
from kcarol.transcription.lead_sheet import LeadSheet, Section

LASTING_BARS = 4  # of a metre with which a section begins; a shorter one is a bar too long or short


def find_sections(bars: BarFeatures, sheet: LeadSheet) -> tuple[Section, ...]:
    """Sections of a song, of one metre each but for single bars; their label tells which are the
    same music.

    Of a piece of more than MOST_BARS bars each such part is a song of its own.
    """
    bar_starts = sheet.bar_starts()
    changes = np.searchsorted(bar_starts, lasting_changes(sheet))
    sections: list[Section] = []
    for first in range(0, len(bars), MOST_BARS):
        last = min(first + MOST_BARS, len(bars))
        inside = changes[(changes > first) & (changes < last)] - first
        sections += _sections_of(bars[first:last], bar_starts[first:last], inside)
    return tuple(sections)


def lasting_changes(sheet: LeadSheet) -> list[float]:
    """Beats at which another metre begins that lasts."""
    lasting = [
        metre
        for metre, end in sheet.metre_spans()
        if end - metre.start >= LASTING_BARS * metre.beats_per_bar
    ]
    return [
        metre.start
        for before, metre in pairwise(lasting)
        if metre != replace(before, start=metre.start)
    ]


def _sections_of(bars: BarFeatures, bar_starts: np.ndarray, changes: np.ndarray) -> list[Section]:
    starts = section_starts(bars, changes)
    labels = section_labels(bars, starts)
    beats = np.append(bar_starts, bar_starts[-1] + bars.n_beats[-1])
    edges = beats[np.append(starts, len(bars))]
    first_beat = round(float(beats[0]))
    rows = zip(
        section_names(bars, starts, labels),
        edges[:-1].tolist(),
        np.diff(edges).tolist(),
        section_means(bars.energy, starts).tolist(),
        sung_sections(bars, starts).tolist(),
        labels.tolist(),
        strict=True,
    )
    return [
        Section(name, start, length, energy, sung, label=f"{first_beat}.{label}")
        for name, start, length, energy, sung, label in rows
    ]
