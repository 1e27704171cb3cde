"""Recordings, and the analysis that is made of each once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kcarol.audio.decoding import AUDIO_SUFFIXES, load_audio
from kcarol.audio.files import atomic_write
from kcarol.audio.log_mel import LogMel
from kcarol.evaluation import metrics

CACHE_VERSION = "1"  # raise it when `Analysis` measures something else


@dataclass(frozen=True, eq=False)
class Analysis:
    """The properties of a recording that are compared with another one."""

    chroma: np.ndarray  # (12, F)
    onset: np.ndarray  # (F,) onset strength
    beats_s: np.ndarray  # (N,)
    style: np.ndarray  # (W, 69) style windows
    crest: float
    attack: float

    @classmethod
    def of(cls, wave: np.ndarray) -> Analysis:
        """Of a wave (T,) as `metrics.prepare` gives it."""
        onset = metrics.onset_envelope(wave)
        return cls(
            chroma=metrics.chromagram(wave),
            onset=onset,
            beats_s=metrics.beat_times(onset),
            style=metrics.style_windows(wave),
            crest=metrics.crest_db(wave),
            attack=metrics.attack(onset),
        )


def analyse(wave: np.ndarray, cache_dir: Path | None = None) -> Analysis:
    """`Analysis.of`, kept under `cache_dir` by the wave's content."""
    if cache_dir is None:
        return Analysis.of(wave)
    content = CACHE_VERSION.encode() + np.ascontiguousarray(wave).tobytes()
    path = Path(cache_dir) / f"{hashlib.sha256(content).hexdigest()[:24]}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            return Analysis(**{name: a if a.ndim else float(a) for name, a in arrays.items()})
    analysis = Analysis.of(wave)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **vars(analysis))
    return analysis


@dataclass(frozen=True, eq=False)
class Recording:
    """A song to convert: wave (T,) at 16 kHz as decoded, its analysis, its sung notes if known."""

    name: str
    wave: np.ndarray
    analysis: Analysis
    notes: tuple[metrics.SungNote, ...] = ()

    @classmethod
    def load(cls, path: Path, heard_s: float, cache_dir: Path | None) -> Recording:
        """From an audio file, with NAME.ultrastar.txt beside it where there is one."""
        path = Path(path)
        wave = load_audio(path, duration_s=heard_s)
        transcription = path.with_name(f"{path.stem}.ultrastar.txt")
        notes = tuple(metrics.read_ultrastar(transcription)) if transcription.exists() else ()
        return cls(path.stem, wave, analyse(metrics.prepare(wave, heard_s), cache_dir), notes)


def audio_files(folder: Path | str) -> list[Path]:
    """The audio files in a folder, sorted; none if it is absent."""
    folder = Path(folder)
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.suffix.lower() in AUDIO_SUFFIXES]


def log_mel_of(wave: np.ndarray, log_mel: LogMel) -> np.ndarray:
    """(T,), brought to rms .1 -> (F, M) natural log-mel."""
    with torch.no_grad():
        return log_mel(torch.from_numpy(metrics.set_level(wave))).numpy()


def checked(wave: np.ndarray, who: str) -> np.ndarray:
    """A converted wave as float32 (T,); ValueError if empty, not finite or of another shape."""
    wave = np.asarray(wave, dtype=np.float32)
    if wave.ndim != 1 or not len(wave) or not np.isfinite(wave).all():
        raise ValueError(
            f"{who}: expected a finite wave (T,), found shape {wave.shape}, "
            f"{np.isnan(wave).sum()} NaN"
        )
    return wave
