"""Notes of synthesiser patches: pitch, aliases, ends."""

from dataclasses import replace

import numpy as np
import pytest
from sung_notes import RATE, harmonic_pitch, level_db

from kcarol.corpus.synthesis.oscillators import play_synth
from kcarol.corpus.synthesis.patches import ROLE_KINDS, Patch
from kcarol.transcription.lead_sheet import Stroke


@pytest.mark.parametrize("role", [r for r in ROLE_KINDS if r != "fx"] + ["second"])
def test_synth_pitch_is_right_for_every_patch(role):
    rng = np.random.default_rng(2)
    for _ in range(12):
        # swings about the note, blurs the measure
        sound = replace(Patch.draw(rng, role), vibrato_cents=0.0)
        pitch = float(rng.integers(36, 50) if role == "bass" else rng.integers(52, 84))
        wave = play_synth([Stroke(0.1, 1.2, pitch, 100)], sound, 1.6, RATE, rng)
        assert abs(harmonic_pitch(wave[int(0.15 * RATE) : int(1.2 * RATE)], pitch) - pitch) < 0.3, (
            sound
        )
        assert np.isfinite(wave).all() and wave.dtype == np.float32 and level_db(wave) > -40


def test_high_synth_notes_do_not_alias():
    sound = Patch(shape="saw", bright_hz=20_000, dark_hz=20_000, vibrato_cents=0)
    f0_hz = 440 * 2 ** ((96 - 69) / 12)
    wave = play_synth([Stroke(0.0, 1.5, 96, 100)], sound, 1.5, RATE, np.random.default_rng(0))[
        1600:17600
    ]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    distance_hz = np.abs((np.arange(len(spectrum)) + f0_hz / 2) % f0_hz - f0_hz / 2)
    assert 20 * np.log10(spectrum[distance_hz > 30].max() / spectrum.max()) < -45


def test_notes_are_silent_before_they_start_and_after_their_release():
    sound = Patch(release_s=0.1)
    wave = play_synth([Stroke(0.5, 0.4, 60, 100)], sound, 2.0, RATE, np.random.default_rng(0))
    assert not wave[: RATE // 2].any() and not wave[int(1.02 * RATE) :].any()
