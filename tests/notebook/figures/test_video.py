"""Facts about videos of sounds: each is heard while the line crosses its spectrogram."""

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.notebook import figures
from kcarol.notebook.figures import video

RATE = AudioConfig.full_rate


def noise(seconds):
    return 0.1 * np.random.default_rng(0).standard_normal((2, seconds * RATE), np.float32)


def test_lines_cross_their_own_spectrograms_one_after_the_other():
    drawn = figures.spectrograms({name: np.zeros((63, 128)) for name in "ab"})
    drawn.png()  # where its axes lie is decided as it is drawn
    first, second = video._sweeps(drawn, [1.0, 0.5])
    assert second.start_s == 1.0 + video.PAUSE_S
    assert second.stop_s == pytest.approx(second.start_s + 0.5)
    assert first.top + first.height < second.top
    assert first.left == second.left and second.right < first.right


def test_a_video_holds_the_same_span_of_each_sound(tmp_path, monkeypatch):
    written = {}

    def save_video(path, picture, sound, length_s, sweeps):
        written.update(length_s=length_s, sweeps=sweeps)
        return path

    monkeypatch.setattr(video, "save_video", save_video)
    video.write_video({"song": noise(3), "carol": noise(3)}, tmp_path / "a.mp4", 1.0, 1.5)
    assert written["length_s"] == 2 * (1.5 + video.PAUSE_S)
    assert [sweep.start_s for sweep in written["sweeps"]] == [0.0, 1.5 + video.PAUSE_S]
