"""Sound in time: gaps, late starts, chains, damage, tracks and windows, in each container."""

import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kcarol.audio.decoding import load_audio
from kcarol.audio.files import AudioError, LostSoundWarning
from kcarol.audio.reading.ffmpeg import find_ffmpeg, probe
from kcarol.audio.reading.native import stream_native

RATE = 16_000  # of load_audio
SECONDS = 12.0
PITCH_HZ, STEP_HZ, EVERY_S = 300, 40, 0.5
FORMATS = {
    "mp3": "libmp3lame",
    "aac": "aac",
    "m4a": "aac",
    "opus": "libopus",
    "ogg": "libvorbis",
    "flac": "flac",
    "wma": "wmav2",
    "mka": "libvorbis",
}


def steps(seconds=SECONDS, rate=48_000):
    """Tones that rise each half second, so that a place in them can be told."""
    time_s = np.arange(round(seconds * rate)) / rate
    hz = PITCH_HZ + STEP_HZ * np.floor(time_s / EVERY_S)
    return (0.3 * np.sin(2 * np.pi * hz * (time_s % EVERY_S))).astype(np.float32)


def times_off(wave):
    """For each half second of a wave, by how many half seconds its tone is late; None: silence."""
    n = round(EVERY_S * RATE)
    found = []
    for number in range(len(wave) // n):
        inner = wave[number * n + 1_000 : number * n + 7_000]
        hz = np.argmax(np.abs(np.fft.rfft(inner * np.hanning(6_000)))) * RATE / 6_000
        silent = np.sqrt(np.mean(inner**2)) < 1e-3
        found.append(None if silent else number - round((hz - PITCH_HZ) / STEP_HZ))
    return found


def ffmpeg(*words):
    subprocess.run([find_ffmpeg(), "-y", "-nostdin", "-v", "error", *map(str, words)], check=True)
    return Path(words[-1])


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    path = tmp_path_factory.mktemp("steps") / "steps.wav"
    soundfile.write(path, steps(), 48_000)
    return path


@pytest.fixture
def encode(wav, tmp_path):
    def encode(suffix, *options, codec=None):
        words = ["-c:a", codec or FORMATS[suffix], "-b:a", "64k", *options]
        return ffmpeg("-i", wav, *words, tmp_path / f"whole.{suffix}")

    return encode


def loaded(path, **span):
    """The wave, and what is said to be missing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wave = load_audio(path, **span)
    lost = [str(w.message) for w in caught if issubclass(w.category, LostSoundWarning)]
    assert all(line.startswith(str(path)) and line.isprintable() for line in lost)
    return wave, lost


@pytest.mark.parametrize("suffix", [*FORMATS, "wav"])
def test_whole_files_are_whole_and_nothing_is_said(suffix, encode, wav):
    wave, lost = loaded(wav if suffix == "wav" else encode(suffix))
    assert not lost and abs(len(wave) / RATE - SECONDS) < 0.1
    assert set(times_off(wave)) == {0}


@pytest.mark.parametrize("suffix", ["m4a", "ogg", "mka", "opus", "mkv"])
def test_packets_that_are_missing_are_silence_of_their_length(suffix, encode, tmp_path):
    whole = encode(suffix, codec=FORMATS.get(suffix, "libmp3lame"))
    path = tmp_path / f"gap.{suffix}"
    ffmpeg("-i", whole, "-c", "copy", "-bsf:a", r"noise=drop=between(pts*tb\,3\,5)", path)
    wave, lost = loaded(path)
    if suffix in ("m4a", "mka", "mkv"):  # the others number their pages without the gap
        assert abs(len(wave) / RATE - SECONDS) < 0.1
        assert times_off(wave)[7:9] == [None, None] and set(times_off(wave)) == {0, None}
        assert len(lost) == 1 and "from 3." in lost[0] and "to 5." in lost[0]


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov", "ts"])
def test_sound_that_begins_after_the_picture_is_late(suffix, wav, tmp_path):
    picture = ["-f", "lavfi", "-i", "color=c=black:s=32x32:r=25:d=14"]
    path = tmp_path / f"late.{suffix}"
    video = "mpeg2video" if suffix == "ts" else "mpeg4"
    ffmpeg(*picture, "-itsoffset", 1.5, "-i", wav, "-c:v", video, "-c:a", "libmp3lame", path)
    wave, lost = loaded(path)
    assert not lost and abs(len(wave) / RATE - SECONDS - 1.5) < 0.2
    assert times_off(wave)[:3] == [None] * 3 and set(times_off(wave)[4:26]) == {3}


@pytest.mark.parametrize("suffix", FORMATS)
def test_damage_in_the_middle_loses_the_damaged_part_alone(suffix, encode):
    # Matroska goes on at the next cluster
    path = encode(suffix, *(["-cluster_time_limit", "500"] if suffix == "mka" else []))
    data = bytearray(path.read_bytes())
    hole = slice(len(data) * 45 // 100, len(data) * 55 // 100)
    data[hole] = bytes(hole.stop - hole.start)
    path.write_bytes(data)
    wave, lost = loaded(path)
    assert abs(len(wave) / RATE - SECONDS) < 0.2
    assert len(lost) == 1 and "none from" in lost[0]
    heard = times_off(wave)
    assert set(heard[:8]) == {0} and heard.count(None) <= 10
    assert sum(late == 0 for late in heard[12:]) >= 6


@pytest.mark.parametrize("suffix", ["wav", "flac", "mka"])
def test_a_file_that_was_cut_off_says_so(suffix, encode, wav, tmp_path):
    whole = (wav if suffix == "wav" else encode(suffix)).read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole[: len(whole) // 2])
    wave, lost = loaded(path)
    assert abs(len(wave) / RATE - SECONDS / 2) < 1.5 and set(times_off(wave)) == {0}
    assert len(lost) == 1 and "to 12.0 s" in lost[0]


@pytest.mark.parametrize("codec", ["libvorbis", "libopus", "flac"])
def test_chained_links_of_other_rates_and_channels_are_read_whole(codec, tmp_path):
    data = b""
    for rate, channels in ((48_000, 1), (24_000, 2), (48_000, 1)):
        soundfile.write(tmp_path / "s.wav", np.stack([steps(2.0, rate)] * channels, 1), rate)
        data += ffmpeg("-i", tmp_path / "s.wav", "-c:a", codec, tmp_path / "s.oga").read_bytes()
    (tmp_path / "chain.ogg").write_bytes(data)
    wave, lost = loaded(tmp_path / "chain.ogg")
    assert not lost and abs(len(wave) / RATE - 6) < 0.1
    assert times_off(wave) == [0] * 4 + [4] * 4 + [8] * 4
    part, _ = loaded(tmp_path / "chain.ogg", start_s=3.0, duration_s=2.0)
    assert np.abs(part[200:-200] - wave[3 * RATE + 200 : 5 * RATE - 200]).max() < 1e-2


def test_the_default_track_is_heard_or_else_the_first(wav, tmp_path):
    silent = ["-f", "lavfi", "-i", "anullsrc=channel_layout=5.1:sample_rate=48000"]
    words = ["-i", wav, *silent, "-map", "0:a", "-map", "1:a", "-t", 3, "-c:a:0", "libopus"]
    words += ["-c:a:1", "flac"]
    for first, second, sounds in (("0", "0", True), ("0", "default", False)):
        marks = ["-disposition:a:0", first, "-disposition:a:1", second]
        path = ffmpeg(*words, *marks, tmp_path / "tracks.mkv")
        wave, _ = loaded(path)
        assert (np.abs(wave).max() > 0.1) == sounds
        assert probe(path).codec == ("opus" if sounds else "flac")


@pytest.mark.parametrize("suffix", [*FORMATS, "wav"])
def test_windows_are_exact_to_the_sample(suffix, encode, wav):
    path = wav if suffix == "wav" else encode(suffix)
    (rate, whole), *_ = stream_native(path, 60.0)
    (_, part), *_ = stream_native(path, 60.0, 7.25, 2.0)
    assert np.array_equal(part, whole[round(7.25 * rate) : round(9.25 * rate)])


def test_a_window_over_a_gap_has_the_gap_and_one_beside_it_says_nothing(encode, tmp_path):
    path = tmp_path / "gap.mka"
    noise = r"noise=drop=between(pts*tb\,3\,5)"
    ffmpeg("-i", encode("mka"), "-c", "copy", "-bsf:a", noise, path)
    wave, lost = loaded(path, start_s=4.0, duration_s=3.0)
    assert len(wave) == 3 * RATE and lost
    assert times_off(wave)[0] is None and set(times_off(wave)[3:]) == {-8}
    assert not loaded(path, start_s=6.0, duration_s=3.0)[1]


@pytest.mark.parametrize("codec", ["libopus", "aac", "flac"])
def test_encrypted_sound_is_refused(codec, wav, tmp_path):
    keys = ["-encryption_key", "0123456789abcdef" * 2, "-encryption_kid", "fedcba9876543210" * 2]
    words = ["-c:a", codec, "-encryption_scheme", "cenc-aes-ctr", *keys, "-f", "mp4"]
    with pytest.raises(AudioError, match="encrypted"):
        load_audio(ffmpeg("-i", wav, *words, tmp_path / "secret.m4a"))
