"""A user's own songs, as they are heard after training on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from kcarol.audio.clips import clip_paths, file_sha256, load_clip, load_from_first_sound
from kcarol.audio.decoding import load_stereo
from kcarol.audio.files import DataError
from kcarol.audio.reading.resampling import fit
from kcarol.config import AudioConfig
from kcarol.evaluation.metrics import FULL_RATE

MOST_SONGS = 12  # each takes ten seconds or so of one core


@dataclass(frozen=True, eq=False)
class OwnSong:
    """The beginning of a song that sounds."""

    title: str
    mono: np.ndarray  # (T,) at 16 kHz, as it is converted
    stereo: np.ndarray  # (2, T') at FULL_RATE, as it is listened to


def load_own_songs(
    clips: Path, files: Path, length_s: float, most: int = MOST_SONGS
) -> list[OwnSong]:
    """The first `length_s` of the first `most` clips of a folder, listened to from the sound file
    that each was made from where that is still in `files`, else from the clip. DataError for
    damaged clips.
    """
    cfg = AudioConfig()
    sources = _sources(clips, files)
    songs = []
    for path in sorted(clips.glob("[!.]*.pt"))[:most]:
        clip = load_clip(path)
        mono = clip["wave"].numpy()[: round(length_s * cfg.sample_rate)]
        file = sources.get(path)
        if file is not None and file_sha256(file) == clip["sha256"]:
            _, silence_s = load_from_first_sound(file, cfg)
            stereo = load_stereo(file, FULL_RATE, silence_s, len(mono) / cfg.sample_rate)
        else:
            stereo = full_rate_stereo(mono)
        n_samples = round(len(mono) / cfg.sample_rate * FULL_RATE)
        songs.append(OwnSong(clip["title"], mono, fit(stereo.T, n_samples).T))
    return songs


def _sources(clips: Path, files: Path) -> dict[Path, Path]:
    """The sound file of each clip, by name; none without the folder."""
    try:
        return {clip: file for file, clip in clip_paths(files, clips).items()}
    except DataError:
        return {}


def full_rate_stereo(sound: np.ndarray) -> np.ndarray:
    """(T,) at 16 kHz, or (2, T) at 48 kHz -> (2, T') at FULL_RATE."""
    if sound.ndim == 1:
        return np.stack([soxr.resample(sound, AudioConfig.sample_rate, FULL_RATE)] * 2)
    return soxr.resample(sound.T, AudioConfig.full_rate, FULL_RATE).T
