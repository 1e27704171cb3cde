"""Composed songs."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_sheets import assert_sound, chord_at, composed, strong_notes

from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.composed_song import SINGERS_MIDI
from kcarol.transcription.lead_sheet import LeadSheet


@pytest.fixture(scope="module")
def songs() -> list[LeadSheet]:
    return [composed(seed) for seed in range(400)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), length_s=st.floats(4.0, 120.0))
def test_composed_excerpts_are_sound_and_as_long_as_asked_to_half_a_bar(seed, length_s):
    sheet = composed(seed, length_s)
    assert_sound(sheet)
    bar_s = sheet.beats_per_bar * 60 / sheet.tempo_bpm
    may_change = any(section.accents for section in sheet.sections)
    tolerance_s = 2 * 7 * 60 / sheet.tempo_bpm if may_change else bar_s
    assert abs(sheet.length_s - max(length_s, 2 * bar_s)) <= tolerance_s
    assert any(section.sung for section in sheet.sections)


def test_whole_songs_are_sound_and_between_half_a_minute_and_eight():
    for seed in range(40):
        sheet = composed(seed, None)
        assert_sound(sheet)
        assert 30 <= sheet.length_s <= 480
        assert len({section.name for section in sheet.sections}) >= 2


def test_composed_tunes_stay_within_one_singers_range(songs):
    for sheet in songs:
        low, high = min(n.pitch for n in sheet.notes), max(n.pitch for n in sheet.notes)
        assert high - low <= 17
        assert any(lowest <= low and high <= highest for lowest, highest in SINGERS_MIDI.values())


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
    assert composed(5) == composed(5)
    assert len({composed(seed).notes for seed in range(50)}) == 50


def test_songs_spread_over_tempo_metre_key_mode_and_singer(songs):
    tempos = np.array([sheet.tempo_bpm for sheet in songs])
    assert tempos.min() >= 40 and tempos.max() <= 215
    assert np.all(np.histogram(tempos, bins=6, range=(60, 180))[0] >= 0.05 * len(songs))
    metres = Counter((sheet.beats_per_bar, sheet.division) for sheet in songs)
    assert set(metres) == {(n, 2) for n in (2, 3, 4, 5, 7)} | {(n, 3) for n in (2, 3, 4)}
    assert 0.53 <= metres[4, 2] / len(songs) <= 0.7
    assert all(count >= 3 for count in metres.values())
    assert 0.04 <= np.mean([bool(sheet.changes) for sheet in songs]) <= 0.12
    assert {sheet.key for sheet in songs} == set(range(12))
    assert 0.3 <= np.mean([sheet.mode == "minor" for sheet in songs]) <= 0.5
    assert 0.08 <= np.mean([sheet.swing > 0 for sheet in songs]) <= 0.3
    assert 0.3 <= np.mean([max(n.pitch for n in sheet.notes) <= 67 for sheet in songs]) <= 0.7
    assert min(n.pitch for sheet in songs for n in sheet.notes) < 40
    assert max(n.pitch for sheet in songs for n in sheet.notes) > 84


def test_plain_songs_are_in_four_or_three_throughout_and_for_the_usual_voices():
    songs = [compose(np.random.default_rng(seed), 20.0, plain=True) for seed in range(150)]
    assert {(sheet.beats_per_bar, sheet.division) for sheet in songs} == {(3, 2), (4, 2)}
    assert not any(sheet.changes for sheet in songs)
    assert all(45 <= note.pitch <= 79 for sheet in songs for note in sheet.notes)


def test_a_section_in_another_metre_has_whole_bars_and_a_groove_of_that_metre(songs):
    changing = [sheet for sheet in songs if sheet.changes]
    for sheet in changing:
        for section in sheet.sections:
            metre = sheet.metre_at(section.start)
            assert section.start in sheet.bar_starts()
            assert len(section.accents) == metre.parts_per_bar
        starts = {section.start for section in sheet.sections}
        assert {metre.start for metre in sheet.changes} <= starts


def test_in_compound_time_tunes_move_in_thirds_of_beats(songs):
    compound = [sheet for sheet in songs if sheet.division == 3 and not sheet.changes]
    starts = np.concatenate([[note.start for note in sheet.notes] for sheet in compound])
    thirds = np.abs(starts * 3 - np.round(starts * 3)) < 1e-6
    assert thirds.mean() > 0.8 and 0.3 < np.mean(starts % 1 > 1e-6)


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
        sheet = composed(seed, None)
        choruses = [s for s in sheet.sections if s.name == "chorus"]
        if len(choruses) >= 2:
            first, last = (chord_at(sheet, s.start).root for s in (choruses[0], choruses[-1]))
            lifts[(last - first) % 12] += 1
    assert set(lifts) <= {0, 1, 2}
    assert 0.04 <= (lifts[1] + lifts[2]) / sum(lifts.values()) <= 0.3


@pytest.mark.parametrize("length_s", [0, -3.0, float("nan")])
def test_a_length_that_is_not_positive_is_refused(length_s):
    with pytest.raises(ValueError, match="above 0 s"):
        composed(1, length_s)
