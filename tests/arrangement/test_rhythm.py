"""Where bars are struck."""

from dataclasses import replace

import numpy as np
import pytest
from songs import song

from kcarol.arrangement.plan import plan
from kcarol.arrangement.rhythm import (
    HARDLY_HEARD,
    HEARD,
    MOST_HEARD,
    SYLLABLE,
    heard_onsets,
    is_along,
    is_beat,
    stroke_heard,
    strokes_of,
)
from kcarol.arrangement.styles import BY_NAME, Line, Rhythm
from kcarol.transcription.lead_sheet import TimeGrid

SHEET = replace(song(), notes=song().notes[::2])
BARS = plan(SHEET, TimeGrid.of(SHEET), SHEET.notes)


CELESTA = Line(BY_NAME["celesta"], "uat", "peal", range(4))
CHOIR = Line(BY_NAME["choir"], "s", "sing", range(4))


def struck(rhythm, bars=BARS, heard=0.0, weight=1.0):
    return strokes_of(bars, rhythm, [heard] * len(bars), [weight] * len(bars))


def test_as_many_places_as_are_wanted_beside_what_is_heard_anyhow():
    strokes = struck(Rhythm(along=1.0), heard=1.5, weight=1.2)
    wanted = sum(bar.n_strokes for bar in BARS[8:12])
    heard = sum(1.5 + 1.2 * len(strokes[bar.number]) for bar in BARS[8:12])
    assert heard == pytest.approx(wanted, abs=2)


def test_what_is_heard_of_others_is_not_struck_too():
    assert not any(struck(Rhythm(), heard=100.0))


def test_sparse_bars_are_sparse():
    counts = np.array([len(places) for places in struck(Rhythm(along=1.0))])
    assert counts[:4].mean() < counts[8:12].mean() < counts[4:8].mean()


def test_a_style_for_which_it_matters_leaves_the_tunes_places_alone():
    strokes = struck(Rhythm(along=-1.0))
    assert not any(is_along(bar, place) for bar in BARS for place in strokes[bar.number])


def test_bells_are_heard_and_what_begins_together_is_one_stroke():
    starts = [(4.0, "celesta"), (4.05, "choir"), (4.1, "harp"), (6.0, "choir")]
    heard = heard_onsets(BARS, starts)
    assert heard[1] == pytest.approx(MOST_HEARD + HARDLY_HEARD) and sum(heard) == heard[1]


def test_syllables_are_heard_where_no_bell_is_heard_with_them():
    sung = [(4.0, "choir"), (4.0, SYLLABLE), (6.0, SYLLABLE)]
    assert heard_onsets(BARS, sung)[1] == pytest.approx(HARDLY_HEARD + 2 * HEARD[SYLLABLE])
    rung = heard_onsets(BARS, [(6.0, "celesta")])
    assert heard_onsets(BARS, [(6.0, "celesta"), (6.0, SYLLABLE)]) == rung


def test_strokes_are_heard_by_who_strikes():
    assert stroke_heard(BARS[0], [CELESTA, CHOIR]) > stroke_heard(BARS[0], [CHOIR])


def test_beats_are_struck_before_other_places():
    bar = replace(BARS[0], n_strokes=4.0, tune=(), accents=frozenset())
    assert struck(Rhythm(), [bar])[0] == (0.0, 1.0, 2.0, 3.0)
    off = struck(Rhythm(down=0, half=0, beat=0, off=2), [bar])[0]
    assert len(off) == 4 and not any(is_beat(bar, place) for place in off)
