from fractions import Fraction

from kcarol.score.arrangement.chords import chords_of, struck_chords_of
from kcarol.score.arrangement.lines import WrittenNote
from kcarol.score.notated import PER_QUARTER, Bar
from kcarol.transcription.lead_sheet import Metre

BAR = Bar(Fraction(0), Fraction(4), Metre(0.0, 4), 0.0)


def note(start, end, pitch):
    return WrittenNote(round(PER_QUARTER * start), round(PER_QUARTER * end), pitch, 80, "a")


def drawn(chords):
    return [
        (c.value.length, [(t.pitch, t.is_tied_from, t.is_tied_to) for t in c.tones]) for c in chords
    ]


def test_a_held_note_is_tied_while_another_moves():
    chords = chords_of([note(0, 4, 60), note(0, 2, 64), note(2, 4, 65)], BAR)
    assert drawn(chords) == [
        (2, [(60, False, True), (64, False, False)]),
        (2, [(60, True, False), (65, False, False)]),
    ]


def test_notes_go_on_over_bar_lines():
    (chord,) = chords_of([note(-4, 8, 60)], BAR)
    assert drawn([chord]) == [(4, [(60, True, True)])]


def test_struck_notes_are_not_tied():
    chords = struck_chords_of([note(0.5, 6, 60)], BAR)
    assert [bool(chord.tones) for chord in chords].count(True) == 1
    assert not any(tone.is_tied_to or tone.is_tied_from for c in chords for tone in c.tones)
    assert sum(chord.value.length for chord in chords) == 4


def test_a_bar_without_notes_is_empty():
    assert chords_of([], BAR) == []
