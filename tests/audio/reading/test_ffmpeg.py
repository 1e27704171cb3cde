"""ffmpeg as a child process: what it says of a file, and that it never stays behind or hangs."""

import subprocess
import time

import numpy as np
import pytest
import soundfile
from signals import sine

from kcarol.audio.files import AudioError
from kcarol.audio.reading import ffmpeg
from kcarol.audio.reading.ffmpeg import Probe, probe
from kcarol.audio.reading.native import stream_native


@pytest.fixture
def stereo(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.stack([sine(440), sine(880)], 1), 44_100)
    return tmp_path / "a.wav"


def test_the_header_is_read_and_samples_come_as_the_file_has_them(stereo):
    assert probe(stereo) == Probe("pcm_s16le", 0.36, "wav")
    expected, _ = soundfile.read(stereo, dtype="float32")
    chunks = list(stream_native(stereo, chunk_s=0.1))
    assert {rate for rate, _ in chunks} == {44_100} and len(chunks) == 4
    assert np.array_equal(np.concatenate([sound for _, sound in chunks]), expected)
    span = np.concatenate([sound for _, sound in stream_native(stereo, 1.0, 0.1, 0.2)])
    assert np.array_equal(span, expected[4_410:13_230])


def test_sound_of_many_channels_at_a_huge_rate_is_read_in_small_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(ffmpeg, "MOST_CHUNK_BYTES", 1 << 20)
    soundfile.write(tmp_path / "wide.wav", np.zeros((20_000, 64)), 200_000)
    sizes = [sound.nbytes for _, sound in stream_native(tmp_path / "wide.wav", 10.0)]
    assert max(sizes) <= ffmpeg.MOST_CHUNK_BYTES < sum(sizes) == 4 * 64 * 20_000


def test_a_stream_left_early_leaves_no_ffmpeg_behind(stereo, monkeypatch):
    started = []
    found = probe(stereo)

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    stream = stream_native(stereo, chunk_s=0.1, found=found)
    next(stream)
    stream.close()
    assert len(started) == 1 and started[0].poll() is not None


def test_a_decoder_that_hangs_is_stopped(stereo, tmp_path, monkeypatch):
    found = probe(stereo)
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexec sleep 100\n")
    program.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "find_ffmpeg", lambda: str(program))
    monkeypatch.setattr(ffmpeg, "STALLED_S", 0.3)
    begin = time.monotonic()
    with pytest.raises(AudioError, match="stopped"):
        list(stream_native(stereo, 1.0, found=found))
    with pytest.raises(AudioError, match="found nothing"):
        probe(stereo)
    assert time.monotonic() - begin < 10
