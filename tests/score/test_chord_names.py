import pytest

from kcarol.score.chord_names import chord_name, harte_label, named_chord
from kcarol.transcription.lead_sheet import QUALITIES, Chord

A_FLAT, D = -4, 2  # sharps of A flat major and D major


@pytest.mark.parametrize(
    ("chord", "name", "label"),
    [
        (Chord(0, 1, 0), "C", "C:maj"),
        (Chord(0, 1, 9, "min7"), "Am7", "A:min7"),
        (Chord(0, 1, 6, "m7b5", bass=4), "F#m7b5/E", "F#:hdim7/b7"),
        (Chord(0, 1, 2, "add9"), "Dadd9", "D:maj(9)"),
        (Chord(0, 1, 7, "6", bass=11), "G6/B", "G:maj6/3"),
        (Chord(0, 1, 0, silent=True), "N.C.", "N"),
    ],
)
def test_chords_have_names(chord, name, label):
    assert (chord_name(chord, D), harte_label(chord, D)) == (name, label)


def test_names_are_spelled_in_their_key():
    assert chord_name(Chord(0, 1, 8, bass=3), A_FLAT) == "Ab/Eb"


def test_all_names_are_read_as_written():
    for quality in QUALITIES:
        for root in range(12):
            for bass in (None, *(b for b in range(12) if b != root)):
                chord = Chord(0.0, 1.0, root, quality, bass)
                assert named_chord(chord_name(chord, D)) == chord


@pytest.mark.parametrize(
    ("name", "root", "quality"),
    [("B♭maj9", 10, "maj7"), ("C#°7", 1, "dim"), ("Gsus", 7, "sus4"), ("E-7", 4, "min7")],
)
def test_other_spellings_are_read(name, root, quality):
    chord = named_chord(name)
    assert (chord.root, chord.quality) == (root, quality)


@pytest.mark.parametrize("text", ["", "Hello", "H7", "Chorus", "am", "C/x"])
def test_other_texts_name_no_chord(text):
    assert named_chord(text) is None
