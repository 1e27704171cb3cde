"""Facts about videos: a still picture, a line that moves over it, and the sound."""

import subprocess

import numpy as np
import pytest
from PIL import Image

from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import AudioError
from kcarol.audio.reading.ffmpeg import find_ffmpeg
from kcarol.audio.writing.video import Sweep, save_video

WIDTH, HEIGHT = 121, 81  # odd: the last row and column are cut off
SWEEPS = (Sweep(0, 1, 20, 100, 10, 20), Sweep(1.5, 2.5, 20, 100, 50, 20))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    folder = tmp_path_factory.mktemp("video")
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "picture.png")
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * 16_000) / 16_000)
    sound = save_audio(folder / "sound.wav", tone, 16_000)
    return save_video(folder / "a.mp4", folder / "picture.png", sound, 3.0, SWEEPS)


def frame(video, second):
    """(H, W) of the picture at a time."""
    command = [find_ffmpeg(), "-v", "error", "-ss", str(second), "-i", str(video)]
    command += ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    seen = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(seen, np.uint8).reshape(HEIGHT - 1, WIDTH - 1)


def test_the_sound_is_in_it(video):
    sound = load_audio(video)
    assert abs(len(sound) / 16_000 - 3) < 0.1
    assert 0.25 < np.abs(sound).max() < 0.35


@pytest.mark.parametrize(("second", "row", "column"), [(0.5, 20, 60), (0.75, 20, 80), (2, 60, 60)])
def test_the_line_is_where_the_sound_is(video, second, row, column):
    bright = np.argwhere(frame(video, second) > 128)
    assert abs(bright[:, 1].mean() - column) < 8
    assert abs(bright[:, 0].mean() - row) < 2


def test_no_line_is_drawn_in_a_pause(video):
    assert frame(video, 1.25).max() < 60


def test_another_ending_or_picture_is_refused(tmp_path, video):
    sound, picture = video.with_name("sound.wav"), video.with_name("picture.png")
    with pytest.raises(AudioError, match=r"expected a video's name \(.mp4\)"):
        save_video(tmp_path / "a.avi", picture, sound, 1.0, SWEEPS)
    with pytest.raises(AudioError, match="expected a video to be written"):
        save_video(tmp_path / "a.mp4", tmp_path / "none.png", sound, 1.0, SWEEPS)
    assert not list(tmp_path.iterdir())
