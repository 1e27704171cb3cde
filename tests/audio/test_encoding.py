"""Saving: sound comes back as it was, and nothing half written is left."""

import numpy as np
import pytest
import soundfile
from signals import sine

from kcarol.audio.decoding import load_audio, load_audio_into
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import AudioError


@pytest.mark.parametrize(
    "suffix, tolerance", [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.05), ("mp3", 0.05)]
)
def test_saved_sound_comes_back_as_long_as_it_was_from_an_array_or_from_disk(
    suffix, tolerance, tmp_path
):
    # several blocks; noise, since ffmpeg (9.0) gets the end of Ogg files of one page wrong
    noise = np.random.default_rng(0).normal(0, 0.01, 140_777).astype(np.float32)
    wave = sine(440, 9.0)[: len(noise)] + noise
    path = save_audio(tmp_path / "new" / f"array.{suffix.upper()}", wave, 16_000)
    back = load_audio(path)
    assert len(back) == len(wave) and np.abs(back - wave)[2_000:-2_000].max() < tolerance
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with DiskBuffer(len(wave)) as buffer, DiskBuffer() as loaded:
        buffer[:] = wave
        load_audio_into(loaded, save_audio(tmp_path / f"buffer.{suffix}", buffer))
        assert np.array_equal(back, loaded[:])


def test_stereo_is_saved_and_peaks_are_clipped(tmp_path):
    path = save_audio(tmp_path / "a.wav", np.stack([9 * sine(440), sine(440)], 1), 44_100)
    sound, rate = soundfile.read(path)
    assert rate == 44_100 and sound.shape == (16_000, 2) and 0.999 < sound.max() <= 1


def test_long_ogg_is_written(tmp_path):
    path = save_audio(tmp_path / "a.ogg", np.zeros(16_000 * 240, np.float32))
    assert soundfile.info(path).frames == 16_000 * 240


@pytest.mark.parametrize(
    "name, shape", [("a.xyz", 10), ("a", 10), ("a.wav", 0), ("a.wav", (2, 3, 4))]
)
def test_what_cannot_be_saved_is_refused(name, shape, tmp_path):
    with pytest.raises(AudioError, match="expected"):
        save_audio(tmp_path / name, np.zeros(shape))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(bad, tmp_path):
    wave = sine(440)
    wave[5_000] = bad
    with pytest.raises(AudioError, match="NaN"):
        save_audio(tmp_path / "out.wav", wave)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_keeps_the_file_that_was_there(tmp_path):
    path = save_audio(tmp_path / "a.mp3", sine(440))
    before = path.read_bytes()
    with pytest.raises(AudioError, match="a.mp3"):
        save_audio(path, sine(440), sample_rate=12_345)  # no rate of MP3
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
