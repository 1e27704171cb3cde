"""Two voices against each other."""

from kcarol.arrangement.counterpoint.two_voices import clash_length, crossings, parallels
from kcarol.transcription.lead_sheet import Note


def line(*pitches: int) -> list[Note]:
    return [Note(float(i), 1.0, pitch) for i, pitch in enumerate(pitches)]


def test_fifths_and_octaves_in_a_row_are_marked_and_others_are_not():
    assert parallels(line(67, 69), line(48, 50), 0.1) == [1.0]  # octave and fifth
    assert parallels(line(72, 74), line(48, 50), 0.1) == [1.0]
    assert parallels(line(72, 72), line(48, 48), 0.1) == []  # held
    assert parallels(line(72, 71), line(48, 55), 0.1) == []
    assert parallels(line(76, 77), line(48, 50), 0.1) == []  # thirds


def test_a_lower_voice_above_a_higher_one_is_a_crossing():
    assert crossings(line(67, 64), line(60, 65), 0.1) == [1.0]


def test_a_long_semitone_is_a_clash_and_a_short_one_is_not():
    tune = [Note(0.0, 1.0, 65), Note(1.0, 0.5, 65)]
    assert clash_length(tune, [Note(0.0, 4.0, 52)], 0.5) == 1.0
