"""Waves to sound files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.files import AudioError, atomic_write
from kcarol.audio.reading.ffmpeg import check_finite
from kcarol.audio.writing import libsndfile, mpeg4
from kcarol.audio.writing.formats import check_format
from kcarol.audio.writing.tags import Tags, write_tags
from kcarol.config import AudioConfig

FLOAT = "FLOAT"  # codec of 32-bit samples
BLOCK = 1 << 16  # samples: libvorbis overflows its stack on long single writes
MOST_WAV_BYTES = 4_000_000_000  # that its header can count; more is written as RF64


def save_audio(
    path: str | Path,
    wave: np.ndarray | DiskBuffer,
    sample_rate: int = AudioConfig.sample_rate,
    comment: str = "",
    codec: str | None = None,
    tags: Tags | None = None,
    progress: Callable[[float], object] = lambda share: None,
) -> Path:
    """Write (T,), or (C, T) of one channel or two, as `save_blocks` does; `progress` is told the
    share that is written.
    """
    if not isinstance(wave, DiskBuffer):
        wave = np.asarray(wave, dtype=np.float32)
    *channels, n_samples = wave.shape
    if channels not in ([], [1], [2]):
        raise AudioError(f"{path}: expected samples (T,) or (2, T), found shape {wave.shape}")

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, n_samples, BLOCK):
            progress(start / n_samples)
            piece = np.atleast_2d(wave[..., start : start + BLOCK])
            yield np.stack(list(piece), axis=-1)

    n_channels = (channels or [1])[0]
    return save_blocks(path, blocks(), n_samples, n_channels, sample_rate, comment, codec, tags)


def save_blocks(
    path: str | Path,
    blocks: Iterable[np.ndarray],
    n_samples: int,
    n_channels: int,
    sample_rate: int,
    comment: str = "",
    codec: str | None = None,
    tags: Tags | None = None,
) -> Path:
    """Write blocks (t,) or (t, channels) in the format of the path's ending, see SAVE_FORMATS: 16
    bits if it is lossless; clipped at ±1.

    n_samples: in all blocks; comment: text beside the sound, see `read_comment`.
    codec: another one, in libsndfile's words; of FLOAT nothing is clipped.
    tags: of the piece; TagsWarning where the format has none.
    The file appears whole or not at all. AudioError for other endings or rates, no samples, or
    samples that are not finite; OSError on a full disk.
    """
    path = Path(path)
    form = check_format(path, sample_rate)
    if not n_samples:
        raise AudioError(f"{path}: expected samples, found none")
    form = replace(form, codec=codec or form.codec)
    n_bytes = (4 if codec == FLOAT else 2) * n_samples * n_channels
    if form.container == "WAV" and n_bytes > MOST_WAV_BYTES:
        form = replace(form, container="RF64")
    most = math.inf if codec == FLOAT else 1.0
    sound = (check_finite(block, path).clip(-most, most) for block in _short(blocks))
    try:
        with atomic_write(path) as temporary:
            if form.container == "MPEG-4":
                mpeg4.write(temporary, sound, n_channels, sample_rate, comment)
            else:
                libsndfile.write(temporary, sound, n_channels, sample_rate, form, comment)
            if tags and tags != Tags():
                write_tags(temporary, tags, form)
    except (soundfile.LibsndfileError, mpeg4.FfmpegError) as error:
        raise AudioError(
            f"{path}: expected {form.container} at {sample_rate} Hz to be written, found: {error}"
        ) from error
    return path


def _short(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same samples in blocks of at most BLOCK."""
    for block in blocks:
        for start in range(0, len(block), BLOCK):
            yield block[start : start + BLOCK]


def read_comment(path: str | Path) -> str:
    """The comment that `save_audio` wrote; empty if there is none, or no such file."""
    path = Path(path)
    return (mpeg4 if path.suffix.lower() == ".m4a" else libsndfile).read_comment(path)
