"""Tempi that were changed by hand are played, and that is said."""

import re

import mido
import numpy as np
import pytest
from scores import heard_score

from kcarol.score.files import read_score, write_score

pytest.importorskip("defusedxml")


def beats_s(score) -> np.ndarray:
    return np.diff(score.grid.beat_times_s)[1:-2]


def test_musicxml_plays_at_tempi_that_were_changed(tmp_path, capsys):
    path, score = tmp_path / "song.musicxml", heard_score()
    write_score(score, path)
    text = path.read_text("utf-8")
    as_it_was = read_score(path)
    assert capsys.readouterr().err == ""
    assert np.array_equal(as_it_was.grid.beat_times_s, score.grid.beat_times_s)
    faster = re.sub(r'tempo="([^"]+)"', lambda m: f'tempo="{2 * float(m[1]):.6g}"', text)
    path.write_text(faster, "utf-8")
    found = read_score(path)
    assert beats_s(found).sum() == pytest.approx(beats_s(score).sum() / 2, rel=0.05)
    assert "tempi were changed" in capsys.readouterr().err
    assert found.sheet.notes == score.sheet.notes


def test_a_metronome_mark_that_was_changed_is_meant_for_the_song(tmp_path, capsys):
    path, score = tmp_path / "song.musicxml", heard_score()
    write_score(score, path)
    text = path.read_text("utf-8")
    start = text.index("<per-minute>") + len("<per-minute>")
    stop = text.index("</per-minute>")
    path.write_text(f"{text[:start]}{2 * int(text[start:stop])}{text[stop:]}", "utf-8")
    found = read_score(path)
    assert beats_s(found).sum() == pytest.approx(beats_s(score).sum() / 2, rel=0.05)
    assert "tempi were changed" in capsys.readouterr().err


def test_midi_plays_at_tempi_that_were_changed(tmp_path, capsys):
    path, score = tmp_path / "song.mid", heard_score()
    write_score(score, path)
    file = mido.MidiFile(path, charset="utf-8")
    for message in file.tracks[0]:
        if message.type == "set_tempo":
            message.tempo //= 2
    read_score(path)
    assert capsys.readouterr().err == ""
    file.save(path)
    found = read_score(path)
    assert beats_s(found).sum() == pytest.approx(beats_s(score).sum() / 2, rel=0.05)
    assert "tempi were changed" in capsys.readouterr().err
