"""Facts about excerpts: their span, their level, and how they are embedded."""

import numpy as np
import pytest

from kcarol.audio.loudness import loudness_lufs
from kcarol.config import AudioConfig
from kcarol.notebook.excerpts import FADE_S, equally_loud, excerpt, sound_url
from kcarol.page.sound import LOUDEST_LUFS

RATE = AudioConfig.sample_rate


def test_equally_loud_sounds_never_clip(tone):
    spiky = tone(2, amplitude=0.02)
    spiky[::4000] = 0.9
    waves = {"loud": tone(2, 300, 0.9), "soft": tone(2, 900, 0.01), "spiky": spiky}
    found = equally_loud(waves).values()
    levels = [loudness_lufs(wave) for wave in found]
    assert np.ptp(levels) < 0.1 and max(levels) <= LOUDEST_LUFS + 0.1
    assert max(np.abs(wave).max() for wave in found) <= 1


def test_silence_stays_silent_and_sounds_too_short_for_lufs_are_matched_by_rms(tone):
    none = np.zeros(RATE, np.float32)
    waves = {"none": none, "short": tone(0.1, amplitude=0.5), "long": tone(1, amplitude=0.1)}
    found = equally_loud(waves)
    assert not found["none"].any()
    assert np.std(found["short"]) == pytest.approx(np.std(found["long"]), rel=0.01)


def test_an_excerpt_is_the_span_asked_for_with_faded_ends():
    wave = np.arange(10 * RATE, dtype=np.float32)
    piece, ramp = excerpt(wave, 2.0, 3.0), round(FADE_S * RATE)
    assert len(piece) == 3 * RATE
    assert (piece[ramp:-ramp] == wave[2 * RATE : 5 * RATE][ramp:-ramp]).all()
    assert piece[0] == piece[-1] == 0 and wave[2 * RATE] > 0


@pytest.mark.parametrize(
    ("start_s", "length_s", "n"),
    [(9.5, 3.0, 3 * RATE), (-1.0, 2.0, 2 * RATE), (0.0, 99.0, 10 * RATE)],
)
def test_an_excerpt_stays_inside_the_wave(start_s, length_s, n):
    assert len(excerpt(np.ones(10 * RATE, np.float32), start_s, length_s)) == n


def test_at_most_eight_seconds_are_embedded(tone, embedded):
    [wave] = embedded(f'src="{sound_url(tone(8))}"')
    assert len(wave) == 8 * RATE and np.allclose(wave, tone(8), atol=1e-4)
    with pytest.raises(ValueError, match="at most 8 s"):
        sound_url(tone(9))
