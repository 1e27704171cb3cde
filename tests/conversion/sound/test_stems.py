"""Facts about what each group of parts adds to a carol."""

import numpy as np
import pytest

from kcarol.audio.disk_buffer import DiskWave
from kcarol.conversion.sound import stems as stems_module
from kcarol.conversion.sound.stems import PIECE_SAMPLES, Stems, make_add_up_

RATE = 48_000


def tone(hz, n_samples):
    left = np.sin(2 * np.pi * hz * np.arange(n_samples) / RATE)
    return np.stack([left, 0.5 * left]).astype(np.float32)


def energy_db(wave):
    return 10 * np.log10(np.mean(np.square(wave)) + 1e-20)


def test_groups_that_add_up_already_stay_as_they_are():
    alone = [tone(440, RATE), tone(660, RATE)]
    stems = [wave.copy() for wave in alone]
    make_add_up_(stems, sum(alone))
    for stem, wave in zip(stems, alone, strict=True):
        np.testing.assert_allclose(stem, wave, atol=1e-5)


def test_a_carol_in_another_phase_is_shared_out_by_frequency():
    n_samples = PIECE_SAMPLES + RATE  # in two pieces
    stems = [tone(440, n_samples), tone(660, n_samples)]
    whole = 0.9 * sum(tone(hz, n_samples + 30)[:, 30:] for hz in (440, 660))
    make_add_up_(stems, whole)
    assert energy_db(sum(stems) - whole) < energy_db(whole) - 120
    inside = slice(RATE // 4, -RATE // 4)
    for stem, hz in zip(stems, (440, 660), strict=True):
        wanted = 0.9 * tone(hz, n_samples + 30)[:, 30:]
        assert energy_db((stem - wanted)[:, inside]) < energy_db(wanted) - 40


def test_pieces_leave_no_trace(monkeypatch):
    rng = np.random.default_rng(0)
    alone = rng.normal(0, 0.1, (3, 2, RATE)).astype(np.float32)
    whole = rng.normal(0, 0.1, (2, RATE)).astype(np.float32)
    at_once = [wave.copy() for wave in alone]
    make_add_up_(at_once, whole)
    monkeypatch.setattr(stems_module, "PIECE_SAMPLES", 8 * stems_module.HOP)
    in_pieces = [wave.copy() for wave in alone]
    make_add_up_(in_pieces, whole)
    np.testing.assert_allclose(in_pieces, at_once, atol=1e-5)


def test_stems_on_disk_go_when_closed_and_mix_down_to_their_middle():
    with Stems() as stems:
        stems.add("tune", 2, 100)[..., :] = np.stack([np.ones(100), np.zeros(100)])
        stems.mix_down_()
        assert stems.waves["tune"].shape == (1, 100)
        assert (stems.waves["tune"][:] == 0.5).all()
        wave = stems.waves["tune"]
    with pytest.raises(ValueError, match="closed"):
        wave[:]
    assert isinstance(wave, DiskWave)
