import numpy as np

from kcarol.score.elsewhere.form import bar_features
from kcarol.score.elsewhere.sheet import score_of
from kcarol.score.elsewhere.written import Written, WrittenBar, WrittenPart
from kcarol.transcription.form.bar_features import CHORD_SLOTS, TUNE_SLOTS
from kcarol.transcription.lead_sheet import Chord, Note

THEMES = {"A": (60, 64, 67, 64), "B": (65, 69, 74, 72), "C": (79, 76, 74, 71)}
BARS = 8


def written(form, **fields):
    """A theme a letter, of eight bars each."""
    pitches = [
        THEMES[letter][beat] + bar % 3
        for letter in form
        for bar in range(BARS)
        for beat in range(4)
    ]
    notes = tuple(Note(beat, 1, pitch) for beat, pitch in enumerate(pitches))
    bars = tuple(WrittenBar(4 * n, 4, 4, 4) for n in range(BARS * len(form)))
    symbols = tuple(
        Chord(4 * BARS * n, 4 * BARS, THEMES[letter][0] % 12) for n, letter in enumerate(form)
    )
    return Written("", bars, (WrittenPart("Voice", notes, notes, True),), symbols, **fields)


def marks(*texts):
    return tuple((4.0 * BARS * n, text) for n, text in enumerate(texts))


def sections(form, **fields):
    return score_of(written(form, **fields)).sheet.sections


def test_rehearsal_marks_begin_and_name_sections():
    found = sections("AABC", marks=marks("Intro", "Verse 1", "Chorus", "Outro"))
    assert [section.name for section in found] == ["intro", "verse", "chorus", "outro"]
    assert [section.start for section in found] == [0, 32, 64, 96]


def test_korean_marks_are_known():
    found = sections("ABAB", marks=marks("1절", "후렴", "2절", "후렴"))
    assert [section.name for section in found] == ["verse", "chorus", "verse", "chorus"]
    assert [section.label for section in found] == ["절", "후렴", "절", "후렴"]


def test_what_comes_again_is_stronger():
    found = sections("ABAB", marks=marks("Verse", "Chorus", "Verse", "Chorus"))
    energies = [section.energy for section in found]
    assert energies[0] < energies[2] < energies[1] < energies[3] <= 1


def test_double_bars_part_sections_too():
    found = sections("ABA", edges=(32.0, 64.0))
    assert {32.0, 64.0} <= {section.start for section in found}
    assert found[0].label == found[-1].label


def test_without_marks_the_music_parts_itself():
    found = sections("ABAB")
    assert [section.start for section in found] == [0, 32, 64, 96]
    assert found[0].label == found[2].label != found[1].label == found[3].label


def test_features_of_bars():
    sheet = score_of(written("AB")).sheet
    bars = bar_features(sheet)
    assert bars.chords.shape == (16, CHORD_SLOTS, 12) and bars.tune.shape == (16, TUNE_SLOTS, 12)
    np.testing.assert_allclose(bars.n_beats, 4)
    np.testing.assert_allclose(bars.sung, 1)
    np.testing.assert_allclose(bars.note_rate, sheet.tempo_bpm / 60)
    assert set(np.flatnonzero(bars.chords[0, 0])) == {0, 4, 7}
    assert bars.pitch[0] == np.mean(THEMES["A"])
