"""Spectrograms: how long and high they are, and what is bright in them."""

import numpy as np
from PIL import Image

from kcarol.audio.disk_buffer import DiskWave
from kcarol.config import AudioConfig
from kcarol.page.spectrogram import MOST_COLUMNS, levels_db, save_picture

RATE = 44_100
CFG = AudioConfig()


def tone(seconds, hz=1000.0):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)[None]


def test_a_tone_is_brightest_at_its_band():
    levels = levels_db(tone(1.0, 4000.0).astype(np.float32), RATE)
    assert levels.shape[1] == CFG.n_bands and abs(len(levels) - CFG.frame_rate) < 3
    lower = levels_db(tone(1.0, 400.0).astype(np.float32), RATE)
    assert levels.mean(0).argmax() > lower.mean(0).argmax()


def test_long_sounds_are_read_in_pieces_and_keep_their_loud_moments():
    with DiskWave(2) as wave:
        wave.append(np.zeros((2, 90 * RATE), np.float32))
        wave[..., 60 * RATE : 61 * RATE] = tone(1.0)
        levels = levels_db(wave, RATE)
    assert MOST_COLUMNS / 2 < len(levels) < 1.1 * MOST_COLUMNS
    loud = np.flatnonzero(levels.max(1) > levels.max() - 6) / len(levels) * 90
    assert 59.5 < loud.min() and loud.max() < 61.5


def test_sounds_of_a_few_samples_have_a_picture():
    assert len(levels_db(np.ones((1, 5), np.float32), 16_000)) == 1


def test_the_picture_has_the_treble_on_top_and_one_scale(tmp_path):
    levels = np.full((30, 20), -200.0)
    levels[:, 0] = -10.0
    assert save_picture(tmp_path / "a.png", levels, -10.0) == (30, 20)
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("L")).astype(int)
    assert pixels[-1].min() > 200 > 50 > pixels[0].max()
    save_picture(tmp_path / "b.png", levels, 30.0)  # beside a louder one
    softer = np.asarray(Image.open(tmp_path / "b.png").convert("L")).astype(int)
    assert softer[-1].max() < pixels[-1].min()
