"""Sound files to mono waves at the model's sample rate.

Short spans of compressed files are decoded by pydub. Long files, and those with more than pydub can
hold (24 bits, floats), are piped from the same ffmpeg chunk by chunk, so that memory use does not
grow with the file. Both are resampled by soxr, as librosa does.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.files import AudioError
from kcarol.audio.reading.ffmpeg import Probe, absolute_name, check_rate, find_ffmpeg, probe
from kcarol.audio.reading.mono_mix import mono_mix
from kcarol.audio.reading.native import sources, stream_native
from kcarol.audio.reading.timeline import LEAST_GAP_S
from kcarol.config import AudioConfig

# of the files that are looked for in folders: all that `ffmpeg.CONTAINERS` are known by
AUDIO_SUFFIXES = tuple(
    ".wav .mp3 .flac .ogg .opus .m4a .aac .wma "
    ".3g2 .3gp .3gpp .8svx .aa3 .ac3 .adts .afc .aif .aifc .aiff .amr .ape .asf .au .avi .avr .awb "
    ".bwf .caf .dff .dsf .dts .eac3 .ec3 .f4a .f4v .flv .gsm .iff .ircam .latm .loas .m2ts .m4b "
    ".m4r .m4v .mj2 .mka .mkv .mov .mp+ .mp1 .mp2 .mp4 .mpa .mpc .mpeg .mpg .mpp .mts .nist .oga "
    ".ogv .ogx .oma .qt .ra .rm .rmvb .sf .shn .snd .sox .spdif .sph .spx .svx .tak .ts .tta .voc "
    ".vob .w64 .wave .weba .webm .wmv .wv".split()
)
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
    """Decode a file, or `duration_s` of it from `start_s` on, to (T,) float32 at cfg.sample_rate.

    AudioError if there is no such file, no sound in it (or in the span), samples that are not
    finite, or more than LONGEST_S. LostSoundWarning if some is missing (see `stream_native`).
    """
    chunks = _decode(Path(path), cfg or AudioConfig(), LONGEST_S, start_s, duration_s)
    return np.concatenate(list(chunks))


def load_audio_into(buffer: DiskBuffer, path: str | Path, cfg: AudioConfig | None = None) -> None:
    """Append what `load_audio` returns to a buffer (T,) by chunks; up to LONGEST_ON_DISK_S."""
    for chunk in _decode(Path(path), cfg or AudioConfig(), LONGEST_ON_DISK_S):
        buffer.append(chunk)


def stream_audio(
    path: str | Path,
    cfg: AudioConfig | None = None,
    chunk_s: float = CHUNK_S,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[np.ndarray]:
    """Yield what `load_audio` returns in chunks (t,) of about `chunk_s`, decoded on demand."""
    yield from _stream(Path(path), cfg or AudioConfig(), chunk_s, start_s, duration_s)


def _stream(
    path: Path,
    cfg: AudioConfig,
    chunk_s: float,
    start_s: float,
    duration_s: float | None,
    found: Probe | None = None,
) -> Iterator[np.ndarray]:
    chunks = stream_native(path, chunk_s, start_s, duration_s, found)
    for (rate, _), link in itertools.groupby(chunks, _format):
        yield from _resampled(mono_mix((sound for _, sound in link), rate), rate, cfg.sample_rate)


def _format(chunk: tuple[int, np.ndarray]) -> tuple[int, int]:
    """Sample rate and number of channels."""
    rate, sound = chunk
    return rate, sound.shape[1]


def _resampled(chunks: Iterable[np.ndarray], rate: int, target: int) -> Iterator[np.ndarray]:
    """Chunks (n,) at another rate, as long in all as librosa's: rounded up."""
    if rate == target:
        yield from chunks
        return
    resampler = soxr.ResampleStream(rate, target, 1, "float32", "HQ")
    n_in = n_out = 0
    for chunk in chunks:
        n_in += len(chunk)
        resampled = resampler.resample_chunk(chunk)
        n_out += len(resampled)
        if len(resampled):
            yield resampled
    rest = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
    yield _fit(rest, max(0, math.ceil(n_in * target / rate) - n_out))


def _decode(
    path: Path,
    cfg: AudioConfig,
    longest_s: float,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[np.ndarray]:
    """Yield at least one chunk (t,)."""
    found = probe(path)
    if not start_s and duration_s is None and _is_plain(path, found):
        rate, sound = _decode_by_pydub(path, found.codec)
        # only the pipe knows of gaps; files of less or more sound than their header says have some
        if len(sound) and abs(len(sound) / rate - (found.duration_s or 0)) < LEAST_GAP_S:
            wave = np.concatenate(list(mono_mix([sound], rate)))
            yield _resample(wave, rate, cfg.sample_rate)
            return
    n_samples = 0
    for chunk in _stream(path, cfg, CHUNK_S, start_s, duration_s, found):
        n_samples += len(chunk)
        if n_samples > longest_s * cfg.sample_rate:
            raise AudioError(
                f"{path}: expected at most {longest_s / 3600:g} h of sound, found more: "
                "cut it into parts"
            )
        yield chunk


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


def _resample(wave: np.ndarray, rate: int, target: int) -> np.ndarray:
    """librosa.resample(res_type="soxr_hq") without importing librosa, which takes a second."""
    if rate == target:
        return wave
    resampled = soxr.resample(wave, rate, target, quality="HQ")
    return _fit(resampled, math.ceil(len(wave) * (target / rate)))


def _fit(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut or padded to a length: librosa rounds lengths up, soxr to the nearest."""
    return np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))
