from kcarol.score.elsewhere.harmony.pedal import pedalled
from kcarol.transcription.lead_sheet import Note


def added(notes):
    return [note for note in pedalled(notes) if note not in notes]


def test_the_bass_of_a_waltz_rings_under_its_chords():
    chords = [Note(beat, 1, pitch) for beat in (1, 2) for pitch in (60, 64)]
    assert added([Note(0, 1, 48), *chords]) == [Note(0, 3, 48)]


def test_the_lowest_note_of_a_broken_chord_rings():
    assert added([Note(n / 2, 0.5, p) for n, p in enumerate((48, 55, 52, 55))])[0] == Note(0, 2, 48)


def test_a_walking_bass_does_not():
    assert added([Note(n, 1, pitch) for n, pitch in enumerate((48, 52, 55, 57))]) == []
