"""Decoding: every format gives the same mono wave, or one line that says why not."""

import subprocess
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from scipy.signal import get_window
from signals import sine

from kcarol.audio import decoding
from kcarol.audio.decoding import (
    load_audio,
    load_audio_into,
    load_stereo,
    stream_audio,
    stream_stereo,
)
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.files import AudioError
from kcarol.audio.reading.ffmpeg import find_ffmpeg
from kcarol.config import AudioConfig

FORMATS = {
    "wav": [],
    "mp3": [],
    "flac": [],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus"],
    "m4a": ["-c:a", "aac"],
    "aac": ["-c:a", "aac"],
    "wma": ["-c:a", "wmav2"],
}


def chord(seconds=2.0, rate=44_100):
    return sum(sine(hz, seconds, rate, 0.1) for hz in (262, 330, 392, 1047))


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    """The stereo chord as a file of each suffix, encoded when first asked for."""
    folder = tmp_path_factory.mktemp("sound")
    wav = folder / "chord.wav"
    soundfile.write(wav, np.stack([chord(), 0.5 * chord()], axis=1), 44_100)

    def encode(suffix: str) -> Path:
        path = folder / f"chord.{suffix}"
        if not path.exists():
            command = [find_ffmpeg(), "-v", "error", "-i", str(wav), *FORMATS[suffix], str(path)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return path

    return encode


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_mono_sound(suffix, encoded):
    wave = load_audio(encoded(suffix))
    expected = librosa.resample(
        0.75 * chord(), orig_sr=44_100, target_sr=16_000, res_type="soxr_hq"
    )
    assert wave.dtype == np.float32 and wave.ndim == 1
    # raw AAC and WMA keep the padding of their last and first frames
    assert abs(len(wave) - 32_000) <= 2_100
    spectrum, reference = (
        np.abs(np.fft.rfft(get_window("hann", 24_000) * w[4_000:28_000])) for w in (wave, expected)
    )
    assert np.corrcoef(spectrum, reference)[0, 1] > 0.99
    assert np.abs(spectrum).sum() == pytest.approx(reference.sum(), rel=0.15)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus", "m4a"])
def test_pydub_and_the_pipe_decode_the_same(suffix, encoded, monkeypatch):
    path = encoded(suffix)
    calls = []
    decode = decoding._decode_by_pydub
    monkeypatch.setattr(decoding, "_decode_by_pydub", lambda *a: calls.append(a) or decode(*a))
    whole, piped = load_audio(path), np.concatenate(list(stream_audio(path)))
    assert len(calls) == 1 and len(whole) == len(piped)
    assert np.abs(whole - piped).max() < 1e-4  # pydub holds 16 bits


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg"])
def test_a_span_is_the_same_part_of_the_whole(suffix, encoded):
    path = encoded(suffix)
    whole, part = load_audio(path), load_audio(path, start_s=0.5, duration_s=1.0)
    assert len(part) == 16_000
    assert np.abs(part[200:-200] - whole[8_200:23_800]).max() < 1e-3


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_chunked_resampling_equals_one_piece(rate, tmp_path):
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * rate + 17).astype(np.float32)
    soundfile.write(path, noise, rate, subtype="FLOAT")
    chunks = list(stream_audio(path, chunk_s=0.13))
    whole = librosa.resample(noise, orig_sr=rate, target_sr=16_000, res_type="soxr_hq")
    chunked = np.concatenate(chunks)
    assert len(chunks) > 10 and len(chunked) == len(whole)
    assert np.abs(chunked - whole)[100:-100].max() < 1e-4


def test_resampling_removes_what_the_new_rate_cannot_hold(tmp_path):
    soundfile.write(tmp_path / "high.wav", sine(11_000, rate=44_100), 44_100)
    assert np.abs(load_audio(tmp_path / "high.wav")[500:-500]).max() < 1e-3


def test_out_of_phase_stereo_does_not_vanish(tmp_path):
    left = sine(440, rate=16_000)
    soundfile.write(tmp_path / "x.wav", np.stack([left, -left], axis=1), 16_000, subtype="FLOAT")
    assert np.allclose(load_audio(tmp_path / "x.wav"), left, atol=1e-6)


