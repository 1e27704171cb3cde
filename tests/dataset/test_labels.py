"""Labels: packing, windows, content, files."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kcarol.config import TUNE_LOWEST
from kcarol.dataset.labels import N_PACKED, NO_NOTE, SCALE, Labels, load_labels, save_labels, unpack
from kcarol.model.content import N_PITCHES

N_FRAMES = 300


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(0)
    flags = rng.random((4, N_FRAMES)) < 0.2
    shares = rng.random((3, N_FRAMES)).astype(np.float32)
    return Labels(
        tune=rng.choice([NO_NOTE, 55, 60, 64], N_FRAMES).astype(np.int16),
        onset=flags[0],
        chord=rng.random((N_FRAMES, 12)) < 0.3,
        bass=rng.integers(NO_NOTE, 12, N_FRAMES).astype(np.int8),
        beat=flags[1],
        downbeat=flags[2],
        beat_position=shares[0],
        bar_position=shares[1],
        accent=flags[3],
        energy=shares[2],
        tune_shift=12,
    )


def test_packed_labels_make_the_round_trip(labels):
    packed = labels.packed()
    assert packed.shape == (N_FRAMES, N_PACKED) and packed.dtype == np.int16
    again = Labels.from_packed(packed)
    for name, values in vars(labels).items():
        exact = not name.endswith("position") and name != "energy"
        np.testing.assert_allclose(vars(again)[name], values, atol=0 if exact else 0.5001 / SCALE)
    assert np.array_equal(again.packed(), packed)


def test_labels_of_no_frames_make_the_round_trip():
    assert Labels.from_packed(np.zeros((0, N_PACKED), np.int16)).packed().shape == (0, N_PACKED)


def test_labels_make_the_round_trip_through_a_file(labels, tmp_path):
    packed = {"a": labels.packed(), "name.with.dots": labels.packed()[:7]}
    save_labels(tmp_path / "labels.safetensors", packed)
    loaded = load_labels(tmp_path / "labels.safetensors")
    assert loaded.keys() == packed.keys()
    assert all(np.array_equal(loaded[name], packed[name]) for name in packed)


def test_content_has_the_tune_in_the_carols_register(labels):
    content, sung = labels.content(), labels.tune != NO_NOTE
    assert np.array_equal(content.tune.sum(-1).numpy() > 0, sung)
    carol_pitch = content.tune.argmax(-1).numpy() + TUNE_LOWEST
    assert np.array_equal(carol_pitch[sung], labels.tune[sung] + 12)
    assert np.array_equal(content.chord.numpy() > 0, labels.chord)
    assert np.array_equal(content.onset[:, 0].numpy() > 0, labels.onset)
    assert np.array_equal(content.accent[:, 0].numpy() > 0, labels.accent)
    assert np.allclose(content.energy[:, 0], labels.energy, atol=1e-4)


def test_targets_have_a_class_for_none(labels):
    targets = unpack(torch.from_numpy(labels.packed())[None])
    tune, bass = targets.tune[0].numpy(), targets.bass[0].numpy()
    assert np.array_equal(tune == N_PITCHES, labels.tune == NO_NOTE)
    assert np.array_equal(bass, np.where(labels.bass == NO_NOTE, 12, labels.bass))
    assert np.array_equal(targets.downbeat[0, :, 0].numpy() > 0, labels.downbeat)
    assert targets.tune_shift.tolist() == [12]


def test_window_of_labels_is_a_window_of_their_packed_form(labels):
    assert np.array_equal(labels.window(37, 200).packed(), labels.packed()[37:237])
