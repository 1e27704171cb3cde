"""The sound of a file as it lies in time, at its own rate, and what of it is missing."""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kcarol.audio.files import AudioError, LostSoundWarning, printable
from kcarol.audio.reading.ffmpeg import Probe, absolute_name, check_file, decode, probe
from kcarol.audio.reading.mpeg_frames import Hole, frame_holes
from kcarol.audio.reading.ogg import ogg_links
from kcarol.audio.reading.timeline import LEAST_GAP_S, ClockReader, Gap, silence
from kcarol.audio.reading.wav import promised_share

SHORTER_S = 0.2  # than the header says: codecs' padding counts, or does not
MOST_TOLD = 5  # missing spans in one line


@dataclass(frozen=True)
class Missing:
    """A span of a file's sound that is not there, in seconds."""

    start_s: float
    stop_s: float

    def __str__(self) -> str:
        return f"from {self.start_s:.1f} to {self.stop_s:.1f} s"


@dataclass(frozen=True)
class Piece:
    """Samples (n, channels) of a link, which begins at `begin_s`, after `n_before` others."""

    rate: int
    sound: np.ndarray
    begin_s: float
    n_before: int

    def place(self, time_s: float) -> int:
        """The index of a time: below 0 or above n if it lies outside."""
        return round((time_s - self.begin_s) * self.rate) - self.n_before


def stream_native(
    path: Path,
    chunk_s: float,
    start_s: float = 0.0,
    duration_s: float | None = None,
    found: Probe | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (sample rate, (n, channels) float32) in chunks, as the file has them.

    What is missing in the middle is silence of its length, and so is what comes before a sound that
    begins later than its picture. Links of a chained file may differ in rate and channels.

    found: what `probe` says, if that is known. LostSoundWarning tells what is missing of the span.
    AudioError if nothing can be decoded, or samples are not those of sound.
    """
    check_file(path)
    found = found or probe(path)
    stop_s = math.inf if duration_s is None else start_s + duration_s
    missing: list[Missing] = []
    empty = True
    for piece in _pieces(path, found, chunk_s, missing):
        last = len(piece.sound) if stop_s == math.inf else piece.place(stop_s)
        if last <= 0:
            break
        sound = piece.sound[max(0, piece.place(start_s)) : last]
        if len(sound):
            empty = False
            yield piece.rate, sound
    if empty:
        raise AudioError(
            f"{path}: expected sound from {start_s:g} s on, found none: it ends earlier"
        )
    _tell(path, [span for span in missing if span.stop_s > start_s and span.start_s < stop_s])


def _tell(path: Path, missing: list[Missing]) -> None:
    if not missing:
        return
    spans = " and ".join(map(str, missing[:MOST_TOLD]))
    more = f" and {len(missing) - MOST_TOLD} times more" if len(missing) > MOST_TOLD else ""
    text = f"{path}: expected whole sound, found none {spans}{more}: get an undamaged copy"
    warnings.warn(printable(text), LostSoundWarning, stacklevel=2)


def sources(path: Path, found: Probe) -> list[str]:
    """What ffmpeg is to open for a file: the file, or each link of a chained Ogg file."""
    links = ogg_links(path) if found.container == "ogg" else []
    if len(links) < 2:
        return [absolute_name(path)]
    return [subfile(path, start, stop) for start, stop in links]


def subfile(path: Path, start: int, stop: int) -> str:
    """ffmpeg's name of a span of a file's bytes."""
    return f"subfile,,start,{start},end,{stop},,:{absolute_name(path)}"


def _pieces(path: Path, found: Probe, chunk_s: float, missing_: list[Missing]) -> Iterator[Piece]:
    """All sound, with silence where some is missing; `missing_` grows by what is."""
    links = sources(path, found)
    begin_s = 0.0
    for link in links:
        rate, n_before = 1, 0
        known = found if len(links) == 1 else replace(found, stream=0, duration_s=None)
        for rate, silent_s, sound in _in_time(path, link, known, chunk_s):
            if silent_s and n_before:
                missing_.append(_span(begin_s + n_before / rate, silent_s))
            n_silent = round(silent_s * rate)
            for piece in [*silence(n_silent, sound.shape[1], round(chunk_s * rate) or 1), sound]:
                yield Piece(rate, piece, begin_s, n_before)
                n_before += len(piece)
        begin_s += n_before / rate
    promised_s = _promised_s(path, found)
    if len(links) == 1 and begin_s < promised_s - SHORTER_S:
        missing_.append(Missing(begin_s, promised_s))


def _promised_s(path: Path, found: Probe) -> float:
    """The length of the sound by the header; 0 if it does not say, or speaks of a picture too."""
    if found.n_streams > 1 or not found.duration_s:
        return 0.0
    if found.container == "wav":
        return found.duration_s * max(1.0, promised_share(path))
    return 0.0 if found.estimated else found.duration_s


def _span(start_s: float, length_s: float) -> Missing:
    return Missing(start_s, start_s + length_s)


def _in_time(
    path: Path, source: str, found: Probe, chunk_s: float, first_byte: int = 0
) -> Iterator[tuple[int, float, np.ndarray]]:
    """(rate, seconds of silence before it, sound (n, channels)) of one link."""
    # errors: Windows removes no file that an ffmpeg about to end has open
    with tempfile.TemporaryDirectory("", "kcarol-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "ffmpeg.log"
        gaps: list[Gap] = []
        holes: list[Hole] | None = None
        clock, rate, n_read = None, 1, 0
        for rate, sound in decode(path, source, found.stream, chunk_s, log):
            clock = clock or ClockReader(log, rate, found.duration_s, found.late_s)
            gaps += clock.new_gaps()
            if clock.complaints and holes is None:
                holes = frame_holes(path, found.container, first_byte)
                gaps += [Gap(round(hole.start_s * rate), hole.seconds) for hole in holes]
            yield from _between(gaps, rate, sound, n_read)
            n_read += len(sound)
            gaps = [gap for gap in gaps if gap.n_before >= n_read]
        if clock and holes is None:
            clock.new_gaps()  # what ffmpeg said at last
            holes = frame_holes(path, found.container, first_byte) if clock.complaints else []
    # ffmpeg gives up at a long hole in a file without times: it is started again behind it
    ahead = [hole for hole in holes or [] if hole.start_s > n_read / rate - LEAST_GAP_S]
    if ahead:
        rest = subfile(path, ahead[0].stop_byte, path.stat().st_size)
        silent_s = ahead[0].seconds
        for rate, more_s, sound in _in_time(path, rest, found, chunk_s, ahead[0].stop_byte):
            yield rate, silent_s + more_s, sound
            silent_s = 0.0


def _between(
    gaps: list[Gap], rate: int, sound: np.ndarray, n_read: int
) -> Iterator[tuple[int, float, np.ndarray]]:
    """Sound after `n_read` samples, in parts, each with the seconds of the gap before it."""
    silent_s, done = 0.0, 0
    for gap in gaps:
        place = max(0, gap.n_before - n_read)
        if place >= len(sound):
            continue
        if place > done:
            yield rate, silent_s, sound[done:place]
            silent_s, done = 0.0, place
        silent_s += gap.seconds
    yield rate, silent_s, sound[done:]
