"""The line of progress: on a terminal alone, and gone in the end."""

import io
import sys
import time
from pathlib import Path

from kcarol.cli.shown.progress import LONGEST_NAME, song_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, monkeypatch, name: str = "song.mp3") -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    with song_progress(Path(name)) as tell:
        for part, share in [("reading", 0.0), ("hearing", 0.25), ("playing", 0.5)]:
            time.sleep(0.11)  # tqdm draws ten times a second
            tell(part, share)
    return stream.getvalue()


def test_pipes_and_logs_get_nothing(monkeypatch):
    assert shown(io.StringIO(), monkeypatch) == ""


def test_a_terminal_is_told_the_part_the_share_and_the_time_left_until_the_end(monkeypatch):
    lines = shown(Terminal(), monkeypatch).split("\r")
    assert any(line.startswith("hearing song.mp3  25% |") and "left" in line for line in lines)
    assert any(line.startswith("playing song.mp3  50% |") for line in lines)
    assert not any("left" in line for line in lines if "  0% |" in line)
    assert lines[-2].strip() == "" and lines[-1] == ""


def test_long_names_are_cut(monkeypatch):
    text = shown(Terminal(), monkeypatch, "n" * 200 + ".mp3")
    assert "n" * (LONGEST_NAME - 1) + "…" in text and "n" * LONGEST_NAME not in text


def test_wide_letters_take_two_columns(monkeypatch):
    assert "밤" * 14 + "…" in shown(Terminal(), monkeypatch, "밤" * 20 + ".mp3")
