"""Waves to sound files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.files import AudioError, atomic_write
from kcarol.audio.reading.ffmpeg import check_finite
from kcarol.config import AudioConfig

SAVE_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
BLOCK = 1 << 16  # samples: libvorbis overflows its stack on long single writes


def save_audio(
    path: str | Path,
    wave: np.ndarray | DiskBuffer,
    sample_rate: int = AudioConfig.sample_rate,
    comment: str = "",
) -> Path:
    """Write (T,) or (T, channels) to .wav or .flac (16 bits), .ogg or .mp3, clipped at ±1.

    comment: text beside the sound, see `read_comment`.
    The file appears whole or not at all. AudioError for other suffixes, no samples, or samples that
    are not finite; OSError on a full disk.
    """
    path = Path(path)
    if not isinstance(wave, DiskBuffer):
        wave = np.asarray(wave, dtype=np.float32)
    if path.suffix.lower() not in SAVE_FORMATS:
        raise AudioError(
            f"{path}: expected a name in {', '.join(SAVE_FORMATS)}, found '{path.suffix}'"
        )
    if len(wave.shape) not in (1, 2) or not len(wave):
        raise AudioError(
            f"{path}: expected samples (T,) or (T, channels), found shape {wave.shape}"
        )
    container, subtype = SAVE_FORMATS[path.suffix.lower()]
    channels = 1 if len(wave.shape) == 1 else wave.shape[1]
    try:
        with atomic_write(path) as temporary, _Sink(temporary, "r+") as sink:
            with soundfile.SoundFile(
                sink, "w", sample_rate, channels, subtype, format=container
            ) as file:
                if comment:
                    file.comment = comment
                for start in range(0, len(wave), BLOCK):
                    file.write(check_finite(wave[start : start + BLOCK], path).clip(-1, 1))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: expected {container} at {sample_rate} Hz to be written, found: {error}"
        ) from error
    return path


def read_comment(path: str | Path) -> str:
    """The comment that `save_audio` wrote; empty if there is none, or no such file."""
    try:
        with soundfile.SoundFile(path) as file:
            return file.comment
    except (soundfile.LibsndfileError, OSError, UnicodeDecodeError):
        return ""


class _Sink(io.FileIO):
    """A file that raises a failed write when it is closed; libsndfile ignores it silently."""

    error: OSError | None = None

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            n_written = 0
            while n_written < len(data):
                n_written += super().write(data[n_written:])
        except OSError as error:
            self.error = self.error or error
            return 0
        return len(data)

    def __exit__(self, *raised: object) -> None:
        self.close()
        if self.error:
            raise self.error
