"""Stems mixed to a record."""

import numpy as np
import pytest
from scipy import signal
from sung_notes import RATE, TUNE

from kcarol.corpus.mixing.mix import mix
from kcarol.corpus.mixing.settings import MixSettings
from kcarol.corpus.synthesis.drum_machine import DrumKit, play_drums
from kcarol.corpus.synthesis.formant_voice import synthesise_singing
from kcarol.corpus.synthesis.oscillators import play_synth
from kcarol.corpus.synthesis.patches import Patch
from kcarol.transcription.lead_sheet import Stroke


@pytest.fixture(scope="module")
def stems() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    drums = [Stroke(0.5 * k, 0.1, 36 if k % 2 == 0 else 38, 100) for k in range(8)]
    chords = [Stroke(t, 1.9, p, 80) for t in (0.0, 2.0) for p in (60, 64, 67)]
    pad = play_synth(chords, Patch.draw(rng, "pad"), 4.0, RATE, rng)
    return {
        "lead": synthesise_singing(TUNE[:5], 4.0, RATE, rng),
        "drums": play_drums(drums, DrumKit(), 4.0, RATE, rng),
        "pad": np.stack([pad, np.roll(pad, 40)]),
        "bass 2": play_synth([Stroke(0, 3.5, 36, 90)], Patch.draw(rng, "bass"), 3.7, RATE, rng),
    }


def test_mix_is_finite_and_keeps_the_peak_for_many_settings(stems):
    peaks = []
    for seed in range(25):
        record = mix(stems, np.random.default_rng(seed))
        assert (
            record.shape == (4 * RATE,) and record.dtype == np.float32 and np.isfinite(record).all()
        )
        peaks.append(float(np.abs(record).max()))
    assert max(peaks) <= 1 and min(peaks) > 0.1 and np.std(peaks) > 0.05


def test_mix_repeats_with_the_seed_and_changes_with_another(stems):
    first, again, other = (mix(stems, np.random.default_rng(s)) for s in (3, 3, 4))
    assert np.array_equal(first, again) and not np.allclose(first, other, atol=1e-3)


def test_mix_keeps_stems_in_time(stems):
    kick = {"drums": stems["drums"]}
    for seed in range(8):
        record = mix(kick, np.random.default_rng(seed), MixSettings(haas_chance=0, echo_chance=0))
        lag = signal.correlate(np.abs(record), np.abs(stems["drums"])).argmax() - (len(record) - 1)
        assert abs(lag) < 0.01 * RATE


def test_gains_move_a_stem_against_the_others(stems):
    still = MixSettings(
        stem_spread_db=0,
        eq_spread_db=0,
        compress_chance=0,
        saturate_chance=0,
        echo_chance=0,
        send_db=-90,
        bus_ratio=1,
        clip_db=-30,
        haas_chance=0,
    )
    two = {"bass": stems["bass 2"], "lead": stems["lead"]}

    def low_share(gain_db: float) -> float:
        record = mix(two, np.random.default_rng(0), still, gains_db={"bass": gain_db})
        power = np.square(np.abs(np.fft.rfft(record)))
        return float(power[: int(75 * 4)].sum() / power.sum())

    assert low_share(-20) < low_share(0) < low_share(12)


def test_silent_stems_stay_silent():
    record = mix({"lead": np.zeros(RATE, np.float32)}, np.random.default_rng(0))
    assert np.isfinite(record).all() and np.abs(record).max() <= 1


def test_wrong_stems_are_named(stems):
    with pytest.raises(ValueError, match="at least one stem"):
        mix({}, np.random.default_rng(0))
    with pytest.raises(ValueError, match="'pad'.*shape"):
        mix({"pad": np.zeros((3, 100), np.float32)}, np.random.default_rng(0))
    with pytest.raises(ValueError, match="'pad'.*finite"):
        mix({"pad": np.full(RATE, np.nan, np.float32)}, np.random.default_rng(0))


def test_stereo_mix_of_centred_stems_is_twice_the_mono_mix():
    rng = np.random.default_rng(0)
    stems = {
        name: rng.standard_normal(16_000).astype(np.float32) for name in ("lead", "drums", "chords")
    }
    settings = MixSettings(haas_chance=0.0, width=0.0, send_db=-60.0, codec=None)
    mono = mix(stems, np.random.default_rng(1), settings)
    stereo = mix(stems, np.random.default_rng(1), settings, stereo=True)
    assert stereo.shape == (2, 16_000) and np.allclose(stereo, mono, atol=1e-5)


def test_stereo_mix_puts_a_stem_where_its_pan_says():
    stems = {"chords": np.random.default_rng(0).standard_normal(16_000).astype(np.float32)}
    settings = MixSettings(haas_chance=0.0, width=1.0, send_db=-60.0)
    left, right = mix(stems, np.random.default_rng(1), settings, pans={"chords": -0.8}, stereo=True)
    assert np.square(left).mean() > 10 * np.square(right).mean()
