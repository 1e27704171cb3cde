"""Where decoded sound belongs in time: ffmpeg drops what it cannot decode, but tells when the next
sound is due.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LEAST_GAP_S = 0.1  # as of ffmpeg's own aresample=async: containers round times, codecs have delays
BEYOND_END_S = 1.0  # a time later than the end of the file by more is damaged itself

# A filter that logs (samples before, sample rate, time in seconds) at the first frame and wherever
# time and samples drift apart by LEAST_GAP_S; variable 0 holds time minus samples. It numbers the
# samples on without gaps, as the output has them.
CLOCK = (
    f"asetpts='if(eq(N,0)+gt(abs(T-ld(0)-N/SR),{LEAST_GAP_S}),"
    "print(N,16)+print(SR,16)+print(T,16)+st(0,T-N/SR)); N/SR/TB'"
)
NUMBER = re.compile(rb"(?:\[Eval @ \w+\] )?(-?(?:\d+\.\d{6}|nan|inf))")


@dataclass(frozen=True)
class Gap:
    """Seconds without sound before a decoded sample, counted without any silence."""

    n_before: int
    seconds: float


class ClockReader:
    """Reads what CLOCK says, and what else ffmpeg says, from its log while that grows."""

    def __init__(self, log: Path, rate: int, end_s: float | None, late_s: float = 0.0):
        """rate: of the decoded samples, in Hz; end_s: of the file, if known.

        late_s: of the sound after the start of the file, in case that the times leave it out.
        """
        self.log, self.rate = log, rate
        self.latest_s = math.inf if end_s is None else end_s + BEYOND_END_S
        self.late_s = late_s
        self.place = 0  # in the log
        self.numbers: list[float] = []  # not yet three of them
        self.n_silent = 0  # samples in gaps so far
        self.started = False
        self.n_filtered = 0  # samples before the filter was made anew, as for another rate
        self.complaints: list[str] = []

    def new_gaps(self) -> list[Gap]:
        """Gaps that were logged since the last call. Gaps are logged before what follows them."""
        with self.log.open("rb") as file:
            file.seek(self.place)
            text = file.read()
        text = text[: text.rfind(b"\n") + 1]
        self.place += len(text)
        gaps = []
        for line in text.splitlines():
            number = NUMBER.fullmatch(line)
            if number is None:
                self.complaints.append(line.decode(errors="replace"))
                continue
            self.numbers.append(float(number[1]))
            if len(self.numbers) == 3:
                gaps += self._gap(*self.numbers)
                self.numbers = []
        return gaps

    def _gap(self, n_before: float, rate: float, time_s: float) -> list[Gap]:
        if n_before == 0 and time_s > self.late_s - LEAST_GAP_S:
            self.late_s = 0.0  # the times have it in
        time_s += self.late_s
        if not 0 <= time_s <= self.latest_s:
            return []
        due = round(time_s * self.rate)
        if n_before == 0 and self.started:
            self.n_filtered = due - self.n_silent
        self.started = True
        place = self.n_filtered + round(n_before * self.rate / rate)
        missing = due - self.n_silent - place
        if missing < LEAST_GAP_S * self.rate:
            return []
        self.n_silent += missing
        return [Gap(place, missing / self.rate)]


def silence(n_samples: int, channels: int, most: int) -> Iterator[np.ndarray]:
    """Zeros (n, channels) float32 in pieces of at most `most` samples."""
    for done in range(0, n_samples, most):
        yield np.zeros((min(most, n_samples - done), channels), np.float32)
