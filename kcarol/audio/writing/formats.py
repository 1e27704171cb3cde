"""The formats of sound files that are written, by the endings of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kcarol.audio.files import AudioError

MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
AAC_RATES_HZ = (7_350, *MP3_RATES_HZ, 64_000, 88_200, 96_000)


@dataclass(frozen=True)
class SoundFormat:
    """A container, a codec in it (both in libsndfile's words), and sample rates in Hz."""

    container: str
    codec: str
    rates_hz: tuple[int, ...] = ()  # none: any
    # of lossy codecs: soundfile's, which falls from 1 (small files) to 0
    quality: Mapping[str, Any] = field(default_factory=dict)

    def nearest_rate(self, rate: int) -> int:
        """The lowest of its rates that holds all of a sound at `rate`, else its highest."""
        higher = [known for known in self.rates_hz if known >= rate]
        return min(higher, default=max(self.rates_hz, default=rate))


# lossy ones at 44.1 or 48 kHz in stereo: about 256 kb/s. Vorbis counts by quality alone (libsndfile
# sets no bit rate of it): .1 gives carols 200 to 290 kb/s, .2 from 155 on
SAVE_FORMATS = {
    ".wav": SoundFormat("WAV", "PCM_16"),
    ".flac": SoundFormat("FLAC", "PCM_16"),
    ".ogg": SoundFormat("OGG", "VORBIS", quality={"compression_level": 0.1}),
    ".opus": SoundFormat("OGG", "OPUS", OPUS_RATES_HZ, {"compression_level": 0.5}),
    ".mp3": SoundFormat(
        "MP3",
        "MPEG_LAYER_III",
        MP3_RATES_HZ,
        {"compression_level": 0.2, "bitrate_mode": "CONSTANT"},
    ),
    ".m4a": SoundFormat("MPEG-4", "AAC", AAC_RATES_HZ),  # by ffmpeg
}


def check_format(path: Path, sample_rate: int) -> SoundFormat:
    """The format of a path's ending. AudioError if there is none, or it has no such rate."""
    form = SAVE_FORMATS.get(path.suffix.lower())
    if form is None:
        raise AudioError(
            f"{path}: expected a name in {', '.join(SAVE_FORMATS)}, found '{path.suffix}'"
        )
    if sample_rate != form.nearest_rate(sample_rate):
        rates = ", ".join(map(str, form.rates_hz))
        raise AudioError(
            f"{path}: expected a sample rate that {path.suffix} has ({rates} Hz), "
            f"found {sample_rate}: choose one of them, or another format"
        )
    return form
