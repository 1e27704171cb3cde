"""What is measured of a recording once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kcarol.evaluation import recordings


def test_what_is_not_a_finite_wave_is_refused():
    for bad in (np.zeros(0), np.zeros((2, 5)), np.array([0.0, np.nan])):
        with pytest.raises(ValueError, match="song: expected a finite wave"):
            recordings.checked(bad, "song")
    for bad in (np.zeros((2, 0)), np.zeros(5), np.full((2, 3), np.nan)):
        with pytest.raises(ValueError, match=r"song: expected a finite wave \(2, T\)"):
            recordings.checked(bad, "song", stereo=True)


def test_analysis_is_kept_by_content(song, tmp_path, monkeypatch):
    heard = recordings.Heard(song, None, heard_s=60.0)
    first = recordings.analyse(heard, tmp_path)
    monkeypatch.setattr(recordings.Analysis, "of", lambda heard: pytest.fail("analysed twice"))
    again = recordings.analyse(replace(heard, mono=song.copy()), tmp_path)
    assert np.array_equal(first.chroma, again.chroma) and first.crest == again.crest
    assert [p.suffix for p in tmp_path.iterdir()] == [".npz"]


def test_a_carol_is_heard_in_stereo_and_in_the_middle():
    left = np.sin(np.arange(48_000) / 20).astype(np.float32)
    heard = recordings.Heard.of_carol(np.stack([left, np.zeros_like(left)]), heard_s=0.5)
    assert heard.mono.shape == (16_000,) and heard.stereo.shape == (2, 22_050)
    assert np.abs(heard.stereo[1]).max() == 0
    assert np.std(heard.mono) == pytest.approx(np.std(left) / 2, rel=0.02)


def test_audio_files_of_an_absent_folder_are_none(tmp_path):
    for name in ("b.WAV", "a.mp3", "notes.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in recordings.audio_files(tmp_path)] == ["a.mp3", "b.WAV"]
    assert recordings.audio_files(tmp_path / "absent") == []
