"""Figures: how a line plays its voices."""

from songs import song

from kcarol.arrangement.figures import Voices, tones_of
from kcarol.arrangement.plan import plan
from kcarol.arrangement.rhythm import is_beat
from kcarol.arrangement.styles import BY_NAME, Line
from kcarol.transcription.lead_sheet import Note, TimeGrid

SHEET = song(levels_db=(0.0,) * 4)
BARS = plan(SHEET, TimeGrid.of(SHEET), SHEET.notes)
VOICES = Voices(
    {
        "s": SHEET.notes,
        "a": [Note(chord.start, 4.0, 60 + chord.root) for chord in SHEET.chords],
        "t": [Note(0.0, 64.0, 55)],
    }
)
STROKES = [(bar.start, bar.start + 1.5, bar.start + 2.0) for bar in BARS]


def tones(figure, voices="a", instrument="strings", conditions=()):
    line = Line(BY_NAME[instrument], voices, figure, range(4), conditions)
    return tones_of(line, BARS, VOICES, STROKES)


def test_a_voice_is_sung_as_it_is_written():
    sung = [(t.start, t.length, t.pitch) for t in tones("sing", "s")]
    assert sung == [(n.start, n.length, n.pitch) for n in SHEET.notes]


def test_a_held_voice_is_tied_while_nothing_changes():
    sections = [(0.0, 16.0), (16.0, 32.0), (32.0, 48.0), (48.0, 64.0)]
    sheet = song(levels_db=(-8.0, 0.0, -8.0, 0.0))
    bars = plan(sheet, TimeGrid.of(sheet), sheet.notes)
    line = Line(BY_NAME["strings"], "t", "hold", range(4))
    assert [(t.start, t.end) for t in tones_of(line, bars, VOICES, STROKES)] == sections
    assert [t.start for t in tones("hold")] == [chord.start for chord in SHEET.chords]


def test_places_of_figures():
    first = {
        figure: [t.start for t in tones(figure) if t.start < 4]
        for figure in ("bar", "half", "beat", "off", "all", "fill", "along")
    }
    assert first == {
        "bar": [0.0],
        "half": [0.0, 2.0],
        "beat": [0.0, 2.0],
        "off": [1.5],
        "all": [0.0, 1.5, 2.0],
        "fill": [1.5],
        "along": [0.0, 1.0, 2.0],
    }


def test_broken_chords_are_one_tone_at_a_time_from_the_voices():
    broken = tones("broken", "at", "harp")
    starts = [t.start for t in broken if not t.bar.is_final]
    assert len(set(starts)) == len(starts)
    assert {t.pitch % 12 for t in broken if t.start < 4} <= {0, 55 % 12}


def test_a_broken_chord_stays_below_the_tune_that_is_sung_over_it():
    low_tune = Voices({**VOICES.notes, "s": [Note(0.0, 64.0, 66)]})
    line = Line(BY_NAME["harp"], "at", "broken", range(4))
    for voices, reaches_up in ((low_tune, False), (Voices({**VOICES.notes, "s": []}), True)):
        played = [t.pitch for t in tones_of(line, BARS, voices, STROKES) if not t.bar.is_final]
        assert (max(played) > 66) == reaches_up


def test_in_the_last_bar_a_chord_rings_to_the_end():
    last = [t for t in tones("all", "at") if t.bar.is_final]
    assert {t.start for t in last} == {60.0} and {t.end for t in last} == {64.0}


def test_a_run_leads_into_an_entry():
    quiet = song(levels_db=(-12.0, 0.0, 0.0, 0.0))
    bars = plan(quiet, TimeGrid.of(quiet), quiet.notes)
    line = Line(BY_NAME["harp"], "at", "run", range(4), ("entry",))
    run = [t for t in tones_of(line, bars, VOICES, STROKES) if t.start < 17]
    assert [t.start for t in run] == [15.25, 15.5, 15.75]
    assert [t.pitch for t in run] == sorted(t.pitch for t in run)
    assert all(not is_beat(t.bar, t.start) for t in run)
