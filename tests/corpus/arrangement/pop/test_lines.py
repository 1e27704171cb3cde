"""The tune and the lines around it."""

import numpy as np
import pytest
from pop_songs import plain_song

from kcarol.corpus.arrangement.pop import lines
from kcarol.corpus.arrangement.pop.score import Score

SCORES = [Score.of(plain_song(seed)) for seed in range(12)]


@pytest.mark.parametrize("line", [lines.solo, lines.rap])
def test_solos_and_rap_leave_the_sung_sections_alone(line):
    found = 0
    for seed, score in enumerate(SCORES):
        for event in line(score, np.random.default_rng(seed)):
            assert not score.sections[score.section_at(event.beat)].sung
            found += 1
    assert found > 50


def test_drones_are_tonic_and_fifth():
    for seed, score in enumerate(SCORES):
        pitches = {event.pitch for event in lines.drone(score, np.random.default_rng(seed))}
        assert {(pitch - score.sheet.key) % 12 for pitch in pitches} <= {0, 7}


@pytest.mark.parametrize("way, steps", [("unison", {0}), ("octave", {-12, 12})])
def test_second_voices_keep_their_distance(way, steps):
    for seed, score in enumerate(SCORES):
        rng = np.random.default_rng(seed)
        tune = lines.tune_line(score, rng, frozenset({1, 2}), played=False)
        pitches = {event.beat: event.pitch for event in tune}
        second = lines.second_voice(score, rng, tune, way)
        assert {event.pitch - pitches[event.beat] for event in second} <= steps


def test_backing_voices_sing_chord_tones_and_move_little():
    for seed, score in enumerate(SCORES):
        events = lines.backing_voice(score, np.random.default_rng(seed), 0)
        for event in events:
            assert event.pitch % 12 in score.chord_at(event.beat).pitch_classes
        pitches = [event.pitch for event in events]
        assert all(abs(step) <= 6 for step in np.diff(pitches))