def test_many_channels_become_one(tmp_path):
    soundfile.write(tmp_path / "x.flac", np.stack([sine(440)] * 6, axis=1), 16_000)
    assert np.allclose(load_audio(tmp_path / "x.flac"), sine(440), atol=1e-4)
    soundfile.write(tmp_path / "wide.wav", np.zeros((20_000, 64)), 200_000)
    assert len(load_audio(tmp_path / "wide.wav")) == 1_600


def test_names_that_look_like_options_or_protocols_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-y.wav", "a:b.wav", "캐럴 %d.wav"):
        soundfile.write(tmp_path / name, sine(440, 0.1), 16_000)
        assert len(load_audio(name)) == 1_600


def test_loading_leaves_the_settings_of_pydub_alone(encoded):
    load_audio(encoded("mp3"))
    from pydub import AudioSegment

    assert AudioSegment.converter != find_ffmpeg()


# ---- errors: one line with the file, what was expected, what was found


def error_of(path: Path, **span) -> str:
    with pytest.raises(AudioError) as error:
        load_audio(path, **span)
    text = str(error.value)
    assert "\n" not in text and "expected" in text and path.name in text
    return text


def test_what_is_no_sound_is_named(tmp_path):
    for suffix in ("wav", "mp3", "ogg"):
        for content in (b"", b"this is no sound at all " * 100):
            path = tmp_path / f"bad.{suffix}"
            path.write_bytes(content)
            error_of(path)


def test_a_missing_file_a_folder_and_a_file_without_samples_are_named(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    error_of(tmp_path / "empty.wav")
    assert "nothing" in error_of(tmp_path / "none.mp3")
    assert "a folder" in error_of(tmp_path)


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_a_start_behind_the_end_is_named(suffix, encoded):
    assert "100 s" in error_of(encoded(suffix), start_s=100, duration_s=5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_named(bad, tmp_path):
    wave = sine(440)
    wave[5_000] = bad
    soundfile.write(tmp_path / "bad.wav", wave, 16_000, subtype="FLOAT")
    assert "NaN" in error_of(tmp_path / "bad.wav")


# ---- the song's own sound


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "ogg", "opus", "m4a"])
def test_rate_and_length_of_a_file_are_told(suffix, encoded):
    with DiskBuffer() as buffer:
        sound = load_audio_into(buffer, encoded(suffix))
        assert sound.sample_rate == (48_000 if suffix == "opus" else 44_100)
        assert sound.n_samples == 2 * sound.sample_rate
        assert buffer.shape == (sound.n_samples_at(16_000),) == (32_000,)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg"])
def test_stereo_keeps_both_sides_at_any_rate_and_begins_when_the_mono_wave_does(suffix, encoded):
    path = encoded(suffix)
    wave = load_stereo(path, 48_000)
    assert wave.shape == (2, 96_000) and wave.dtype == np.float32
    assert np.linalg.norm(wave[0]) == pytest.approx(2 * np.linalg.norm(wave[1]), rel=0.02)
    streamed = np.concatenate(list(stream_stereo(path, 48_000))).T
    assert np.abs(wave - streamed).max() < 1e-4  # pydub holds 16 bits
    mono = load_audio(path, AudioConfig(sample_rate=48_000))
    assert np.abs(wave.mean(0) - mono).max() < 1e-4
    part = load_stereo(path, 44_100, start_s=0.5, duration_s=0.25)
    whole = load_stereo(path, 44_100)
    assert part.shape == (2, 11_025)
    assert np.abs(part - whole[:, 22_050:33_075]).max() < 1e-3


def test_a_mono_file_is_heard_on_both_sides(tmp_path):
    soundfile.write(tmp_path / "x.wav", sine(440), 16_000, subtype="FLOAT")
    assert np.array_equal(load_stereo(tmp_path / "x.wav", 16_000), np.stack([sine(440)] * 2))
