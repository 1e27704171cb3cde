"""Facts about how busy a record is: onsets are found where something begins."""

import numpy as np
import pytest

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.config import AudioConfig
from kcarol.transcription.form import onset_rate as module
from kcarol.transcription.form.onset_rate import onset_rate, rate_of, rate_of_strokes

AUDIO = AudioConfig()
RATE = AUDIO.sample_rate


def plucked(at_s, length_s, seed=0):
    """Notes (T,) that begin at given seconds and decay, over soft noise."""
    rng = np.random.default_rng(seed)
    wave = 1e-4 * rng.standard_normal(round(length_s * RATE))
    for start_s in at_s:
        t = np.arange(len(wave) - round(start_s * RATE)) / RATE
        hz = rng.uniform(200, 800)
        wave[-len(t) :] += 0.2 * np.exp(-8 * t) * sum(np.sin(k * 6.3 * hz * t) for k in (1, 2, 3))
    return wave.astype(np.float32)


@pytest.mark.parametrize("per_s", [1.0, 2.0, 4.0])
def test_the_rate_is_that_of_the_notes(per_s):
    wave = plucked(np.arange(0.5, 15, 1 / per_s), 16.0)
    found = onset_rate(wave, AUDIO)
    assert found.dtype == np.float32 and len(found) == AUDIO.n_frames(len(wave))
    # an attack may last for two frames of the detector
    assert per_s * 0.9 < found[62:-62].mean() < per_s * 2.1


def test_where_more_notes_begin_the_rate_is_higher():
    at_s = np.concatenate([np.arange(1, 8, 1.0), np.arange(8, 15, 0.25)])
    found = onset_rate(plucked(at_s, 16.0), AUDIO)
    middle = AUDIO.n_frames(8 * RATE)
    assert found[middle + 62 : -62].mean() > 2.5 * found[62 : middle - 62].mean()


@pytest.mark.parametrize("n_samples", [1, 400, 700, RATE])
def test_silence_and_the_shortest_songs_have_no_onsets(n_samples):
    found = onset_rate(np.zeros(n_samples, np.float32), AUDIO)
    assert len(found) == AUDIO.n_frames(n_samples) and not found.any()


def test_the_level_of_a_song_does_not_matter():
    wave = plucked(np.arange(0.5, 9, 0.5), 10.0)
    np.testing.assert_allclose(onset_rate(wave, AUDIO), onset_rate(0.05 * wave, AUDIO), atol=0.05)


def test_a_song_is_read_in_pieces_from_disk(monkeypatch):
    wave = plucked(np.arange(0.5, 9, 0.4), 10.0)
    whole = onset_rate(wave, AUDIO)
    monkeypatch.setattr(module, "PIECE_FRAMES", 37)
    with DiskBuffer(len(wave)) as buffer:
        buffer[:] = wave
        np.testing.assert_allclose(onset_rate(buffer, AUDIO), whole, atol=0.01)


def test_a_rate_integrates_to_the_number_of_onsets():
    rate = rate_of(np.array([2.0, 2.1, 5.0]), 625, AUDIO)
    assert rate.sum() / AUDIO.frame_rate == pytest.approx(3, abs=0.01)
    assert rate[125] > rate[312] > rate[250] == 0


def test_strokes_of_a_groove_count_where_they_are_likely():
    strokes = np.zeros(625, np.float32)
    strokes[100:500:25] = 0.9
    strokes[112:500:25] = 0.3
    assert rate_of_strokes(strokes, AUDIO)[200:400].mean() == pytest.approx(2.5, abs=0.05)
