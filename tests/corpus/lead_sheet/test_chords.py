"""Chord symbols."""

import pytest

from kcarol.corpus.lead_sheet.chords import parse_chord


@pytest.mark.parametrize(
    "symbol, tonic, expected",
    [
        ("6m", 0, (9, "min", None)),
        ("b7", 2, (0, "maj", None)),
        ("1/3", 7, (7, "maj", 11)),
        ("57", 0, (7, "7", None)),
        ("b37", 0, (3, "7", None)),
        ("Bbm7", 0, (10, "min7", None)),
        ("C/E", 5, (0, "maj", 4)),
        ("2m7b5", 0, (2, "m7b5", None)),
        ("F#sus4", 0, (6, "sus4", None)),
        ("5", 9, (4, "maj", None)),
    ],
)
def test_chord_symbols_are_read(symbol, tonic, expected):
    chord = parse_chord(symbol, tonic=tonic)
    assert (chord.root, chord.quality, chord.bass) == expected


@pytest.mark.parametrize("symbol", ["", "H", "8", "Cfoo", "m"])
def test_what_is_no_chord_is_refused(symbol):
    with pytest.raises(ValueError, match="expected a chord"):
        parse_chord(symbol)
