"""The singer laid over the carol, as loud against it as singers are against their bands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.loudness import RELATIVE_GATE_LU, in_pieces, step_powers
from kcarol.config import AudioConfig
from kcarol.conversion.sound.dynamics import amplify_, frame_levels
from kcarol.conversion.sound.stems import Stems
from kcarol.progress import Progress, untold, within
from kcarol.voice.gate import gate_db, sung_frames
from kcarol.voice.recording import read_voice_onto
from kcarol.voice.voicing import voicing

VOICE = "voice"  # its stem
# loudness of a lead voice re its accompaniment in hits from 1975 on (K. Gerdes and K. Siedenburg,
# "Lead-vocal level in recordings of popular music 1946-2020", JASA Express Letters 3, 2023)
OVER_CAROL_LU = 1.0

Wave = np.ndarray | DiskWave  # (2, T)


@dataclass(frozen=True, eq=False)
class Voice:
    """A singer's recording, in time with the song, without what leaked into it."""

    wave: Wave  # (2, T), at the carol's rate
    sung: np.ndarray  # (F,) bool: where the voice sings


@contextmanager
def recorded_voice(
    path: Path,
    lag_s: float,
    heard_tune: np.ndarray,
    carol: DiskWave,
    rate: int,
    progress: Progress = untold,
) -> Iterator[Voice]:
    """The voice in a file, for a carol (C, T) at `rate` Hz, on disk beside it.

    lag_s: see `find_lag`. heard_tune: (F,) as of `Transcription`.
    """
    audio = AudioConfig()
    hop = rate / audio.frame_rate
    with DiskWave(2, carol.shape[-1], carol.beside) as wave:
        read_voice_onto(wave, path, lag_s, rate, within(progress, 0.0, 0.5))
        n_frames = len(heard_tune)
        level_db = frame_levels(wave, n_frames, hop)
        hearing = within(progress, 0.5, 1.0)
        voiced = voicing(wave, n_frames, rate, audio.frame_rate, hearing)
        sung = sung_frames(heard_tune, level_db, voiced, audio.frame_rate)
        amplify_(wave, gate_db(sung, audio.frame_rate), hop)
        yield Voice(wave, sung)


def lay_over_(carol: Wave, voice: Voice, rate: int, stems: Stems | None = None) -> None:
    """Add a voice to a dry carol (2, T), in place, and to its stems, in the middle or wherever it
    lies in the recording.
    """
    gain = np.float32(10 ** (voice_gain_db(carol, voice.wave, rate) / 20))
    alone = None if stems is None else stems.add(VOICE, *carol.shape)
    for span, piece in in_pieces(voice.wave):
        carol[..., span] = carol[..., span] + gain * piece
        if alone is not None:
            alone[..., span] = gain * piece


def voice_gain_db(carol: Wave, voice: Wave, rate: int) -> float:
    """What brings a voice to OVER_CAROL_LU, by the K-weighted powers of both (ITU-R BS.1770-4)
    where it sings; 0 where one of them is silent.
    """
    voice_powers, carol_powers = step_powers(voice, rate), step_powers(carol, rate)
    singing = _loud(voice_powers)
    sung, played = voice_powers[singing].sum(), carol_powers[singing].sum()
    if not (sung and played):
        return 0.0
    return OVER_CAROL_LU + 10 * math.log10(played / sung)


def _loud(powers: np.ndarray) -> np.ndarray:
    """(K,) bool: those that are not far below the mean of the loud ones."""
    gate = 10 ** (RELATIVE_GATE_LU / 10)
    if not powers.any():
        return powers > 0
    loud = powers[powers > gate * powers.mean()]
    return powers > gate * loud.mean()
