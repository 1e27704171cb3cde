import numpy as np
import pytest

pytest.importorskip("music21")

from kcarol.score.elsewhere.reading import score_from_elsewhere
from kcarol.score.errors import ScoreError
from tests.lead_sheets import assert_tiles
from tests.score.elsewhere.texts import (
    barline,
    harmony,
    measure,
    note,
    notes,
    part,
    rest,
    tempo,
    transpose,
    words,
    written,
)


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "song.musicxml"
        path.write_text(text, encoding="utf-8")
        return score_from_elsewhere(path)

    return read


def tune(sheet):
    return [(note.start, note.length, note.pitch) for note in sheet.notes]


def chords(sheet):
    return [(chord.start, chord.root, chord.quality, chord.bass) for chord in sheet.chords]


def test_a_lead_sheet_has_its_tune_its_chord_symbols_and_its_key(read):
    sheet = read(
        written(
            measure(harmony("C") + note("E4", 4) + note("G4", 4), first=True),
            measure(harmony("G", "dominant") + note("F4", 8)),
            measure(harmony("C") + note("E4", 8)),
        )
    ).sheet
    assert tune(sheet) == [(0, 2, 64), (2, 2, 67), (4, 4, 65), (8, 4, 64)]
    assert chords(sheet) == [(0, 0, "maj", None), (4, 7, "7", None), (8, 0, "maj", None)]
    assert (sheet.key, sheet.mode, sheet.beats_per_bar, sheet.division) == (0, "major", 4, 2)
    assert_tiles(sheet.chords, sheet.n_beats)
    assert_tiles(sheet.sections, sheet.n_beats)


def test_a_hymn_in_four_parts_has_its_top_voice_as_tune_and_the_chords_of_all(read):
    soprano, alto, tenor, bass = (
        part([measure(notes(*bars[:4]), first=True), measure(note(bars[4], 8))], name)
        for name, bars in {
            "Soprano": ("C5", "D5", "D5", "C5", "C5"),
            "Alto": ("G4", "A4", "G4", "G4", "G4"),
            "Tenor": ("E4", "F4", "B3", "E4", "E4"),
            "Bass": ("C3", "F3", "G3", "C3", "C3"),
        }.items()
    )
    sheet = read(written(parts=[soprano, alto, tenor, bass])).sheet
    assert [pitch for _, _, pitch in tune(sheet)] == [72, 74, 74, 72, 72]
    assert [root for _, root, *_ in chords(sheet)] == [0, 2, 7, 0]  # C Dm G C
    assert sheet.chords[1].bass == 5


def test_passing_notes_are_no_chords(read):
    upper = part([measure(notes("E4", "E4", "E4", "E4"), first=True)] * 1, "Voice")
    lower = part(
        [measure(note("C3", 4) + notes("D3", "E3", length=1) + note("C3", 2), first=True)], "Piano"
    )
    middle = part([measure(note("G3", 8), first=True)], "Piano")
    sheet = read(written(parts=[upper, middle, lower])).sheet
    assert [chord.root for chord in sheet.chords] == [0]


def test_the_part_with_words_is_the_tune(read):
    flute = part([measure(notes("C6", "D6", "E6", "F6"), first=True)], "Flute")
    lyric = "<lyric><text>la</text></lyric>"
    voice = part([measure(notes("C4", "D4", "E4", "F4", extra=lyric), first=True)], "Staff 2")
    assert [pitch for _, _, pitch in tune(read(written(parts=[flute, voice])).sheet)] == [
        60,
        62,
        64,
        65,
    ]


def test_a_tune_alone_is_harmonised(read):
    sheet = read(
        written(
            measure(notes("C5", "E5", "G5", "E5"), first=True),
            measure(notes("F5", "A5", "F5", "A5")),
            measure(notes("G5", "B5", "D5", "B4")),
            measure(note("C5", 8)),
        )
    ).sheet
    assert [root for _, root, *_ in chords(sheet)] == [0, 5, 7, 0]


def test_repeats_and_their_endings_are_played(read):
    sheet = read(
        written(
            barline("left", "forward") + measure(note("C4", 8), first=True),
            barline("left", ending=("1", "start"))
            + measure(note("D4", 8))
            + barline("right", "backward", ("1", "stop")),
            barline("left", ending=("2", "start"))
            + measure(note("E4", 8))
            + barline("right", ending=("2", "stop")),
        )
    ).sheet
    assert [pitch for _, _, pitch in tune(sheet)] == [60, 62, 60, 64]


def test_da_capo_goes_to_fine(read):
    sheet = read(
        written(
            measure(note("C4", 8) + words("Fine"), first=True),
            measure(note("D4", 8) + words("D.C. al Fine")),
        )
    ).sheet
    assert [pitch for _, _, pitch in tune(sheet)] == [60, 62, 60]


def test_an_upbeat_lies_at_the_end_of_a_bar_whose_missing_beats_take_no_time(read):
    score = read(
        written(
            measure(note("G4", 2), first=True, metre="3/4"),
            measure(harmony("C") + note("C5", 6)),
            measure(note("C5", 4)),
        )
    )
    assert tune(score.sheet) == [(2, 1, 67), (3, 3, 72), (6, 2, 72)]
    assert score.grid.time_s(2) < 0.01
    assert score.sheet.chords[0].silent and score.sheet.chords[1].start == 3


