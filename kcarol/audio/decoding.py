"""Sound files to mono waves at the model's sample rate, and to stereo at any rate.

Short spans of compressed files are decoded by pydub. Long files, and those with more than pydub can
hold (24 bits, floats), are piped from the same ffmpeg chunk by chunk, so that memory use does not
grow with the file. Both are resampled by soxr, as librosa does.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.files import AudioError
from kcarol.audio.parallel import single_threaded
from kcarol.audio.reading.ffmpeg import Probe, absolute_name, check_rate, find_ffmpeg, probe
from kcarol.audio.reading.mono_mix import mono_mix
from kcarol.audio.reading.native import sources, stream_native
from kcarol.audio.reading.native_sound import NativeChunk, NativeMeter, NativeSound, links
from kcarol.audio.reading.resampling import resampled
from kcarol.audio.reading.stereo_mix import stereo_mix
from kcarol.audio.reading.timeline import LEAST_GAP_S
from kcarol.config import AudioConfig

PYDUB_S = 60.0  # longest span decoded in one piece: 16-bit stereo, some 40 MB with pydub's copies
# codecs that pydub decodes, and the decoder for each; without one, pydub would look for ffprobe
PYDUB_DECODERS = {
    "mp3": "mp3float",
    "vorbis": "vorbis",
    "opus": "opus",
    "aac": "aac",
    "wmav1": "wmav1",
    "wmav2": "wmav2",
}
CHUNK_S = 10.0  # decoded at once
LONGEST_S = 8 * 3600.0  # of a wave in memory: 1.8 GB; a small file can expand to years
# of a wave on disk: 5.5 GB, and converting it holds 140 MB of logits an hour in memory
LONGEST_ON_DISK_S = 24 * 3600.0


def load_audio(
    path: str | Path,
    cfg: AudioConfig | None = None,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> np.ndarray:
    """Decode a file, or `duration_s` of it from `start_s` on.

    Returns (T,) float32 at `cfg.sample_rate`, 16 kHz without `cfg`, mixed to mono.
    AudioError if there is no such file, no sound in it (or in the span), samples that are not
    finite, or more than LONGEST_S. LostSoundWarning if some is missing (see `stream_native`).
    """
    rate = (cfg or AudioConfig()).sample_rate
    native = _native_chunks(Path(path), LONGEST_S, start_s, duration_s)
    return np.concatenate(list(_mono(native, rate)))


def load_audio_into(
    buffer: DiskBuffer,
    path: str | Path,
    cfg: AudioConfig | None = None,
    progress: Callable[[float], object] = lambda share: None,
) -> NativeSound:
    """Append what `load_audio` returns to a buffer (T,) by chunks; up to LONGEST_ON_DISK_S.
    `progress` is told the share that is read, if the file's length is known.
    """
    rate, found = (cfg or AudioConfig()).sample_rate, probe(Path(path))
    meter = NativeMeter()
    native = meter.watch(_native_chunks(Path(path), LONGEST_ON_DISK_S, found=found))
    with single_threaded():
        for chunk in _mono(native, rate):
            buffer.append(chunk)
            if found.duration_s:
                progress(min(1.0, len(buffer) / rate / found.duration_s))
    return meter.sound


def stream_audio(
    path: str | Path,
    cfg: AudioConfig | None = None,
    chunk_s: float = CHUNK_S,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[np.ndarray]:
    """Yield what `load_audio` returns in chunks (t,) of about `chunk_s`, decoded on demand."""
    native = stream_native(Path(path), chunk_s, start_s, duration_s)
    yield from _mono(native, (cfg or AudioConfig()).sample_rate)


def load_stereo(
    path: str | Path, rate: int, start_s: float = 0.0, duration_s: float | None = None
) -> np.ndarray:
    """As `load_audio`, but (2, T) at a rate in Hz, whatever the file's channels."""
    native = _native_chunks(Path(path), LONGEST_S, start_s, duration_s)
    return np.concatenate(list(_stereo(native, rate))).T.copy()


