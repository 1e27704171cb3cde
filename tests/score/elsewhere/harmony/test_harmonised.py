from kcarol.score.elsewhere.harmony.harmonised import harmonised
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note


def sheet_of(bars, mode="major", key=0, beats_per_bar=4, division=2):
    """A note a beat."""
    pitches = [pitch for bar in bars for pitch in bar]
    notes = tuple(Note(beat, 1, pitch) for beat, pitch in enumerate(pitches) if pitch)
    chords = (Chord(0, float(len(pitches)), key),)
    return LeadSheet("", 100, beats_per_bar, key, mode, notes, chords, (), division=division)


def names(sheet):
    return [
        (chord.start, None if chord.silent else (chord.root, chord.quality))
        for chord in harmonised(sheet)
    ]


CLOSE = [[71, 74, 67, 71], [72, 72, 72, 72]]  # dominant, tonic


def test_a_tune_in_major_closes_on_its_tonic_after_the_dominant():
    found = names(sheet_of([[60, 64, 67, 64], [65, 69, 72, 69], *CLOSE]))
    assert found == [(0, (0, "maj")), (4, (5, "maj")), (8, (7, "maj")), (12, (0, "maj"))]


def test_the_dominant_of_minor_has_its_leading_note():
    found = names(sheet_of([[69, 72, 76, 72], [68, 71, 76, 68], [69, 69, 69, 69]], "minor", 9))
    assert found == [(0, (9, "min")), (4, (4, "maj")), (8, (9, "min"))]


def test_below_an_upbeat_there_is_no_chord():
    found = names(sheet_of([[None, None, None, 67], [72, 72, 76, 72], *CLOSE]))
    assert found[:2] == [(0, None), (4, (0, "maj"))]


def test_chords_cover_the_sheet_from_beginning_to_end():
    sheet = sheet_of([[60, 64, 67], [65, 69, 72], [71, 74, 67], [72, 72, 72]], beats_per_bar=3)
    chords = harmonised(sheet)
    assert chords[0].start == 0 and chords[-1].end == sheet.n_beats
    assert all(a.end == b.start for a, b in zip(chords, chords[1:], strict=False))


def test_a_note_off_the_beat_changes_no_chord():
    notes = (Note(0, 1.5, 72), Note(1.5, 0.5, 74), Note(2, 2, 76), Note(4, 4, 72))
    sheet = LeadSheet("", 100, 4, 0, "major", notes, (Chord(0, 8.0, 0),), ())
    assert [chord.root for chord in harmonised(sheet)] == [0]
