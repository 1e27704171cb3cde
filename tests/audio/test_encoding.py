"""Saving: sound comes back as it was, and nothing half written is left."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from signals import sine

from kcarol.audio import encoding
from kcarol.audio.decoding import load_audio, load_audio_into, load_stereo
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave
from kcarol.audio.encoding import read_comment, save_audio
from kcarol.audio.files import AudioError
from kcarol.audio.writing.formats import SAVE_FORMATS

LOSSLESS = (".wav", ".flac")
SPARSE_CAROL = Path(__file__).parents[2] / "data" / "demo_carols" / "snowlit-signal.ogg"


def stereo(n_samples, rate=44_100):
    """(2, n_samples): a note on either side, and noise, since ffmpeg (9.0) gets the end of Ogg
    files of one page wrong.
    """
    notes = np.stack([sine(hz, n_samples / rate + 1, rate)[:n_samples] for hz in (330, 440)])
    return notes + np.random.default_rng(0).normal(0, 0.01, notes.shape).astype(np.float32)


@pytest.mark.parametrize("suffix", SAVE_FORMATS)
def test_saved_sound_comes_back_as_long_as_it_was_from_an_array_or_from_disk(suffix, tmp_path):
    # several blocks
    noise = np.random.default_rng(0).normal(0, 0.01, 140_777).astype(np.float32)
    wave = sine(440, 9.0)[: len(noise)] + noise
    path = save_audio(tmp_path / "new" / f"array{suffix.upper()}", wave, 16_000)
    back = load_audio(path)
    tolerance = 1e-4 if suffix in LOSSLESS else 0.05
    assert len(back) == len(wave) and np.abs(back - wave)[2_000:-2_000].max() < tolerance
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with DiskBuffer(len(wave)) as buffer, DiskBuffer() as loaded:
        buffer[:] = wave
        load_audio_into(loaded, save_audio(tmp_path / f"buffer{suffix}", buffer))
        assert np.array_equal(back, loaded[:])


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("suffix", SAVE_FORMATS)
@pytest.mark.parametrize("seconds", [0.3, 4.567])
def test_stereo_comes_back_in_time_to_the_sample(suffix, rate, seconds, tmp_path):
    if suffix == ".opus" and rate == 44_100:
        pytest.skip("a rate that Opus does not have")
    wave = stereo(round(seconds * rate), rate)
    path = save_audio(tmp_path / f"a{suffix}", wave, rate)
    back = load_stereo(path, rate)
    assert back.shape == wave.shape
    inner = slice(2_000, -2_000)
    assert np.abs(back - wave)[:, inner].max() < (1e-4 if suffix in LOSSLESS else 0.1)
    for channel, found in zip(wave, back, strict=True):
        lags = range(-3, 4)
        errors = [np.abs(np.roll(found, -lag) - channel)[inner].mean() for lag in lags]
        assert lags[int(np.argmin(errors))] == 0


@pytest.mark.parametrize("suffix", [s for s in SAVE_FORMATS if s not in LOSSLESS])
@pytest.mark.parametrize("kind", ["noise", "carol"])
def test_lossy_files_have_at_least_192_kilobits_a_second(kind, suffix, tmp_path):
    seconds = 4
    wave = np.random.default_rng(0).normal(0, 0.1, (2, 48_000 * seconds)).astype(np.float32)
    if kind == "carol":
        wave = load_stereo(SPARSE_CAROL, 48_000, duration_s=seconds)
    path = save_audio(tmp_path / f"a{suffix}", wave, 48_000)
    assert 192_000 <= 8 * path.stat().st_size / seconds <= 384_000


def test_stereo_is_written_from_disk_and_peaks_are_clipped(tmp_path):
    wave = np.stack([9 * sine(440), sine(440)])
    with DiskWave(2, wave.shape[1]) as on_disk:
        on_disk[..., :] = wave
        path = save_audio(tmp_path / "a.wav", on_disk, 44_100)
    sound, rate = soundfile.read(path)
    assert rate == 44_100 and sound.shape == (16_000, 2) and 0.999 < sound.max() <= 1
    assert np.allclose(sound[:, 1], wave[1], atol=1e-4)


def test_long_ogg_is_written(tmp_path):
    path = save_audio(tmp_path / "a.ogg", np.zeros(16_000 * 240, np.float32))
    assert soundfile.info(path).frames == 16_000 * 240


def test_more_than_a_wav_header_can_count_is_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "MOST_WAV_BYTES", 1_000)
    path = save_audio(tmp_path / "a.wav", sine(440), comment="long")
    assert path.read_bytes().startswith(b"RF64") and read_comment(path) == "long"
    assert np.allclose(load_audio(path), sine(440), atol=1e-4)


@pytest.mark.parametrize(
    "name, shape",
    [("a.xyz", 10), ("a", 10), ("a.wav", 0), ("a.wav", (2, 3, 4)), ("a.wav", (10, 2))],
)
def test_what_cannot_be_saved_is_refused(name, shape, tmp_path):
    with pytest.raises(AudioError, match="expected"):
        save_audio(tmp_path / name, np.zeros(shape))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(bad, suffix, tmp_path):
    wave = sine(440)
    wave[5_000] = bad
    with pytest.raises(AudioError, match="NaN"):
        save_audio(tmp_path / f"out{suffix}", wave)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".mp3", ".opus", ".m4a"])
def test_a_failed_save_keeps_the_file_that_was_there(suffix, tmp_path):
    path = save_audio(tmp_path / f"a{suffix}", sine(440))
    before = path.read_bytes()
    with pytest.raises(AudioError, match=f"a{suffix}.*48000"):
        save_audio(path, sine(440), sample_rate=12_345)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
