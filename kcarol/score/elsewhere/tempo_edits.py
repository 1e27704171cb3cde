"""Tempi of our own files that were changed by hand: the score plays at them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from kcarol.score.elsewhere.beats import FASTEST_BPM, SLOWEST_BPM
from kcarol.score.extras import written_of
from kcarol.score.mended import bars_stand, beat_times_s
from kcarol.score.notated import Paper
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import TimeGrid

ROUNDED = 0.01  # share of a tempo within which a program may round it
ROUNDED_BPM = 1.0  # of the tempo that is seen


def at_edited_tempi(
    score: Score, read: Score, text: str, path: Path, seen_bpm: float | None = None
) -> Score:
    """`score`, or where a file's tempi are not those that were written the same at the file's,
    without the record, which is said.

    read: as the file's notation says it, tempi too. text: of `extras_text`. seen_bpm: beats a
    minute of the file's first metronome mark. ValueError for tempi that nobody plays.
    """
    pace = _edited_pace(read, written_of(text).score, seen_bpm)
    if pace is None:
        return score
    new, paper = Paper.of(read), Paper.of(score)
    n_times = len(score.grid.beat_times_s)
    times_s = beat_times_s(read.grid, new, paper, n_times) / pace
    tempo_bpm = 60 / float(np.median(np.diff(times_s)))
    if not SLOWEST_BPM <= tempo_bpm <= FASTEST_BPM:
        raise ValueError(f"a tempo of {tempo_bpm:g}")
    print(
        f"kcarol: {path}: tempi were changed, so they are played without the record's times "
        "(--like SONG brings those back)",
        file=sys.stderr,
    )
    sheet = replace(score.sheet, tempo_bpm=tempo_bpm)
    return Score.of_sheet(sheet, TimeGrid(times_s, sheet.beats_per_bar, score.grid.swing))


def _edited_pace(read: Score, written: Score, seen_bpm: float | None) -> float | None:
    """By how much faster than its bars say a file is to be played; None for tempi as written.

    A metronome mark alone that was changed is meant for all bars.
    """
    old, new = Paper.of(written), Paper.of(read)
    usual_bpm = 60 / float(np.median(np.diff(written.grid.beat_times_s)))
    is_seen_edited = seen_bpm is not None and abs(seen_bpm - usual_bpm) > ROUNDED_BPM
    is_edited = bars_stand(read, old, new) and _bars_are_edited(read, written, usual_bpm)
    if is_edited:
        return 1.0
    return seen_bpm / usual_bpm if is_seen_edited and seen_bpm else None


def _bars_are_edited(read: Score, written: Score, usual_bpm: float) -> bool:
    """Whether a bar lasts neither as it was written nor, since programs may keep no more than the
    metronome mark, as the usual beat has it.
    """
    old_s, beats = _bars_of(written)
    new_s, _ = _bars_of(read)
    n_bars = min(len(old_s), len(new_s)) - 1  # the last one may be filled with rests
    old_s, new_s, beats = old_s[:n_bars], new_s[:n_bars], beats[:n_bars]
    usual_s = beats * 60 / usual_bpm
    off = np.minimum(np.abs(new_s / old_s - 1), np.abs(new_s / usual_s - 1))
    return bool((off > ROUNDED).any())


def _bars_of(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and beats of each bar on paper."""
    edges, times_s = Paper.of(score).edge_beats, score.grid.beat_times_s
    return np.diff(np.interp(edges, np.arange(len(times_s)), times_s)), np.diff(edges)
