"""The carol's choir made of the song's own voice, see `kcarol.voice.choir`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave
from kcarol.audio.loudness import in_pieces
from kcarol.conversion.sound.stems import VOICE_CHOIR, Stems
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Part
from kcarol.voice.choir.choir import sing_onto
from kcarol.voice.choir.frames import SAMPLE_RATE
from kcarol.voice.choir.lines import Lines, given_to_voice, is_choir
from kcarol.voice.choir.sung_voice import SungVoice

SINGERS_STYLE = "choir"  # whose choir sings with a style that has none

Wave = np.ndarray | DiskWave  # (2, T)


@dataclass(frozen=True, eq=False)
class VoiceChoir:
    """A choir of a song's voice, and what it sings."""

    voice: SungVoice
    lines: Lines
    tuning_cents: np.ndarray  # (F,) of the song

    def sing_onto(self, carol: Wave, rate: int, stems: Stems | None = None) -> None:
        """Add the choir to a dry carol (2, T) at `rate` Hz, and to its stems."""
        alone = carol if stems is None else stems.add(VOICE_CHOIR, *carol.shape)
        sing_onto(alone, rate, self.lines, self.voice, self.tuning_cents)
        if stems is not None:
            for span, piece in in_pieces(alone):
                carol[..., span] = carol[..., span] + piece


@contextmanager
def voice_choir(
    wave: Wave, rate: int, parts: Sequence[Part], score: Score, beside: Path | None = None
) -> Iterator[tuple[VoiceChoir, tuple[Part, ...]]]:
    """The choir of a voice (2, T) at `rate` Hz, and the parts of the carol that others play.

    beside: as of `DiskBuffer`. RenderError without WORLD.
    """
    with _mono(wave, rate, beside) as mono, SungVoice.hear(mono, beside) as voice:
        phrases_s = voice.phrases_s()
        lines, left = given_to_voice(parts, phrases_s)
        if not any(is_choir(part) for part in parts):
            singing = arrange_carol(score.sheet, score.grid, STYLES[SINGERS_STYLE])
            lines, _ = given_to_voice([part for part in singing if is_choir(part)], phrases_s)
        yield VoiceChoir(voice, lines, score.tuning_cents), left


@contextmanager
def _mono(wave: Wave, rate: int, beside: Path | None) -> Iterator[DiskBuffer]:
    """The middle of (2, T), as WORLD reads it."""
    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    with DiskBuffer(beside=beside) as mono:
        for span, piece in in_pieces(wave):
            is_last = span.stop == wave.shape[-1]
            mono.append(resampler.resample_chunk(piece.mean(0), last=is_last))
        yield mono
