from kcarol.score.elsewhere.beats import BeatAxis
from kcarol.score.elsewhere.harmony.roll import Roll
from kcarol.score.elsewhere.written import Written, WrittenBar
from kcarol.transcription.lead_sheet import Note


def chords(notes, n_bars=2):
    axis = BeatAxis.of(Written("", tuple(WrittenBar(4 * n, 4, 4, 4) for n in range(n_bars)), ()))
    return Roll.of(notes, [], axis).chords(axis, tonic=0)


def block(start, length, *pitches):
    return [Note(start, length, pitch) for pitch in pitches]


def test_chords_of_all_voices_with_their_basses():
    found = chords([*block(0, 4, 48, 64, 67, 72), *block(4, 4, 47, 62, 67, 74)])
    assert [(c.start, c.root, c.quality, c.bass) for c in found] == [
        (0, 0, "maj", None),
        (4, 7, "maj", 11),
    ]


def test_quick_notes_between_beats_belong_to_no_chord():
    found = chords([*block(0, 8, 48, 64, 67), Note(0, 1.5, 72), Note(1.5, 0.5, 74), Note(2, 6, 76)])
    assert [c.root for c in found] == [0]


def test_the_bass_and_what_follows_it_are_one_chord():
    """A waltz: the fifth alone, then the rest of the chord."""
    bars = [[*block(0, 4, 43), *block(1, 3, 59, 62, 65)], [*block(4, 4, 48), *block(5, 3, 60, 64)]]
    assert [(c.start, c.root) for c in chords(sum(bars, []))] == [(0, 7), (4, 0)]
