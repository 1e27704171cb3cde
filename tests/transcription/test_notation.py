"""Facts about transcription: a sheet played exactly and written down again is the same sheet, and
plays the same.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sets
from transcriptions import labels_of, transcription_of, with_text

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.config import AudioConfig
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.harmony.key import find_key
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, Section, TimeGrid
from kcarol.transcription.notation import (
    BeatTimes,
    beat_grid,
    beats_at,
    find_text,
    lead_sheet_of,
    nearest_of,
    snapped,
)
from kcarol.transcription.song_level import SongLevel

AUDIO = AudioConfig()
FRAME_S = AUDIO.hop_length / AUDIO.sample_rate
SONGS = ["Silent Night", "Deck the Halls", "The First Noel", "Joy to the World"]


def decision_of(sheet, grid):
    """What a perfect listener would decide."""
    n_frames = AUDIO.n_frames(round(grid.length_s * AUDIO.sample_rate))
    return transcription_of(sheet_labels(sheet, grid, AUDIO, n_frames))


def written_again(sheet, seed=0, drift=0.01):
    grid = TimeGrid.of(sheet, np.random.default_rng(seed), drift)
    return grid, *lead_sheet_of(decision_of(sheet, grid), AUDIO, sheet.title)


@pytest.fixture(scope="module", params=[*SONGS, 0, 1, 2])
def song(request):
    sheet = (
        tune(request.param)
        if isinstance(request.param, str)
        else draw_sheet(np.random.default_rng(request.param), 30.0)
    )
    return sheet, *written_again(sheet)


def test_notes_come_back_at_their_pitch_within_two_frames(song):
    sheet, grid, again, again_grid = song
    assert [note.pitch for note in again.notes] == [note.pitch for note in sheet.notes]
    for end in (lambda note: note.start, lambda note: note.end):
        was, found = (
            grid.time_s([end(n) for n in sheet.notes]),
            again_grid.time_s([end(n) for n in again.notes]),
        )
        assert np.abs(was - found).max() <= 2 * FRAME_S


def chord_at(sheet, beat):
    return next(c for c in sheet.chords if c.start <= beat < c.end)


def sounding(sheet, beat):
    chord = chord_at(sheet, beat)
    return frozenset(chord.pitch_classes), chord.bass_class


def test_chords_come_back_on_their_half_beats(song):
    sheet, _, again, _ = song
    halves = [
        beat for beat in np.arange(0.25, sheet.n_beats, 0.5) if not chord_at(sheet, beat).silent
    ]
    same = [sounding(sheet, beat) == sounding(again, beat) for beat in halves]
    # sevenths and sixths are of the same notes; chords shorter than a half beat are not kept
    assert np.mean(same) > 0.98


def test_grid_begins_at_nought_rises_and_keeps_every_beat_within_a_frame(song):
    sheet, grid, again, again_grid = song
    times_s = again_grid.beat_times_s
    assert times_s[0] == 0 and (np.diff(times_s) > 0).all()
    assert again.beats_per_bar == sheet.beats_per_bar == again_grid.beats_per_bar
    assert (
        len(times_s) == len(grid.beat_times_s)
        and np.abs(times_s - grid.beat_times_s).max() <= 1.5 * FRAME_S
    )
    assert abs(again.tempo_bpm / sheet.tempo_bpm - 1) < 0.03
    assert again.n_beats == len(times_s) - 1 and times_s[-1] >= grid.length_s


def test_groove_comes_back(song):
    sheet, _, again, _ = song
    was = np.asarray(sheet.accents or (1.0,) + (0.0,) * (2 * sheet.beats_per_bar - 1)) >= 0.5
    assert np.array_equal(was, np.asarray(again.accents) >= 0.5)
    eighths = np.arange(0, sheet.n_beats, 0.5)
    assert all(sheet.is_accented(beat) == again.is_accented(beat) for beat in eighths)


def test_a_groove_that_changes_between_sections_comes_back():
    sheet, other = scale_sheet(n_bars=16), (0.0, 1.0) * 4
    sections = (Section("verse", 0, 32, 0.4), Section("solo", 32, 32, 0.9, accents=other))
    verse = tuple(note for note in sheet.notes if note.start < 32)
    _, again, _ = written_again(replace(sheet, notes=verse, sections=sections))
    found = {s.start: (s.name, s.sung) for s in again.sections}
    assert found[0] == ("verse", True) and found[32] == ("outro", False)
    assert [again.is_accented(beat) for beat in np.arange(0, 32, 0.5)] == [
        beat % 4 == 0 for beat in np.arange(0, 32, 0.5)
    ]
    assert [again.is_accented(beat) for beat in np.arange(32, 64, 0.5)] == [False, True] * 32


def test_sections_cover_the_song_with_the_mean_energy_of_their_bars(song):
    sheet, _, again, _ = song
    edges = [(s.start, s.end) for s in again.sections]
    assert edges[0][0] == 0 and edges[-1][1] == again.n_beats
    assert all(a[1] == b[0] for a, b in zip(edges[:-1], edges[1:], strict=True))
    for section in again.sections:
        beats = np.arange(section.start + 0.5, min(section.end, sheet.n_beats))
        energies = [sheet.energy_at(beat) for beat in beats]
        assert section.energy == pytest.approx(np.mean(energies), abs=0.06)


@pytest.mark.parametrize("style", ["bells", "brass"])
def test_the_carol_is_played_with_the_same_strokes(style):
    sheet = tune("Joy to the World")
    grid, again, again_grid = written_again(sheet)
    again = replace(again, sections=sheet.sections, bars=sheet.bars)
    was, found = (
        arrange_carol(sheet, grid, STYLES[style]),
        arrange_carol(again, again_grid, STYLES[style]),
    )
    for one, other in zip(was, found, strict=True):
        assert abs(len(one.strokes) - len(other.strokes)) <= 0.03 * len(one.strokes)
        at = np.array([stroke.start_s for stroke in other.strokes])
        pitch = np.array([stroke.pitch for stroke in other.strokes])
        kept = [
            (np.abs(at[pitch == s.pitch] - s.start_s) <= 2 * FRAME_S).any() for s in one.strokes
        ]
        assert np.mean(kept) > 0.97, one.name


def scale_sheet(n_bars=4, bar=4):
    notes = tuple(Note(float(i), 1.0, 60 + (i % 5)) for i in range(bar * n_bars))
    chords = tuple(Chord(float(bar * i), float(bar), 0) for i in range(n_bars))
    return LeadSheet(
        "scale", 120, bar, 0, "major", notes, chords, (Section("verse", 0, bar * n_bars),)
    )


def test_where_nothing_sounds_the_last_chord_holds():
    sheet = scale_sheet()
    transcription = decision_of(sheet, TimeGrid.of(sheet))
    transcription.chord[250:300] = 0
    transcription.bass[250:300] = 0
    again, _ = lead_sheet_of(transcription, AUDIO)
    assert again.chords == (Chord(0.0, 16.0, 0),)


def test_a_song_without_tune_or_chords_is_written_down_too():
    sheet = scale_sheet()
    transcription = decision_of(sheet, TimeGrid.of(sheet))
    silent = replace(
        transcription,
        tune=np.full_like(transcription.tune, -1),
        onset=0 * transcription.onset,
        chord=0 * transcription.chord,
        bass=0 * transcription.bass,
        energy=0 * transcription.energy,
    )
    again, _ = lead_sheet_of(silent, AUDIO)
    assert again.notes == () and len(again.chords) == 1 and again.chords[0].length == 16
    assert [s.sung for s in again.sections] == [False]


# --- grid


def song_with_beats(beats_s, firsts, metre, length_s):
    """A song of which only the beats and the numbers of those that begin bars are told."""
    beats = np.round(np.asarray(beats_s) / FRAME_S).astype(int)
    sheet = scale_sheet()
    n_frames = round(length_s / FRAME_S)
    number = np.arange(len(beats))
    bar = np.searchsorted(firsts, number, side="right") - 1
    positions = np.where(bar < 0, number - firsts[0] + metre, number - np.array(firsts)[bar])
    empty = decision_of(sheet, TimeGrid.of(sheet))
    frames = {
        name: np.resize(value, (n_frames, *value.shape[1:]))
        for name, value in vars(empty).items()
        if isinstance(value, np.ndarray) and len(value) == len(empty)
    }
    return replace(
        empty,
        **frames,
        beats=beats,
        positions=positions,
        metres=np.full(len(beats), metre),
        divisions=np.full(len(beats), 2),
        level=SongLevel.steady(n_frames),
    )


@pytest.mark.parametrize("metre", [3, 4, 5])
@pytest.mark.parametrize("pickup", [0, 1, 2])
@pytest.mark.parametrize("first_s", [0.0, 0.192, 0.4])
def test_every_bar_of_the_grid_begins_at_a_downbeat(metre, pickup, first_s):
    beats_s = first_s + 0.512 * np.arange(24)
    song = song_with_beats(beats_s, np.arange(pickup, 24, metre), metre, 12.8)
    times_s, metres = beat_grid(song, 1 / FRAME_S)
    assert metres == (Metre(0.0, metre),) and 0 <= times_s[0] <= beats_s[0]
    assert (np.diff(times_s) > 0).all() and times_s[-1] >= 12.8
    bars = times_s[::metre]
    assert all(np.abs(bars - downbeat).min() < FRAME_S for downbeat in beats_s[pickup::metre])


@pytest.mark.parametrize("pickup", [0, 1, 2])
@pytest.mark.parametrize("first_s", [0.0, 0.096, 0.4])
def test_every_beat_is_where_it_was_heard(pickup, first_s):
    beats_s = first_s + 0.512 * np.arange(24)
    song = song_with_beats(beats_s, np.arange(pickup, 24, 4), 4, 12.8)
    times_s, _ = beat_grid(song, 1 / FRAME_S)
    off_s = np.abs(times_s[:, None] - beats_s).min(0)
    assert off_s[1:].max() < FRAME_S / 2
    # the beats that a first bar lacks do not come before the song, though this one begins late
    assert off_s[0] <= (0.012 if first_s == 0 else 1e-9)


@pytest.mark.parametrize("silent_s, begins_s", [(0.0, 0.0), (0.096, 0.096), (0.304, 0.4)])
def test_a_grid_begins_where_the_song_sounds_or_at_its_first_beat(silent_s, begins_s):
    """At its first beat if that is within half a beat."""
    song = song_with_beats(0.4 + 0.512 * np.arange(24), np.arange(0, 24, 4), 4, 12.8)
    fade_db = song.level.fade_db.copy()
    fade_db[: round(silent_s / FRAME_S)] = -75
    song = replace(song, level=replace(song.level, fade_db=fade_db))
    times_s, _ = beat_grid(song, 1 / FRAME_S)
    assert begins_s in times_s and times_s[0] >= silent_s - 1e-9
    assert min(abs(times_s - 0.4)) < 1e-9


@pytest.mark.parametrize("beats_in_bar", [3, 5, 7])
def test_a_bar_of_another_length_is_of_another_metre(beats_in_bar):
    firsts = np.r_[0, 4, 8, 8 + beats_in_bar + 4 * np.arange(5)]
    song = song_with_beats(0.512 * np.arange(40), firsts, 4, 20.0)
    times_s, metres = beat_grid(song, 1 / FRAME_S)
    after = 8.0 + beats_in_bar
    assert metres == (Metre(0.0, 4), Metre(8.0, beats_in_bar), Metre(after, 4))
    assert np.allclose(np.diff(times_s)[:-1], 0.512, atol=FRAME_S)


def test_one_beat_is_not_enough():
    with pytest.raises(ValueError, match="expected at least two beats of a song, found 1"):
        beat_grid(song_with_beats([1.0], np.array([0]), 4, 2.0), 1 / FRAME_S)


def test_changes_of_metre_and_compound_time_are_written():
    song = song_with_beats(0.512 * np.arange(40), np.r_[0:16:4, 16:40:3], 4, 21.0)
    song = replace(song, metres=np.repeat([4, 3], [16, 24]), divisions=np.repeat([2, 3], [16, 24]))
    sheet, _ = lead_sheet_of(song, AUDIO)
    assert sheet.metres == (Metre(0.0, 4), Metre(16.0, 3, 3))
    assert all(len(s.accents) == sheet.metre_at(s.start).parts_per_bar for s in sheet.sections)
    assert 16.0 in {section.start for section in sheet.sections}


def test_positions_in_beats_are_the_inverse_of_the_grid():
    grid = TimeGrid.of(tune("Silent Night"), np.random.default_rng(0), 0.02)
    beats = np.linspace(0, 20, 77)
    assert np.allclose(beats_at(grid.beat_times_s, grid.time_s(beats)), beats)


# --- names


@pytest.mark.parametrize("title", SONGS)
def test_the_key_is_that_of_the_sheet(title):
    sheet = tune(title)
    transcription = decision_of(sheet, TimeGrid.of(sheet))
    assert find_key(transcription.tune, transcription.content.chord.numpy()) == (
        sheet.key,
        sheet.mode,
    )


def test_notes_snap_to_quarters_and_thirds_nearby_and_to_nothing_farther_away():
    times_s = np.arange(9.0)
    assert np.allclose(snapped(np.array([1.26, 2.32, 3.1]), times_s, 0.02), [1.25, 7 / 3, 3.1])


# --- text


BEATS = BeatTimes(np.arange(17) * 0.5, AUDIO.frame_rate)  # 120 bpm


def frame_at(beat):
    return round(beat * 0.5 * AUDIO.frame_rate)


def text_of(sung, notes, n_beats=16):
    """The text of (start, end, vowel, begins) in beats."""
    vowel = np.full(frame_at(n_beats), NO_VOWEL)
    begins = np.zeros(len(vowel), bool)
    for start, end, number, is_first in sung:
        vowel[frame_at(start) : frame_at(end)] = number
        begins[frame_at(start)] = is_first
    return find_text(vowel, begins, notes, BEATS)


def test_a_vowel_that_begins_near_a_note_begins_with_it():
    notes = [Note(2.0, 1.0, 60), Note(3.0, 1.0, 62)]
    text = text_of([(2.1, 3.1, 0, True), (3.1, 4.0, 2, True)], notes)
    assert [(v.start, v.vowel, v.begins) for v in text] == [(2.0, 0, True), (3.0, 2, True)]
    assert text[0].end == 3.0
    assert text[1].end == pytest.approx(4.0, abs=0.05)


def test_a_vowel_that_begins_within_a_note_stays_where_it_was_sung():
    text = text_of([(2.0, 2.6, 0, True), (2.6, 4.0, 2, False)], [Note(2.0, 2.0, 60)])
    assert [v.begins for v in text] == [True, False]
    assert text[1].start == text[0].end == pytest.approx(2.6, abs=0.05)


def test_a_syllable_on_the_same_vowel_is_told_apart():
    text = text_of([(2.0, 3.0, 0, True), (3.0, 4.0, 0, True)], [])
    assert [v.vowel for v in text] == [0, 0]


def test_where_no_vowel_is_known_there_is_no_text():
    assert text_of([], [Note(2.0, 1.0, 60)]) == ()
    text = text_of([(2.0, 3.0, 1, True), (5.0, 6.0, 1, True)], [])
    assert [(round(v.start, 1), round(v.end, 1)) for v in text] == [(2.0, 3.0), (5.0, 6.0)]


def test_the_text_of_a_song_is_sorted_does_not_overlap_and_lies_in_the_sheet():
    heard = with_text(transcription_of(labels_of("Silent Night", drift=0.02)))
    sheet, _ = lead_sheet_of(heard, AUDIO)
    assert len(sheet.text) > 0.8 * len(sheet.notes)
    for one, following in zip(sheet.text, sheet.text[1:], strict=False):
        assert 0 < one.length and one.end <= following.start + 1e-9
    assert sheet.text[0].start >= 0 and sheet.text[-1].end <= sheet.n_beats
    starts = {note.start for note in sheet.notes}
    assert sum(vowel.start in starts for vowel in sheet.text if vowel.begins) > 20


@given(
    sets(integers(0, 40), min_size=1, max_size=8), lists(integers(-10, 50), min_size=1, max_size=20)
)
def test_the_nearest_of_sorted_values_is_that_of_all_pairs(values, places):
    values, places = np.sort(np.array(list(values))) / 4, np.array(places) / 8
    expected = values[np.abs(values[:, None] - places).argmin(0)]
    assert np.array_equal(nearest_of(values, places), expected)
