"""Holes in MP3 and raw AAC files, which have no times: frames are counted before and after them.

Headers: ISO/IEC 11172-3, 2.4.1.3 and 13818-3 (MP3); 14496-3, 1.A.2.2 (ADTS).
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BITRATES_KBPS = {  # by version (2.5 as 2) and layer
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES_HZ = (44_100, 48_000, 32_000)  # of version 1; halves for 2, quarters for 2.5
ADTS_RATES_HZ = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000),
    *(11_025, 8_000, 7_350),
)
IN_A_ROW = 3  # frames that make sure of the place of the first one
DELAY_SAMPLES = 529 + 576  # of an MP3 encoder and decoder: ffmpeg cuts them off after a Xing frame


@dataclass(frozen=True)
class Frame:
    n_bytes: int
    n_samples: int
    rate: int

    @property
    def seconds(self) -> float:
        return self.n_samples / self.rate


@dataclass(frozen=True)
class Hole:
    """Bytes that are no frames, and the seconds of sound that they held."""

    start_s: float  # in the decoded sound, without any hole
    seconds: float
    stop_byte: int  # where frames go on


ReadHeader = Callable[[bytes | mmap.mmap, int], Frame | None]


def frame_holes(path: Path, container: str, first_byte: int = 0) -> list[Hole]:
    """Holes between the frames of a file that ffmpeg calls "mp3" or "aac"; none in others.

    A hole is as long as its bytes are in the other frames' mean.
    """
    read_header = READERS.get(container)
    if read_header is None:
        return []
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        seconds, n_bytes, holes = _walk(data, first_byte, read_header)
    return [
        Hole(start_s, (stop - start) * seconds / n_bytes, stop) for start_s, start, stop in holes
    ]


def _walk(
    data: mmap.mmap, place: int, read_header: ReadHeader
) -> tuple[float, int, list[tuple[float, int, int]]]:
    """Seconds and bytes of all frames from a place on, and the holes between them.

    A hole: the seconds of the frames before it, its first byte, and the first one behind it.
    """
    place = _next_frame(data, place, read_header)
    seconds, n_bytes = -_cut_off_s(data, place, read_header), 0
    holes: list[tuple[float, int, int]] = []
    while place < len(data):
        if frame := read_header(data, place):
            place += frame.n_bytes
            n_bytes += frame.n_bytes
            seconds += frame.seconds
            continue
        start = _behind_tags(data, place)
        place = _next_frame(data, start, read_header)
        if start < place < len(data):  # what comes after the last frame is no hole
            holes.append((seconds, start, place))
    return seconds, n_bytes, holes


def _next_frame(data: mmap.mmap, place: int, read_header: ReadHeader) -> int:
    """The next place from which several frames follow each other; the end if there is none."""
    while 0 <= (place := data.find(b"\xff", place)):
        after = place
        for _ in range(IN_A_ROW):
            frame = read_header(data, after)
            if frame is None:
                break
            after += frame.n_bytes
        else:
            return place
        place += 1
    return len(data)


def _cut_off_s(data: mmap.mmap, place: int, read_header: ReadHeader) -> float:
    """What ffmpeg cuts off the start: the frame that tells of the others, and the codec's delay."""
    frame = read_header(data, place)
    if frame is None or not re.search(b"Xing|Info", data[place : place + 64]):
        return 0.0
    return frame.seconds + DELAY_SAMPLES / frame.rate


def _behind_tags(data: mmap.mmap, place: int) -> int:
    """The place itself, or that behind ID3 tags, as between songs that were joined."""
    while True:
        if data[place : place + 3] == b"TAG":
            place += 128
        elif data[place : place + 3] == b"ID3" and place + 10 <= len(data):
            high, mid, low, lowest = data[place + 6 : place + 10]
            place += 10 + (high << 21 | mid << 14 | low << 7 | lowest)
        else:
            return min(place, len(data))


def mp3_frame(data: bytes | mmap.mmap, place: int) -> Frame | None:
    """The frame of MPEG audio at a place, if there is one."""
    if place + 4 > len(data) or data[place] != 0xFF or data[place + 1] & 0xE0 != 0xE0:
        return None
    version = {3: 1, 2: 2, 0: 2.5}.get(data[place + 1] >> 3 & 3)
    layer = 4 - (data[place + 1] >> 1 & 3)
    bitrate, rate_number = data[place + 2] >> 4, data[place + 2] >> 2 & 3
    if version is None or layer == 4 or bitrate in (0, 15) or rate_number == 3:
        return None
    family = 1 if version == 1 else 2
    rate = RATES_HZ[rate_number] // {1: 1, 2: 2, 2.5: 4}[version]
    bits_a_second = 1_000 * BITRATES_KBPS[family, layer][bitrate - 1]
    padding = data[place + 2] >> 1 & 1
    if layer == 1:
        return Frame((12 * bits_a_second // rate + padding) * 4, 384, rate)
    n_samples = 576 if layer == 3 and family == 2 else 1_152
    return Frame(n_samples // 8 * bits_a_second // rate + padding, n_samples, rate)


def adts_frame(data: bytes | mmap.mmap, place: int) -> Frame | None:
    """The frame of raw AAC at a place, if there is one."""
    if place + 7 > len(data) or data[place] != 0xFF or data[place + 1] & 0xF6 != 0xF0:
        return None
    rate_number = data[place + 2] >> 2 & 15
    header = int.from_bytes(data[place + 3 : place + 7], "big")
    n_bytes, n_blocks = header >> 13 & 0x1FFF, 1 + (header & 3)
    if rate_number >= len(ADTS_RATES_HZ) or n_bytes < 7:
        return None
    return Frame(n_bytes, 1_024 * n_blocks, ADTS_RATES_HZ[rate_number])


READERS: dict[str, ReadHeader] = {"mp3": mp3_frame, "aac": adts_frame}
