"""Gaps from the clock in ffmpeg's log."""

import numpy as np
import pytest

from kcarol.audio.reading.timeline import ClockReader, Gap, silence

RATE = 1_000


def gaps_of(tmp_path, *events, end_s=100.0, late_s=0.0):
    """Gaps of (samples before, rate, time) in a log."""
    lines = [f"[Eval @ 0x7f] {number:f}\n" for event in events for number in event]
    (tmp_path / "log").write_text("".join(lines))
    return ClockReader(tmp_path / "log", RATE, end_s, late_s).new_gaps()


def test_a_later_time_is_a_gap_and_a_late_first_one_too(tmp_path):
    found = gaps_of(tmp_path, (0, RATE, 1.5), (2_000, RATE, 5.5), (3_000, RATE, 7.0))
    assert found == [Gap(0, 1.5), Gap(2_000, 2.0), Gap(3_000, 0.5)]


@pytest.mark.parametrize("time_s", [-3.0, 1.0, 2.05, 5_000.0, float("nan"), float("inf")])
def test_earlier_rounded_and_damaged_times_are_no_gaps(time_s, tmp_path):
    assert gaps_of(tmp_path, (0, RATE, 0), (2_000, RATE, time_s)) == []
    later = gaps_of(tmp_path, (0, RATE, 0), (2_000, RATE, time_s), (3_000, RATE, 4.0))
    assert later == [Gap(3_000, 1.0)]


def test_a_lateness_that_the_times_leave_out_is_added_once(tmp_path):
    assert gaps_of(tmp_path, (0, RATE, 0.0), late_s=1.5) == [Gap(0, 1.5)]
    assert gaps_of(tmp_path, (0, RATE, 1.5), late_s=1.5) == [Gap(0, 1.5)]


def test_a_filter_made_anew_at_another_rate_counts_on(tmp_path):
    events = (0, RATE, 0.0), (0, 2 * RATE, 4.0), (2_000, 2 * RATE, 7.0)
    assert gaps_of(tmp_path, *events) == [Gap(5_000, 2.0)]


def test_a_growing_log_is_read_line_by_line(tmp_path):
    log = tmp_path / "log"
    log.write_text("0.000000\n1000.000000\n0.000000\nCRC mismatch!\n500.000000\n1000.00")
    clock = ClockReader(log, RATE, None)
    assert clock.new_gaps() == [] and clock.complaints == ["CRC mismatch!"]
    with log.open("a") as file:
        file.write("0000\n3.500000\n")
    assert clock.new_gaps() == [Gap(500, 3.0)]


def test_silence_comes_in_pieces():
    pieces = list(silence(25, 2, 10))
    assert [piece.shape for piece in pieces] == [(10, 2), (10, 2), (5, 2)]
    assert not np.concatenate(pieces).any()
