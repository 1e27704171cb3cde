"""Lead sheets: composed songs, public-domain tunes, drawing without mixing, the demo set."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kcarol.corpus.lead_sheet.compose import (
    DRUMS_ALONE,
    VALIDATION_TITLES,
    compose,
    draw_sheet,
    drums_alone,
    instrumental,
    is_validation_seed,
    join,
    reharmonise,
    transpose,
    trim,
    vary,
)
from kcarol.corpus.lead_sheet.demo_songs import DEMO_CAROL, DEMO_SONGS
from kcarol.corpus.lead_sheet.harmony import MAJOR, MINOR, draw_progression, parse_chord
from kcarol.corpus.lead_sheet.tunes import TITLES, read_tune, tune, tunes
from kcarol.transcription.lead_sheet import LeadSheet

TOLERANCE = 1e-6  # beats


def song(seed: int, length_s: float | None = 20.0) -> LeadSheet:
    return compose(np.random.default_rng(seed), length_s)


@pytest.fixture(scope="module")
def songs() -> list[LeadSheet]:
    return [song(seed) for seed in range(400)]


def assert_tiles(spans, n_beats: float) -> None:
    ends = [0.0] + [span.start + span.length for span in spans]
    assert all(abs(span.start - end) < TOLERANCE for span, end in zip(spans, ends, strict=False))
    assert abs(ends[-1] - n_beats) < TOLERANCE
    assert all(span.length > TOLERANCE for span in spans)


def assert_sound(sheet: LeadSheet) -> None:
    """What every lead sheet keeps to."""
    assert_tiles(sheet.chords, sheet.n_beats)
    assert_tiles(sheet.sections, sheet.n_beats)
    assert (
        abs(sheet.n_beats / sheet.beats_per_bar - round(sheet.n_beats / sheet.beats_per_bar))
        < TOLERANCE
    )
    for note, following in zip(sheet.notes, sheet.notes[1:], strict=False):
        assert note.start + note.length <= following.start + TOLERANCE
    assert all(note.length > 0 and note.start >= 0 for note in sheet.notes)
    assert (
        not sheet.notes
        or sheet.notes[-1].start + sheet.notes[-1].length <= sheet.n_beats + TOLERANCE
    )
    for section in sheet.sections:
        inside = [
            n
            for n in sheet.notes
            if section.start - TOLERANCE <= n.start < section.start + section.length
        ]
        assert section.sung or not inside
    assert len(sheet.accents) == 2 * sheet.beats_per_bar
    assert all(0 <= accent <= 1 for accent in sheet.accents)
    assert 0 <= sheet.swing <= 1 / 3 + TOLERANCE
    assert all(0 <= section.energy <= 1 for section in sheet.sections)


def chord_at(sheet: LeadSheet, beat: float):
    return next(c for c in reversed(sheet.chords) if c.start <= beat + TOLERANCE)


def strong_notes(sheet: LeadSheet) -> list[bool]:
    """Of the notes on strong beats: whether they belong to the chord."""
    strong = (0.0, 2.0) if sheet.beats_per_bar == 4 else (0.0,)
    return [
        note.pitch % 12 in chord_at(sheet, note.start).pitch_classes
        for note in sheet.notes
        if min(abs(note.start % sheet.beats_per_bar - beat) for beat in strong) < TOLERANCE
    ]


# composed songs


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), length_s=st.floats(4.0, 120.0))
def test_composed_excerpts_are_sound_and_as_long_as_asked_to_half_a_bar(seed, length_s):
    sheet = song(seed, length_s)
    assert_sound(sheet)
    bar_s = sheet.beats_per_bar * 60 / sheet.tempo_bpm
    assert abs(sheet.length_s - max(length_s, 2 * bar_s)) <= bar_s
    assert any(section.sung for section in sheet.sections)


def test_whole_songs_are_sound_and_between_half_a_minute_and_eight():
    for seed in range(40):
        sheet = song(seed, None)
        assert_sound(sheet)
        assert 30 <= sheet.length_s <= 480
        assert len({section.name for section in sheet.sections}) >= 2


def test_composed_tunes_stay_within_one_singers_range(songs):
    for sheet in songs:
        low, high = min(n.pitch for n in sheet.notes), max(n.pitch for n in sheet.notes)
        assert high - low <= 17
        assert 45 <= low and high <= 67 or 55 <= low and high <= 79


def test_strong_beats_carry_chord_tones(songs):
    per_song = [np.mean(strong) for strong in map(strong_notes, songs) if len(strong) >= 4]
    assert len(per_song) > 250
    assert np.mean(per_song) >= 0.85
    assert np.quantile(per_song, 0.02) >= 0.6


def test_tunes_are_neither_scales_nor_random_walks(songs):
    sizes = Counter()
    for sheet in songs:
        pitches = [note.pitch for note in sheet.notes]
        sizes.update(abs(b - a) for a, b in zip(pitches, pitches[1:], strict=False))
    total = sum(sizes.values())
    small, leaps = (
        sum(sizes[i] for i in (0, 1, 2)) / total,
        sum(sizes[i] for i in range(5, 13)) / total,
    )
    assert 0.55 <= small <= 0.9
    assert 0.04 <= leaps <= 0.25


def test_rhythms_of_a_section_come_back(songs):
    def bars(sheet):
        rhythm = {}
        for note in sheet.notes:
            bar = int(note.start // sheet.beats_per_bar)
            rhythm.setdefault(bar, []).append(round(note.start % sheet.beats_per_bar, 3))
        return [tuple(bar) for bar in rhythm.values()]

    shares = [
        Counter(found).most_common(1)[0][1] / len(found)
        for found in map(bars, songs)
        if len(found) >= 6
    ]
    assert np.mean([share >= 2 / 8 for share in shares]) > 0.6


def test_the_same_seed_composes_the_same_song_and_another_seed_another():
    assert song(5) == song(5)
    assert len({song(seed).notes for seed in range(50)}) == 50


def test_songs_spread_over_tempo_metre_key_mode_and_singer(songs):
    tempos = np.array([sheet.tempo_bpm for sheet in songs])
    assert tempos.min() >= 60 and tempos.max() <= 180
    assert np.all(np.histogram(tempos, bins=6, range=(60, 180))[0] >= 0.05 * len(songs))
    threes = np.mean([sheet.beats_per_bar == 3 for sheet in songs])
    assert 0.10 <= threes <= 0.21
    assert {sheet.key for sheet in songs} == set(range(12))
    assert 0.3 <= np.mean([sheet.mode == "minor" for sheet in songs]) <= 0.5
    assert 0.08 <= np.mean([sheet.swing > 0 for sheet in songs]) <= 0.3
    assert 0.3 <= np.mean([max(n.pitch for n in sheet.notes) <= 67 for sheet in songs]) <= 0.7


def test_songs_spread_over_harmony_and_form(songs):
    qualities = Counter(chord.quality for sheet in songs for chord in sheet.chords)
    assert set(qualities) == {
        "maj",
        "min",
        "dim",
        "aug",
        "sus4",
        "sus2",
        "6",
        "7",
        "maj7",
        "min7",
        "m7b5",
        "add9",
    }
    assert (
        0.05 <= np.mean([any(c.bass is not None for c in sheet.chords) for sheet in songs]) <= 0.6
    )
    lengths = {chord.length for sheet in songs for chord in sheet.chords}
    assert {2.0, 3.0, 4.0, 8.0} <= lengths
    assert {"verse", "prechorus", "chorus", "bridge", "intro", "outro"} <= {
        s.name for x in songs for s in x.sections
    }
    assert 0.08 <= np.mean([not sheet.sections[0].sung for sheet in songs]) <= 0.5
    progressions = {tuple((c.root - sheet.key) % 12 for c in sheet.chords[:4]) for sheet in songs}
    assert len(progressions) > 120


def test_some_whole_songs_lift_their_last_chorus_by_one_or_two_semitones():
    lifts = Counter()
    for seed in range(150):
        sheet = song(seed, None)
        choruses = [s for s in sheet.sections if s.name == "chorus"]
        if len(choruses) >= 2:
            first, last = (chord_at(sheet, s.start).root for s in (choruses[0], choruses[-1]))
            lifts[(last - first) % 12] += 1
    assert set(lifts) <= {0, 1, 2}
    assert 0.04 <= (lifts[1] + lifts[2]) / sum(lifts.values()) <= 0.3


@pytest.mark.parametrize("length_s", [0, -3.0, float("nan")])
def test_a_length_that_is_not_positive_is_refused(length_s):
    with pytest.raises(ValueError, match="above 0 s"):
        song(1, length_s)


# written tunes


@pytest.mark.parametrize("title", TITLES)
def test_each_written_tune_is_sound_and_its_downbeats_fit_its_chords(title):
    sheet = tune(title)
    assert_sound(sheet)
    downbeats = [
        n.pitch % 12 in chord_at(sheet, n.start).pitch_classes
        for n in sheet.notes
        if n.start % sheet.beats_per_bar < TOLERANCE
    ]
    assert np.mean(downbeats) >= 0.7
    assert chord_at(sheet, sheet.n_beats - 0.5).root == sheet.key or title == "Sakura"


def test_there_are_at_least_24_written_tunes_in_both_metres_and_modes():
    sheets = tunes()
    assert len(sheets) >= 24
    assert {(s.beats_per_bar, s.mode) for s in sheets.values()} == {
        (b, m) for b in (3, 4) for m in ("major", "minor")
    }


@pytest.mark.parametrize(
    "title, degrees",
    [
        ("Twinkle Twinkle Little Star", "0 0 7 7 9 9 7 5 5 4 4 2 2 0"),
        ("Frere Jacques", "0 2 4 0 0 2 4 0 4 5 7 4 5 7"),
        ("Joy to the World", "12 11 9 7 5 4 2 0 7 9 9 11 11 12"),
        ("Ode to Joy", "4 4 5 7 7 5 4 2 0 0 2 4 4 2 2"),
        ("Silent Night", "7 9 7 4 7 9 7 4 14 14 11 12 12 7"),
        ("God Rest Ye Merry, Gentlemen", "0 0 7 7 5 3 2 0 -2 0 2 3 5 7"),
    ],
)
def test_known_tunes_begin_with_their_known_degrees(title, degrees):
    sheet = tune(title)
    tonic = 60 + sheet.key
    found = [note.pitch - tonic for note in sheet.notes[: len(degrees.split())]]
    assert found == [int(degree) for degree in degrees.split()]


def test_the_notation_gives_pitch_length_tie_and_chord():
    sheet = read_tune("x", "D", 4, 100, '"D"f/ c3/2 =c _B,- | "A/C#"B, ^G2 z |')
    assert [n.pitch for n in sheet.notes] == [78, 73, 72, 58, 68]
    assert [n.length for n in sheet.notes] == [0.5, 1.5, 1, 2, 2]
    assert [(c.root, c.bass, c.start) for c in sheet.chords] == [(2, None, 0), (9, 1, 4)]


@pytest.mark.parametrize(
    "text, message", [('"C"C D E |', "expected 4 beats"), ('"C"C D E H |', "'H' in bar 1")]
)
def test_a_faulty_tune_is_named_with_its_bar(text, message):
    with pytest.raises(ValueError, match=message):
        read_tune("faulty", "C", 4, 100, text)


def test_an_unknown_title_is_refused_with_the_known_ones():
    with pytest.raises(KeyError, match="Jingle Bells"):
        tune("Last Christmas")


# chords


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


@pytest.mark.parametrize("mode, table", [("major", MAJOR), ("minor", MINOR)])
def test_progressions_are_readable_and_varied(mode, table):
    assert len(set(table)) >= 35
    rng = np.random.default_rng(0)
    drawn = {tuple(draw_progression(rng, mode)) for _ in range(400)}
    assert all(parse_chord(symbol) for chords in drawn for symbol in chords)
    assert len(drawn) > 100


# changing sheets


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), title=st.sampled_from(TITLES))
def test_a_varied_tune_keeps_its_intervals_and_fits_a_singer(seed, title):
    sheet = tune(title)
    varied = vary(sheet, np.random.default_rng(seed))
    assert_sound(varied)
    shift = varied.notes[0].pitch - sheet.notes[0].pitch
    assert [n.pitch - shift for n in varied.notes] == [n.pitch for n in sheet.notes]
    assert (varied.key - sheet.key - shift) % 12 == 0
    assert all(
        (b.root - a.root - shift) % 12 == 0
        for a, b in zip(sheet.chords, varied.chords, strict=True)
    )
    assert 45 <= min(n.pitch for n in varied.notes) and max(n.pitch for n in varied.notes) <= 79
    assert 60 <= varied.tempo_bpm <= 180


def test_trim_and_join_give_the_sheet_back():
    sheet = tune("Jingle Bells")
    again = join(trim(sheet, 0, 16), trim(sheet, 16, 16))
    assert again.notes == sheet.notes
    assert again.chords == sheet.chords
    with pytest.raises(ValueError, match="within the sheet's 32"):
        trim(sheet, 40, 4)


def test_transposing_there_and_back_changes_nothing():
    assert transpose(transpose(song(3), 5), -5) == song(3)


def test_instrumental_sheets_have_no_notes_and_keep_their_chords():
    sheet = instrumental(tune("Deck the Halls"))
    assert_sound(sheet)
    assert sheet.notes == () and sheet.chords == tune("Deck the Halls").chords


def test_reharmonised_tunes_have_other_chords_that_still_carry_the_tune():
    sheet = tune("Amazing Grace")
    found = [reharmonise(sheet, np.random.default_rng(seed)) for seed in range(30)]
    assert len({x.chords for x in found}) > 20
    assert all(x.notes == sheet.notes for x in found)
    assert np.mean([np.mean(strong_notes(x)) for x in found]) > 0.7


# drawing


@pytest.mark.parametrize("length_s", [6.0, 20.0, 45.0])
def test_drawn_sheets_are_sound_and_about_as_long_as_asked(length_s):
    for seed in range(60):
        sheet = draw_sheet(np.random.default_rng(seed), length_s, composed_share=0.4)
        assert_sound(sheet)
        assert sheet.notes
        assert abs(sheet.length_s - length_s) <= 4 * 60 / sheet.tempo_bpm


def test_training_and_validation_share_neither_tunes_nor_seeds():
    titles = {}
    for validation in (False, True):
        rng = np.random.default_rng(1)
        drawn = {draw_sheet(rng, 12.0, 0.5, validation).title for _ in range(250)}
        titles[validation] = drawn
        for title in drawn:
            if title.startswith("composed "):
                assert is_validation_seed(int(title.split()[1])) == validation
            else:
                assert (title in VALIDATION_TITLES) == validation
    assert not titles[True] & titles[False]
    assert set(VALIDATION_TITLES) <= titles[True]
    assert set(VALIDATION_TITLES) < set(TITLES)


def test_one_seed_in_sixteen_is_held_out_and_no_run_of_neighbours():
    held = np.array([is_validation_seed(seed) for seed in range(20_000)])
    assert 0.05 <= held.mean() <= 0.075
    assert not np.any(np.convolve(held, np.ones(6), "valid") == 6)


def test_the_composed_share_is_kept():
    rng = np.random.default_rng(2)
    composed = [draw_sheet(rng, 10.0).title.startswith("composed") for _ in range(400)]
    assert 0.8 <= np.mean(composed) <= 0.9


def test_drawing_is_deterministic():
    assert draw_sheet(np.random.default_rng(9), 20.0, 0.0) == draw_sheet(
        np.random.default_rng(9), 20.0, 0.0
    )


# the demo set


def test_the_demo_set_has_six_different_songs_and_a_carol():
    sheets = [demo["sheet"] for demo in DEMO_SONGS]
    assert len(sheets) == 6
    for sheet in [*sheets, DEMO_CAROL["sheet"]]:
        assert_sound(sheet)
        assert 30 <= sheet.length_s <= 60
        assert np.mean(strong_notes(sheet)) >= 0.6
    for trait in ("tempo_bpm", "key", "title"):
        assert len({getattr(sheet, trait) for sheet in sheets}) == 6
    assert len({demo["groove"] for demo in DEMO_SONGS}) == 6
    assert {demo["voice"] for demo in DEMO_SONGS} == {"female", "male", None}
    assert all(demo["title"] == demo["sheet"].title for demo in DEMO_SONGS)
    assert DEMO_CAROL["title"] in TITLES


def test_demo_tunes_fit_their_singers():
    ranges = {"female": (55, 79), "male": (45, 67)}
    for demo in DEMO_SONGS:
        low, high = ranges.get(demo["voice"], (45, 84))
        assert all(low <= note.pitch <= high for note in demo["sheet"].notes), demo["title"]


@given(seed=st.integers(0, 500), first=st.integers(0, 6), n_bars=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_bars_of_drums_alone_have_no_tune_and_no_chords_and_the_others_stay(seed, first, n_bars):
    sheet = song(seed)
    first = min(first, round(sheet.n_beats / sheet.beats_per_bar) - n_bars - 1)
    if first < 0:
        return
    out, start, end = (
        drums_alone(sheet, first, n_bars),
        first * sheet.beats_per_bar,
        (first + n_bars) * sheet.beats_per_bar,
    )
    assert_sound(out)
    assert out.n_beats == pytest.approx(sheet.n_beats)
    assert all(
        chord.silent == (start - TOLERANCE <= chord.start < end - TOLERANCE) for chord in out.chords
    )
    assert not [note for note in out.notes if start - TOLERANCE <= note.start < end - TOLERANCE]
    kept = [note for note in sheet.notes if not start - TOLERANCE <= note.start < end - TOLERANCE]
    assert [note.pitch for note in out.notes] == [note.pitch for note in kept]
    assert [note.start for note in out.notes] == pytest.approx([note.start for note in kept])


def test_some_drawn_sheets_have_drums_alone_and_every_drawn_sheet_is_sound():
    sheets = [draw_sheet(np.random.default_rng(seed), 20.0) for seed in range(300)]
    for sheet in sheets:
        assert_sound(sheet)
    with_drums = [sheet for sheet in sheets if any(chord.silent for chord in sheet.chords)]
    assert 0.6 * DRUMS_ALONE < len(with_drums) / len(sheets) < 1.3 * DRUMS_ALONE
    assert all(not all(chord.silent for chord in sheet.chords) for sheet in with_drums)
