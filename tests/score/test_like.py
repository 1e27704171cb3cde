from dataclasses import replace

import numpy as np
import pytest

from kcarol.score.errors import ScoreError
from kcarol.score.like import in_time_with
from kcarol.score.score import Score
from kcarol.transcription.form.bar_shapes import as_composed
from kcarol.transcription.lead_sheet import Metre, TimeGrid, Vowel
from tests.lead_sheets import composed


@pytest.fixture(scope="module")
def sheet():
    return composed(3, 40.0)


@pytest.fixture(scope="module")
def heard(sheet):
    """A song whose tempo wanders, with bars of a record and a text."""
    text = tuple(Vowel(n.start, n.length, i % 6) for i, n in enumerate(sheet.notes))
    grid = TimeGrid.of(sheet, np.random.default_rng(1), drift=0.05)
    score = Score.of_sheet(replace(as_composed(sheet), text=text), grid)
    cents = np.linspace(0, 30, len(score.tuning_cents), dtype=np.float32)
    return replace(score, tuning_cents=cents)


def without_bars(sheet, first, stop):
    """The bars of a sheet from `first` to before `stop`."""
    edges = [*sheet.bar_starts().tolist(), sheet.n_beats]
    start, end = edges[first], edges[stop]

    def within(spans):
        cut = (
            replace(
                s, start=max(s.start, start) - start, length=min(s.end, end) - max(s.start, start)
            )
            for s in spans
        )
        return tuple(span for span in cut if span.length > 0)

    return replace(
        sheet,
        notes=within(sheet.notes),
        chords=within(sheet.chords),
        sections=within(sheet.sections),
    )


def lengthened(sheet, n_beats):
    last = sheet.chords[-1]
    final = replace(sheet.sections[-1], length=sheet.sections[-1].length + n_beats)
    return replace(
        sheet,
        chords=(*sheet.chords[:-1], replace(last, length=last.length + n_beats)),
        sections=(*sheet.sections[:-1], final),
    )


def test_a_sheet_that_lost_its_times_gets_those_of_the_song(sheet, heard):
    score = in_time_with(Score.of_sheet(sheet), heard)
    np.testing.assert_allclose(score.grid.beat_times_s, heard.grid.beat_times_s, atol=1e-6)
    assert score.sheet.bars == heard.sheet.bars
    assert score.sheet.text == heard.sheet.text
    assert score.sheet.notes == sheet.notes
    np.testing.assert_array_equal(score.level.loudness_db, heard.level.loudness_db)
    np.testing.assert_array_equal(score.tuning_cents, heard.tuning_cents)


def test_a_score_with_times_of_its_own_gets_those_of_another_record(sheet, heard):
    own = Score.of_sheet(as_composed(sheet))
    score = in_time_with(own, heard)
    np.testing.assert_allclose(score.grid.beat_times_s, heard.grid.beat_times_s, atol=1e-6)
    assert score.sheet.notes == own.sheet.notes
    assert score.sheet.chords == own.sheet.chords


def test_what_stands_as_it_was_heard_gets_its_exact_timing_the_rest_plays_as_notated(heard):
    sung = tuple(
        replace(note, start=note.start + 0.02, length=note.length - 0.03)
        for note in heard.sheet.notes
    )
    sung_freely = replace(heard, sheet=replace(heard.sheet, notes=sung))
    mended = replace(heard.sheet.notes[5], length=heard.sheet.notes[5].length / 2)
    notes = (*heard.sheet.notes[:5], mended, *heard.sheet.notes[6:])
    score = in_time_with(Score.of_sheet(replace(heard.sheet, notes=notes, bars=())), sung_freely)
    found = [(note.start, note.length) for note in score.sheet.notes]
    shortened = replace(mended, start=sung[5].start, length=mended.end - sung[5].start)
    expected = [(note.start, note.length) for note in (*sung[:5], shortened, *sung[6:])]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("first", [1, 3])
def test_a_sheet_without_the_first_bars_begins_with_the_bar_that_is_its_first(sheet, heard, first):
    score = in_time_with(Score.of_sheet(without_bars(sheet, first, len(sheet.bar_starts()))), heard)
    start = round(float(sheet.bar_starts()[first]))
    np.testing.assert_allclose(score.grid.beat_times_s, heard.grid.beat_times_s[start:], atol=1e-6)
    assert score.sheet.bars[0].level_db == heard.sheet.bars[first].level_db
    text = [replace(v, start=v.start - start) for v in heard.sheet.text if v.start >= start]
    assert score.sheet.text == tuple(text)


def test_a_sheet_may_end_before_its_song(sheet, heard):
    score = in_time_with(Score.of_sheet(without_bars(sheet, 0, 6)), heard)
    n_beats = round(float(sheet.bar_starts()[6]))
    np.testing.assert_allclose(score.grid.beat_times_s, heard.grid.beat_times_s[: n_beats + 1])


def test_a_bar_after_the_record_is_as_long_as_others_and_sounds(sheet, heard):
    score = in_time_with(Score.of_sheet(lengthened(sheet, 4)), heard)
    bar_s = score.grid.beat_times_s[-1] - score.grid.beat_times_s[-5]
    bars_s = np.diff(heard.grid.time_s(heard.sheet.bar_starts()))
    assert bar_s == pytest.approx(np.median(bars_s), rel=0.01)
    assert score.sheet.bars[-1].level_db == 0


def test_bars_may_have_other_beats_than_the_record_s(sheet, heard):
    halves = replace(
        sheet,
        beats_per_bar=2,
        notes=tuple(replace(n, start=n.start / 2, length=n.length / 2) for n in sheet.notes),
        chords=tuple(replace(c, start=c.start / 2, length=c.length / 2) for c in sheet.chords),
        sections=tuple(replace(s, start=s.start / 2, length=s.length / 2) for s in sheet.sections),
        changes=tuple(Metre(m.start / 2, 2) for m in sheet.changes),
    )
    score = in_time_with(Score.of_sheet(halves), heard)
    np.testing.assert_allclose(score.grid.beat_times_s, heard.grid.beat_times_s[::2], atol=1e-6)


def test_a_transposed_sheet_is_in_time_too(sheet, heard):
    up = replace(
        sheet,
        notes=tuple(replace(note, pitch=note.pitch + 5) for note in sheet.notes),
        chords=tuple(replace(c, root=(c.root + 5) % 12, bass=None) for c in sheet.chords),
    )
    score = in_time_with(Score.of_sheet(up), heard)
    np.testing.assert_allclose(score.grid.beat_times_s, heard.grid.beat_times_s, atol=1e-6)
    assert score.sheet.notes == up.notes


def test_a_score_of_another_song_is_refused(heard):
    with pytest.raises(ScoreError, match="expected a score of the song .* found another tune"):
        in_time_with(Score.of_sheet(composed(11, 40.0)), heard)


def test_a_score_that_is_much_longer_than_its_song_is_refused(sheet, heard):
    n_bars = len(sheet.bar_starts())
    with pytest.raises(ScoreError, match=f"expected a score as long as the record's {n_bars} bars"):
        in_time_with(Score.of_sheet(lengthened(sheet, 4 * 8)), heard)