def stream_stereo(
    path: str | Path, rate: int, start_s: float = 0.0, duration_s: float | None = None
) -> Iterator[np.ndarray]:
    """Yield what `load_stereo` returns in chunks (t, 2), of songs of any length."""
    yield from _stereo(stream_native(Path(path), CHUNK_S, start_s, duration_s), rate)


def _mono(native: Iterable[NativeChunk], target: int) -> Iterator[np.ndarray]:
    """Chunks (t,) at one rate."""
    for rate, link in links(native):
        yield from resampled(mono_mix(link, rate), rate, target)


def _stereo(native: Iterable[NativeChunk], target: int) -> Iterator[np.ndarray]:
    """Chunks (t, 2) at one rate."""
    for rate, link in links(native):
        yield from resampled(map(stereo_mix, link), rate, target)


def _native_chunks(
    path: Path,
    longest_s: float,
    start_s: float = 0.0,
    duration_s: float | None = None,
    found: Probe | None = None,
) -> Iterator[NativeChunk]:
    """Yield at least one chunk with samples; `found`: what `probe` says, if it was asked already.
    AudioError beyond `longest_s`.
    """
    found = found or probe(path)
    if not start_s and duration_s is None and _is_plain(path, found):
        rate, sound = _decode_by_pydub(path, found.codec)
        # only the pipe knows of gaps; files of less or more sound than their header says have some
        if len(sound) and abs(len(sound) / rate - (found.duration_s or 0)) < LEAST_GAP_S:
            yield rate, sound
            return
    seconds = 0.0
    for rate, sound in stream_native(path, CHUNK_S, start_s, duration_s, found):
        seconds += len(sound) / rate
        if seconds > longest_s:
            raise AudioError(
                f"{path}: expected at most {longest_s / 3600:g} h of sound, found more: "
                "cut it into parts"
            )
        yield rate, sound


def _is_plain(path: Path, found: Probe) -> bool:
    """Whether pydub may try: one short stream of a known codec and length, not chained."""
    return (
        found.codec in PYDUB_DECODERS
        and found.n_streams == 1
        and not found.estimated
        and (found.duration_s or math.inf) <= PYDUB_S
        and len(sources(path, found)) == 1
    )


def _decode_by_pydub(path: Path, codec: str) -> tuple[int, np.ndarray]:
    """Sample rate and (n, channels) float32; no samples if pydub cannot decode it."""
    try:
        segment_class = _segment_class()
        from pydub.exceptions import CouldntDecodeError
    except KeyError:  # pydub cannot be imported where the environment has no PATH
        return 0, np.zeros((0, 1), np.float32)
    try:
        segment = segment_class.from_file(
            absolute_name(path),
            codec=PYDUB_DECODERS[codec],
            duration=PYDUB_S + 1,  # a small file may expand to years
        )
    # long titles hide the data from pydub, and it takes .raw and .pcm for headerless samples
    except (CouldntDecodeError, KeyError):
        return 0, np.zeros((0, 1), np.float32)
    sound = np.array(segment.get_array_of_samples(), dtype=np.float32).reshape(-1, segment.channels)
    return check_rate(segment.frame_rate, path), sound / 2 ** (8 * segment.sample_width - 1)


@cache
def _segment_class() -> Any:
    """pydub's AudioSegment with our ffmpeg, as a subclass: pydub's own settings stay untouched."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydub warns on import if the system has no ffmpeg
        from pydub import AudioSegment

    class Segment(AudioSegment):
        converter = find_ffmpeg()

        def __getitem__(self, span: Any) -> Any:
            """A slice of the whole sound cuts nothing; pydub's own would round to milliseconds."""
            if isinstance(span, slice) and not span.start and (span.stop or 0) >= len(self):
                return self
            return super().__getitem__(span)

    return Segment
