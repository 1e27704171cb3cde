"""The measures of tests/benchmarks/corpus_statistics.py on sounds whose values are known."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import librosa
import numpy as np
import pytest

PATH = Path(__file__).resolve().parents[1] / "benchmarks" / "corpus_statistics.py"
SPEC = importlib.util.spec_from_file_location("corpus_statistics", PATH)
statistics = importlib.util.module_from_spec(SPEC)
TIME_S = np.arange(5 * 16_000) / 16_000


@pytest.fixture(scope="module", autouse=True)
def loaded():
    import sys

    sys.modules[SPEC.name] = statistics
    SPEC.loader.exec_module(statistics)
    yield
    del sys.modules[SPEC.name]


def sung(cents: float = 0.0, rate_hz: float = 5.0) -> np.ndarray:
    """A4 with ten harmonics and a vibrato."""
    swing = np.sin(2 * np.pi * rate_hz * TIME_S) / (2 * np.pi * rate_hz)
    phase = 440 * (TIME_S + np.log(2) * cents / 1200 * swing)
    return sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 11))


def measure(wave: np.ndarray) -> dict[str, float]:
    magnitude = np.abs(librosa.stft(wave, n_fft=statistics.N_FFT, hop_length=statistics.HOP))
    return statistics.tune_statistics(magnitude, np.full(magnitude.shape[1], 69.0))


@pytest.mark.parametrize("noise_db", [-10.0, 0.0, 6.0])
def test_tune_to_rest_is_the_ratio_that_was_mixed(noise_db):
    tone = sung()
    noise = np.random.default_rng(0).standard_normal(len(tone)) * tone.std() * 10 ** (noise_db / 20)
    assert measure(tone + noise)["tune to rest, dB"] == pytest.approx(-noise_db, abs=1.5)


def test_vibrato_widens_the_scatter_of_pitch():
    assert measure(sung(0.0))["pitch scatter, cents"] < 5
    assert measure(sung(45.0, 1.0))["pitch scatter, cents"] == pytest.approx(45 / np.sqrt(2), abs=6)


def test_a_steady_click_is_a_clear_beat_and_noise_is_none():
    clicks = np.zeros(1_000)
    clicks[::16] = 1.0
    assert statistics.beat_clarity(clicks) > 0.9
    assert statistics.beat_clarity(np.random.default_rng(0).random(1_000)) < 0.3


def test_equal_clips_are_at_distance_zero(capsys):
    rng = np.random.default_rng(1)
    values = {"a": rng.normal(size=50), "b": rng.normal(size=50)}
    statistics.print_table(values, values, "same")
    assert "**0.00** | **0.1" in capsys.readouterr().out
