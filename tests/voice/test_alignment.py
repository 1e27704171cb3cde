"""Facts about finding a voice in its song."""

import numpy as np
import pytest
from voices import RATE, band, sung_voice

from kcarol.voice.alignment import MOST_LAG_S, align


def late(wave, n):
    return np.pad(wave, (n, 0)) if n >= 0 else wave[-n:]


@pytest.mark.parametrize("lag", [0, 1, -1, 4_321, -12_345, 15_999, -15_999])
def test_a_lag_of_up_to_a_second_is_found_to_the_sample(lag):
    voice = sung_voice()
    found = align(0.5 * voice + band(), late(voice, lag), RATE)
    assert found.lag_samples == lag and found.is_sure


def test_the_level_and_polarity_of_the_voice_do_not_matter():
    voice = sung_voice()
    found = align(voice + band(), -1e-3 * late(voice, 700), RATE)
    assert found.lag_samples == 700 and found.is_sure


def test_a_voice_in_which_drums_leaked_is_found():
    voice, drums = sung_voice(), band()
    assert align(voice + drums, late(voice + 0.2 * drums, 99), RATE).lag_samples == 99


def test_another_voice_is_not_found():
    song = sung_voice() + band()
    assert not any(align(song, sung_voice(seed), RATE).is_sure for seed in (1, 2, 3))


def test_silence_is_not_found():
    found = align(band(), np.zeros(RATE, np.float32), RATE)
    assert (found.lag_samples, found.sharpness) == (0, 0.0)


def test_a_lag_of_more_than_a_second_is_not_found():
    voice = sung_voice()
    lag = round(1.5 * MOST_LAG_S * RATE)
    assert not align(voice + band(), late(voice, lag), RATE).is_sure
