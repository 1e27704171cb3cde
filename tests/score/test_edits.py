"""Facts about changes of a score in plain text."""

from dataclasses import replace

import numpy as np
import pytest
from lead_sheets import assert_tiles, composed

from kcarol.score.edits import edited, in_text
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import QUALITIES, Chord, LeadSheet, Note, TimeGrid


@pytest.fixture
def score():
    """Three bars of 4/4; the second note of bar 1 is held into bar 2."""
    notes = (Note(0, 2, 64), Note(3, 2, 65), Note(5, 1, 67), Note(8, 4, 72))
    chords = (Chord(0, 6, 0), Chord(6, 6, 7, "7"))
    return Score.of_sheet(LeadSheet("three bars", 120.0, 4, 0, "major", notes, chords, ()))


def test_a_bar_gets_another_chord_and_its_neighbours_keep_theirs(score):
    chords = edited(score, "bar 2: Am").sheet.chords
    assert chords == (Chord(0, 4, 0), Chord(4, 4, 9, "min"), Chord(8, 4, 7, "7"))


def test_a_chord_from_a_beat_on_lasts_to_the_next_or_to_the_end_of_the_bar(score):
    chords = edited(score, "bar 1 beat 3: F/A\nbar 2 beat 2: Dm7").sheet.chords
    assert chords[1] == Chord(2, 2, 5, "maj", 9)
    assert chords[3] == Chord(5, 1, 2, "min7")
    assert_tiles(chords, 12)


def test_notes_are_counted_in_the_bar_in_which_they_begin(score):
    notes = edited(score, "bar 2 note 1: A4\nbar 3 note 1: rest").sheet.notes
    assert notes == (Note(0, 2, 64), Note(3, 2, 65), Note(5, 1, 69))


def test_nothing_else_changes(score):
    mended = edited(score, "\n# a remark\nBAR 1:  C♯m\n")
    assert mended.grid is score.grid and mended.level is score.level
    assert mended.sheet.notes == score.sheet.notes and score.sheet.chords[0] == Chord(0, 6, 0)
    assert edited(score, "").sheet == score.sheet


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bar 9: Am", "line 1, 'bar 9: Am': expected a bar from 1 to 3, found 9"),
        ("bar 1: C\nbar 0: C", "line 2, 'bar 0: C': expected a bar from 1 to 3, found 0"),
        ("bar 1 beat 5: C", "expected a beat from 1 to 4, found 5"),
        ("bar 1 note 3: C4", "expected a note from 1 to 2, found 3"),
        ("bar 1 note 1.5: C4", "expected a note from 1 to 2, found 1.5"),
        ("bar 1 note 1: H4", "expected a pitch such as A4 or C#5, or 'rest', found H4"),
        ("bar 1 note 1: C9", "expected a pitch from A0 to C8, found C9"),
        ("bar 1: Hm", "expected a chord such as C, F#m7 or G/B, found Hm"),
        ("bar 1: Cfoo", "found Cfoo"),
        ("louder, please", "expected a change such as 'bar 5: Am' or 'bar 7 note 2: A4'"),
    ],
)
def test_what_is_no_change_is_said_in_one_line(score, text, found):
    with pytest.raises(ValueError) as error:
        edited(score, text)
    assert found in str(error.value) and "\n" not in str(error.value)


def test_a_bar_without_a_note_says_so(score):
    with pytest.raises(ValueError, match="a bar in which a note begins, found none"):
        edited(edited(score, "bar 3 note 1: -"), "bar 3 note 1: C5")


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("key", range(12))
def test_what_is_said_of_a_bar_makes_it_again(quality, key):
    """Chords and pitches by the names that they have in a key."""
    notes = tuple(Note(i, 1, 60 + 2 * key + i) for i in range(4))
    chords = (Chord(0, 4, key, quality, (key + 7) % 12), Chord(4, 4, (key + 1) % 12, quality))
    said = Score.of_sheet(LeadSheet("", 120.0, 4, key, "minor", notes, chords, ()))
    plain = replace(
        said.sheet, notes=tuple(Note(i, 1, 60) for i in range(4)), chords=(Chord(0, 8, 0),)
    )
    names, pitches = in_text(said, 1, 1).removeprefix("bar 1: ").split(" | ")
    other = in_text(said, 2).removeprefix("bar 2: ").split(" | ")[0]
    lines = [f"bar 1 note {n}: {pitch}" for n, pitch in enumerate(pitches.split(), start=1)]
    text = "\n".join([f"bar 1: {names}", f"bar 2: {other}", *lines])
    assert edited(replace(said, sheet=plain), text).sheet == said.sheet


def test_a_pick_up_is_bar_0():
    """Three of its four beats are not there: compressed into the beginning."""
    notes = (Note(3, 1, 60), Note(4, 4, 62))
    sheet = LeadSheet("", 60.0, 4, 0, "major", notes, (Chord(0, 8, 0),), ())
    times_s = np.concatenate([[0, 0.004, 0.008, 0.012], 1.0 + np.arange(5)])
    score = Score.of_sheet(sheet, TimeGrid(times_s, 4))
    assert in_text(score, 0) == "bar 0: C | C4\nbar 1: C | D4"
    mended = edited(score, "bar 0: G\nbar 0 note 1: B3\nbar 1 beat 3: F").sheet
    assert mended.chords == (Chord(0, 4, 7), Chord(4, 2, 0), Chord(6, 2, 5))
    assert [note.pitch for note in mended.notes] == [59, 62]


def test_bars_in_text_are_what_the_changes_count(score):
    assert in_text(score) == "bar 1: C | E4 F4\nbar 2: C G7 | G4\nbar 3: G7 | C5"
    assert in_text(score, 3, 99) == "bar 3: G7 | C5"


@pytest.mark.parametrize("seed", range(5))
def test_bars_of_any_metre_take_a_chord(seed):
    score = Score.of_sheet(composed(seed))
    n_bars = len(score.sheet.bar_starts())
    mended = edited(score, "\n".join(f"bar {n}: Dm" for n in range(1, n_bars + 1))).sheet
    assert_tiles(mended.chords, score.sheet.n_beats)
    assert {(chord.root, chord.quality) for chord in mended.chords} == {(2, "min")}
    np.testing.assert_allclose([c.start for c in mended.chords], score.sheet.bar_starts())
