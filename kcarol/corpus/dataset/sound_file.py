"""Small compressed sound files, as the data of this repository are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio.files import atomic_write

FILE_TYPES = {".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", "MPEG_LAYER_III")}
BLOCK_SAMPLES = 1 << 16  # libvorbis overflows its stack on longer writes


def write_sound(path: Path, wave: np.ndarray, sample_rate: int, compression: float) -> None:
    """(T,) or (T, channels) -> .ogg (Vorbis) or .mp3; `compression` 0 is best, 1 smallest."""
    container, subtype = FILE_TYPES[path.suffix]
    form = {"subtype": subtype, "format": container, "compression_level": compression}
    channels = wave.shape[1] if wave.ndim == 2 else 1
    with atomic_write(path) as temporary:
        with soundfile.SoundFile(temporary, "w", sample_rate, channels, **form) as file:
            for start in range(0, len(wave), BLOCK_SAMPLES):
                file.write(wave[start : start + BLOCK_SAMPLES])
