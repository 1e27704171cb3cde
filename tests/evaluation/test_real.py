"""Evaluation on real songs, here made ones."""

from __future__ import annotations

import json

import librosa
import numpy as np
import pytest
from tunes import TUNE, pair, tones

from kcarol.audio.encoding import save_audio
from kcarol.evaluation.evaluate import evaluate
from kcarol.evaluation.real import evaluate_real


def copied(song: np.ndarray, style: str) -> np.ndarray:
    """A song (T,) at 16 kHz as a carol (2, 3 T) that is the song."""
    full = librosa.resample(song, orig_sr=16_000, target_sr=48_000)
    return np.stack([full, full])


@pytest.fixture
def real_dir(tmp_path):
    """Two songs, one of them with sung notes, one carol, and a song to be mistaken for."""
    for name, shift in (("one", 0), ("two", 6)):
        save_audio(tmp_path / "pop" / f"{name}.wav", tones([[note + shift] for note in TUNE]))
    save_audio(tmp_path / "other.wav", pair(3, "other")["pop"])
    save_audio(tmp_path / "carol" / "bells.wav", pair(0, "bells")["carol"])
    lines = [f": {i * 4} 4 {pitch - 60} la" for i, pitch in enumerate(TUNE[:-1])]
    text = "\n".join(["#BPM:120", "#GAP:-70", *lines, "E"])
    (tmp_path / "pop" / "one.ultrastar.txt").write_text(text)
    return tmp_path


def test_a_copying_converter_is_the_copy_baseline(real_dir):
    table = evaluate(
        copied,
        real_dir / "out",
        real_dir=real_dir,
        real_options={
            "distractors": [real_dir / "other.wav"],
            "styles": ("a", "b"),
            "by_samples": copied,
            "joins_s": lambda n: [3.0],
        },
    )
    ours, copy, mean, wrong = (table.find(name) for name in ("kcarol", "copy", "mean", "wrong"))
    assert ours["sound"] == "all" and ours["n"] == 4 and copy["n"] == 2
    for row in (ours, copy):
        assert row["retrieval"] == 1 and row["triad"] == pytest.approx(1, abs=1e-3)
        assert row["chroma"] > 0.99 and row["length"] == 0
        assert row["loudness"] == pytest.approx(0, abs=0.1)
        assert row["note@1"] == copy["note@1"] == 1 > row["const@1"]
        assert row["onset"] == pytest.approx(1, abs=1e-3)
        assert row["dyn_r"] == pytest.approx(1, abs=0.01)
    assert table.find("carol")["n"] == 1
    samples = table.find("samples")
    assert samples["sound"] == "all" and samples["n"] == 4 and samples["chroma"] > 0.99
    assert wrong["retrieval"] < 1 and mean["chroma"] < 0.3
    assert np.isfinite(ours["seam"]) and "style" not in ours  # no reference was given
    assert [row["sound"] for row in table.rows if row["system"] == "kcarol"] == ["all", "a", "b"]
    assert (real_dir / "out" / "table.json").exists() and (real_dir / "out" / "real.html").exists()
    assert table.settings["sources"] == 3


def test_an_interrupted_evaluation_leaves_the_table_of_the_styles_that_are_done(real_dir):
    def convert(song, style):
        if style == "b":
            raise KeyboardInterrupt
        return copied(song, style)

    with pytest.raises(KeyboardInterrupt):
        evaluate_real(convert, real_dir, out_dir=real_dir / "out", styles=("a", "b"))
    table = json.loads((real_dir / "out" / "real.json").read_text())
    assert [(row["system"], row["sound"], row["n"]) for row in table["rows"]] == [
        ("kcarol", "a", 2)
    ]


def test_a_folder_without_songs_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected audio files, found none"):
        evaluate_real(copied, tmp_path)