def test_upbeats_of_repeats_complete_the_bar_before(read):
    sheet = read(
        written(
            measure(note("G4", 2), first=True, metre="3/4"),
            measure(note("C5", 6)),
            measure(note("E5", 4)) + barline("right", "backward"),
        )
    ).sheet
    assert tune(sheet) == [(2, 1, 67), (3, 3, 72), (6, 2, 76), (8, 1, 67), (9, 3, 72), (12, 2, 76)]
    assert sheet.bar_starts().tolist() == [0, 3, 6, 9, 12]


def test_compound_time_is_counted_in_dotted_quarters(read):
    score = read(written(tempo(90) + measure(note("G4", 3) + note("A4", 3), True, "6/8")))
    assert tune(score.sheet) == [(0, 1, 67), (1, 1, 69)]
    assert (score.sheet.beats_per_bar, score.sheet.division) == (2, 3)
    assert score.sheet.tempo_bpm == pytest.approx(60)


def test_metre_and_tempo_may_change(read):
    score = read(
        written(
            tempo(60) + measure(note("C4", 8), first=True),
            tempo(120) + measure(note("D4", 6), metre="3/4"),
        )
    )
    assert [metre.beats_per_bar for metre in score.sheet.metres] == [4, 3]
    np.testing.assert_allclose(score.grid.beat_times_s, [0, 1, 2, 3, 4, 4.5, 5, 5.5])


def test_transposing_instruments_sound(read):
    text = written(measure(note("D5", 8), first=True, fifths=2, attributes=transpose(-1, -2)))
    sheet = read(text).sheet
    assert sheet.notes[0].pitch == 72
    assert sheet.key == 0


def test_ties_are_one_note_and_grace_notes_none(read):
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    sheet = read(
        written(
            measure(rest(6) + grace + note("C5", 2, start), first=True),
            measure(note("C5", 4, stop) + note("D5", 4)),
        )
    ).sheet
    assert tune(sheet) == [(3, 3, 72), (6, 2, 74)]


def test_swing_in_words_is_swing(read):
    score = read(written(words("Medium Swing") + measure(note("C4", 8), first=True)))
    assert score.sheet.swing == score.grid.swing == pytest.approx(1 / 3)


def test_a_file_is_read_the_same_each_time(read):
    text = written(*[measure(notes("C5", "E5", "G5", "A5"), first=n == 0) for n in range(6)])
    assert read(text).sheet == read(text).sheet


QUARTER_TONE = note("C4", 8).replace("<octave>", "<alter>0.5</alter><octave>")
DRUM = (
    "<note><unpitched><display-step>C</display-step><display-octave>5</display-octave>"
    "</unpitched><duration>8</duration></note>"
)
REFUSED = {
    "expected a tune, found no notes of a pitch": [measure(rest(), first=True)],
    "expected a tune, found drums alone": [measure(DRUM, first=True)],
    "expected semitones, found a microtone": [measure(QUARTER_TONE, first=True)],
    "expected repeats that close, found": [
        barline("left", "forward") + measure(note("C4", 8), first=True),
        barline("left", "forward") + measure(note("C4", 8)),
        barline("left", "forward") + measure(note("C4", 8)),
        measure(note("C4", 8)) + barline("right", "backward"),
    ],
    "expected a tempo, found '0'": [tempo(0) + measure(note("C4", 8), first=True)],
    "expected at most 50,000 quarter notes, found": [measure(note("C4", 8_000_000), first=True)],
    "expected time signatures of at most 64 beats, found one of 65": [
        measure(note("C4", 8), first=True).replace("<beats>4</beats>", "<beats>65</beats>")
    ],
    "expected tempos of 5 to 1000 quarters a minute, found 4": [
        tempo(4) + measure(note("C4", 8), first=True)
    ],
}


@pytest.mark.parametrize("found", REFUSED)
def test_what_is_no_song_is_refused_in_one_line(read, found):
    with pytest.raises(ScoreError) as error:
        read(written(*REFUSED[found]))
    message = str(error.value)
    assert "song.musicxml: " + found in message
    assert message.count("\n") == 0 and message.count(": ") >= 2


def test_a_repeat_of_a_million_times_is_refused(read):
    bar = measure(note("C4", 8), first=True) + barline("right", "backward", times=1_000_000)
    with pytest.raises(ScoreError, match="expected repeats of at most"):
        read(written(bar))


def test_music21_stays_as_it_was(read, tmp_path):
    import music21

    before = sorted(tmp_path.rglob("*"))
    settings = music21.environment.Environment().getSettingsPath()
    existed = settings.exists()
    read(written(measure(note("C4", 8), first=True)))
    assert settings.exists() == existed
    assert len(sorted(tmp_path.rglob("*"))) == len(before) + 1


def test_chord_symbols_without_a_root_are_left_out(read):
    numeral = "<harmony><function>V</function><kind>major</kind></harmony>"
    text = written(measure(harmony("C") + note("E4", 4) + numeral + note("G4", 4), first=True))
    assert [chord.root for chord in read(text).sheet.chords] == [0]


def test_a_bar_without_end_is_refused(read):
    text = written(measure(note("E4", 1_000_000_000), first=True))
    with pytest.raises(ScoreError, match="quarter notes"):
        read(text)
