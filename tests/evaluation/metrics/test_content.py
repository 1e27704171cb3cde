"""How much of harmony and tune is left."""

from __future__ import annotations

import numpy as np
import pytest
from tunes import TUNE, noise, sung_notes, tones

from kcarol.evaluation import metrics


@pytest.fixture(scope="module")
def song_chroma(song) -> np.ndarray:
    return metrics.chromagram(song)


def test_chroma_similarity_of_a_copy_is_one(song_chroma):
    assert metrics.chroma_similarity(song_chroma, song_chroma) == pytest.approx(1, abs=1e-5)


def test_chroma_similarity_of_a_flat_output_is_zero(song_chroma):
    flat = np.ones_like(song_chroma)
    assert metrics.chroma_similarity(song_chroma, flat) == pytest.approx(0, abs=1e-6)


def test_chroma_similarity_is_not_fooled_by_noise(song_chroma, song):
    noisy = metrics.chromagram(noise(len(song)))
    assert abs(metrics.chroma_similarity(song_chroma, noisy)) < 0.15


def test_chroma_similarity_falls_when_the_song_is_transposed(song_chroma):
    assert metrics.chroma_similarity(song_chroma, np.roll(song_chroma, 1, axis=0)) < 0.2


def test_silent_source_frames_do_not_count(song_chroma):
    pause = np.zeros((12, 50), np.float32)
    with_pause = np.concatenate([song_chroma, pause], axis=1)
    assert metrics.chroma_similarity(with_pause, with_pause) == pytest.approx(1, abs=1e-5)
    assert np.isnan(metrics.chroma_similarity(pause, pause))


def test_retrieval_is_mean_reciprocal_rank():
    matrix = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.3, 0.4, 0.2]])
    assert metrics.retrieval(matrix) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert metrics.retrieval(matrix, np.array([0, 0, 1])) == pytest.approx(1)


def test_a_constant_or_undefined_output_is_no_better_than_the_last_rank():
    assert metrics.retrieval(np.zeros((4, 4))) == pytest.approx(1 / 4)
    assert metrics.retrieval(np.full((1, 4), np.nan)) == pytest.approx(1 / 4)


def test_retrieval_of_one_song_is_one():
    assert metrics.retrieval(np.array([[0.3], [0.2]]), np.array([0, 0])) == 1


def test_retrieval_chance_is_that_of_a_random_order():
    assert round(metrics.retrieval_chance(11), 2) == 0.27
    assert round(metrics.retrieval_chance(15), 2) == 0.22


def test_notes_that_are_played_are_found_and_moved_ones_are_not():
    chroma = metrics.chromagram(tones([[note] for note in TUNE]))
    assert metrics.note_at_k(chroma, sung_notes(), 1)["note"] == 1
    assert metrics.note_at_k(chroma, sung_notes(12), 1)["note"] == 1  # octaves do not matter
    assert metrics.note_at_k(chroma, sung_notes(1), 1)["note"] == 0
    assert metrics.note_at_k(chroma, sung_notes(), 1)["const"] < 0.5


def test_a_drone_has_no_more_note_than_const():
    chroma = np.tile(np.linspace(0, 1, 12)[:, None], (1, 400))
    found = metrics.note_at_k(chroma, sung_notes(), 3)
    assert found["note"] == found["const"]


def test_flat_chroma_hits_no_note_and_shift_is_the_mean_of_all_other_classes(song_chroma):
    flat = metrics.note_at_k(np.ones((12, 400)), sung_notes(), 3)
    assert flat == {"note": 0, "shift": 0, "const": 0}
    found = metrics.note_at_k(song_chroma, sung_notes(), 3)
    assert found["shift"] == pytest.approx((3 - found["note"]) / 11)


def test_notes_beyond_the_sound_are_left_out():
    late = [metrics.SungNote(100.0, 1.0, 60)]
    assert np.isnan(metrics.note_at_k(np.ones((12, 100)), late, 3)["note"])


def test_chords_of_known_triads_are_named_and_agree():
    triads = [[48, 52, 55], [45, 48, 52], [53, 57, 60]]
    chroma = metrics.chromagram(tones(triads, note_s=2, decay_s=2))
    edges_s = np.array([0.2, 1.8, 3.8, 5.8])
    assert metrics.chord_labels(chroma, edges_s) == ["C:maj", "A:min", "F:maj"]
    assert metrics.chord_labels(np.ones((12, 99)), edges_s[:2]) == ["N"]
    beats_s = np.arange(0, 6, 0.5)
    assert metrics.chord_agreement(chroma, chroma, beats_s) == 1
    assert metrics.chord_agreement(chroma, np.roll(chroma, 1, axis=0), beats_s) == 0
