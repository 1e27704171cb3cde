"""Where bars are struck."""

from dataclasses import replace

import numpy as np
import pytest
from songs import song

from kcarol.arrangement.plan import plan
from kcarol.arrangement.rhythm import is_along, is_beat, strokes_of
from kcarol.arrangement.styles import Rhythm
from kcarol.transcription.lead_sheet import TimeGrid

SHEET = replace(song(), notes=song().notes[::2])
BARS = plan(SHEET, TimeGrid.of(SHEET), SHEET.notes)


def test_as_many_places_as_are_wanted_with_the_tunes():
    strokes = strokes_of(BARS, Rhythm())
    wanted = sum(bar.n_strokes for bar in BARS[8:12])
    written = sum(len(bar.tune) + len(strokes[bar.number]) for bar in BARS[8:12])
    assert written == pytest.approx(wanted, abs=2)


def test_sparse_bars_are_sparse():
    counts = np.array([len(places) for places in strokes_of(BARS, Rhythm(tune=0.0))])
    assert counts[:4].mean() < counts[8:12].mean() < counts[4:8].mean()


def test_a_style_for_which_it_matters_leaves_the_tunes_places_alone():
    strokes = strokes_of(BARS, Rhythm(along=-1.0))
    assert not any(is_along(bar, place) for bar in BARS for place in strokes[bar.number])


def test_beats_are_struck_before_other_places():
    bar = replace(BARS[0], n_strokes=4.0, tune=(), accents=frozenset())
    assert strokes_of([bar], Rhythm())[0] == (0.0, 1.0, 2.0, 3.0)
    off = strokes_of([bar], Rhythm(down=0, half=0, beat=0, off=2))[0]
    assert len(off) == 4 and not any(is_beat(bar, place) for place in off)
