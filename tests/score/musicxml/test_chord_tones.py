from dataclasses import replace

from kcarol.score.musicxml.chord_tones import ChordTones
from kcarol.score.musicxml.spelling import note_name
from kcarol.score.notated import PER_QUARTER, notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note

SHEET = LeadSheet("", 120.0, 4, 5, "minor", (Note(0, 8, 64),), (Chord(0, 8, 0, "7"),), ())


def names(tones, pitches, fifths):
    return [note_name(p, fifths, "minor", tones.get(p % 12))[:2] for p in pitches]


def test_tones_are_called_as_their_chord_has_them():
    tones = ChordTones(notate(Score.of_sheet(SHEET))).at(0)
    assert names(tones, (60, 64, 67, 70), -4) == [("C", 0), ("E", 0), ("G", 0), ("B", -1)]


def test_transposing_instruments_read_the_same_interval_higher():
    tones = ChordTones(notate(Score.of_sheet(SHEET)), -2, 2).at(0)
    assert names(tones, (62, 66, 69, 72), -2) == [("D", 0), ("F", 1), ("A", 0), ("C", 0)]


def test_chords_hold_until_the_next():
    chords = (Chord(0, 4, 0, "7"), Chord(4, 4, 1, "maj"))
    tones = ChordTones(notate(Score.of_sheet(replace(SHEET, chords=chords))))
    assert tones.at(4 * PER_QUARTER - 1) is tones.at(0)
    assert tones.at(4 * PER_QUARTER) is tones.at(9 * PER_QUARTER) is not tones.at(0)
