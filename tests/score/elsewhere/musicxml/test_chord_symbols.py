import pytest

pytest.importorskip("music21")

from kcarol.score.elsewhere.musicxml.chord_symbols import chord_of

SYMBOLS = {
    "C": (0, "maj", None),
    "Am": (9, "min", None),
    "G7": (7, "7", None),
    "Dm7": (2, "min7", None),
    "Fmaj7": (5, "maj7", None),
    "Bdim": (11, "dim", None),
    "Bo7": (11, "dim", None),
    "Bm7b5": (11, "m7b5", None),
    "C+": (0, "aug", None),
    "Csus4": (0, "sus4", None),
    "Csus2": (0, "sus2", None),
    "G7sus4": (7, "sus4", None),
    "C6": (0, "6", None),
    "Am6": (9, "min", None),
    "C9": (0, "7", None),
    "Dm9": (2, "min7", None),
    "CM9": (0, "maj7", None),
    "Dm11": (2, "min7", None),
    "G13": (7, "7", None),
    "AmM7": (9, "min", None),
    "Cpower": (0, "maj", None),
    "C/E": (0, "maj", 4),
    "C/D": (0, "maj", 2),
    "C7/B-": (0, "7", 10),
    "B-m/D-": (10, "min", 1),
}


@pytest.mark.parametrize("figure", SYMBOLS)
def test_a_symbol_is_the_nearest_chord_that_a_lead_sheet_has(figure):
    from music21.harmony import ChordSymbol

    assert chord_of(ChordSymbol(figure)) == SYMBOLS[figure]


def test_no_chord_is_none():
    from music21.harmony import NoChord

    assert chord_of(NoChord()) is None


def test_an_added_ninth_is_kept():
    from music21.harmony import ChordSymbol

    assert chord_of(ChordSymbol("Cadd9")) == (0, "add9", None)
