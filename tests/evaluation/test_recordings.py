"""What is measured of a recording once."""

from __future__ import annotations

import numpy as np
import pytest

from kcarol.evaluation import recordings


def test_what_is_not_a_finite_wave_is_refused():
    for bad in (np.zeros(0), np.zeros((2, 5)), np.array([0.0, np.nan])):
        with pytest.raises(ValueError, match="song: expected a finite wave"):
            recordings.checked(bad, "song")


def test_analysis_is_kept_by_content(song, tmp_path, monkeypatch):
    first = recordings.analyse(song, tmp_path)
    monkeypatch.setattr(recordings.Analysis, "of", lambda wave: pytest.fail("analysed twice"))
    again = recordings.analyse(song.copy(), tmp_path)
    assert np.array_equal(first.chroma, again.chroma) and first.crest == again.crest
    assert [p.suffix for p in tmp_path.iterdir()] == [".npz"]


def test_audio_files_of_an_absent_folder_are_none(tmp_path):
    for name in ("b.WAV", "a.mp3", "notes.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in recordings.audio_files(tmp_path)] == ["a.mp3", "b.WAV"]
    assert recordings.audio_files(tmp_path / "absent") == []
