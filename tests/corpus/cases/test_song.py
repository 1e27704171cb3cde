"""Chords, tune and strokes of a case."""

import numpy as np
import pytest

from kcarol.corpus.cases.passages import Metre
from kcarol.corpus.cases.song import (
    KICK,
    Song,
    break_chords,
    draw_groove,
    draw_tune,
    second_voice,
    strike_bass,
    strike_chords,
)

NAMES = ("2/4", "3/4", "4/4", "5/4", "7/8", "6/8", "9/8", "12/8")


@pytest.fixture(params=NAMES)
def metre(request):
    return Metre.named(request.param)


@pytest.fixture
def song():
    return Song.draw(np.random.default_rng(1))


def tune_of(song, metre, n_bars=8, seed=0):
    chords = song.chords(metre, n_bars * metre.beats)
    return chords, draw_tune(song, metre, chords, 58, 76, np.random.default_rng(seed))


def test_each_bar_has_a_chord(song, metre):
    chords = song.chords(metre, 5 * metre.beats)
    assert [c.start for c in chords] == [k * metre.beats for k in range(5)]
    assert chords[-1].end == 5 * metre.beats


def test_a_tune_stays_in_its_range_one_note_at_a_time(song, metre):
    _, tune = tune_of(song, metre)
    assert all(58 <= note.pitch <= 76 for note in tune)
    assert all(a.end <= b.start + 1e-6 for a, b in zip(tune, tune[1:], strict=False))


def test_notes_on_the_beat_belong_to_the_chord(song, metre):
    chords, tune = tune_of(song, metre)
    on_beat = [note for note in tune if abs(note.start - round(note.start)) < 1e-3]
    assert len(on_beat) > 8
    for note in on_beat:
        assert note.pitch % 12 in chords[int(note.start + 1e-3) // metre.beats].pitch_classes


def test_bars_begin_with_a_kick_and_the_chords_bass(song, metre):
    chords = song.chords(metre, 4 * metre.beats)
    hits = draw_groove(metre, 4 * metre.beats, np.random.default_rng(0))
    assert {c.start for c in chords} <= {beat for beat, drum in hits if drum == KICK}
    bass = strike_bass(chords, hits)
    first = {note.start: note.pitch % 12 for note in bass}
    assert all(first[c.start] == c.bass_class for c in chords)
    assert sum(note.length for note in bass) == pytest.approx(4 * metre.beats)


def test_accompaniment_has_the_chords_tones_and_no_others(song, metre):
    chords = song.chords(metre, 4 * metre.beats)
    for notes in (strike_chords(song, chords), break_chords(chords, metre)):
        for chord in chords:
            sounding = {n.pitch % 12 for n in notes if chord.start <= n.start < chord.end - 1e-6}
            assert sounding <= set(chord.pitch_classes)


def test_the_second_voice_sings_below_in_the_scale(song):
    _, tune = tune_of(song, Metre.named("4/4"))
    second = second_voice(tune, song.scale)
    assert all(3 <= a.pitch - b.pitch <= 5 for a, b in zip(tune, second, strict=True))
    assert {note.pitch % 12 for note in second} <= song.scale
