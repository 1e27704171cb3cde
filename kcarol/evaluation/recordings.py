"""Recordings, and the analysis that is made of each once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import torch

from kcarol.audio.decoding import load_audio, load_stereo
from kcarol.audio.files import atomic_write
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import loudness_lufs
from kcarol.audio.reading.endings import AUDIO_SUFFIXES
from kcarol.config import AudioConfig
from kcarol.evaluation import metrics

CACHE_VERSION = "2"  # raise it when `Analysis` measures something else


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording as it is measured."""

    mono: np.ndarray  # (T,) at 16 kHz, the whole
    stereo: np.ndarray | None  # (2, T) at 44.1 kHz, its first `heard_s`; None: unknown
    heard_s: float  # of which everything but the course is measured

    @classmethod
    def of_carol(cls, carol: np.ndarray, heard_s: float) -> Heard:
        """A carol (2, T) at the full rate."""
        rate = AudioConfig.full_rate
        begin = carol[:, : round(heard_s * rate)]
        stereo = librosa.resample(begin, orig_sr=rate, target_sr=metrics.FULL_RATE)
        return cls(mono_of(carol), stereo, heard_s)

    @property
    def lufs(self) -> float:
        """Loudness of what is measured; a mono wave counts as the same in both channels."""
        if self.stereo is None:
            both = np.stack([self.mono] * 2)[:, : round(self.heard_s * metrics.SAMPLE_RATE)]
            return loudness_lufs(both, metrics.SAMPLE_RATE)
        return loudness_lufs(self.stereo, metrics.FULL_RATE)

    @property
    def begin(self) -> np.ndarray:
        """(T,) at 16 kHz as `metrics.prepare` gives it."""
        return metrics.prepare(self.mono, self.heard_s)


@dataclass(frozen=True, eq=False)
class Analysis:
    """The properties of a recording that are compared with another one."""

    chroma: np.ndarray  # (12, F)
    onset: np.ndarray  # (F,) onset strength
    beats_s: np.ndarray  # (N,)
    style: np.ndarray  # (W, 69) style windows
    full_band: np.ndarray  # (V, 45) style windows in stereo, none where that is unknown
    crest: float
    attack: float
    loudness_db: np.ndarray  # (S,), density (N,) and timbre (K, 24): the fields of `Course`
    density: np.ndarray
    timbre: np.ndarray

    @classmethod
    def of(cls, heard: Heard) -> Analysis:
        wave = heard.begin
        onset = metrics.onset_envelope(wave)
        stereo = np.zeros((2, 0)) if heard.stereo is None else heard.stereo
        return cls(
            chroma=metrics.chromagram(wave),
            onset=onset,
            beats_s=metrics.beat_times(onset),
            style=metrics.style_windows(wave),
            full_band=metrics.full_band_windows(stereo),
            crest=metrics.crest_db(wave),
            attack=metrics.attack(onset),
            **vars(metrics.Course.of(metrics.set_level(heard.mono))),
        )

    @property
    def course(self) -> metrics.Course:
        return metrics.Course(self.loudness_db, self.density, self.timbre)


def analyse(heard: Heard, cache_dir: Path | None = None) -> Analysis:
    """`Analysis.of`, kept under `cache_dir` by the sound's content."""
    if cache_dir is None:
        return Analysis.of(heard)
    digest = hashlib.sha256(f"{CACHE_VERSION} {heard.heard_s}".encode())
    for wave in (heard.mono, heard.stereo):
        digest.update(b"none" if wave is None else np.ascontiguousarray(wave).tobytes())
    path = Path(cache_dir) / f"{digest.hexdigest()[:24]}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            return Analysis(**{name: a if a.ndim else float(a) for name, a in arrays.items()})
    analysis = Analysis.of(heard)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **vars(analysis))
    return analysis


@dataclass(frozen=True, eq=False)
class Recording:
    """A song to convert, its analysis, and its sung notes if known."""

    name: str
    heard: Heard
    analysis: Analysis
    notes: tuple[metrics.SungNote, ...] = ()

    @classmethod
    def load(cls, path: Path, heard_s: float, cache_dir: Path | None) -> Recording:
        """From an audio file, with NAME.ultrastar.txt beside it where there is one."""
        path = Path(path)
        stereo = load_stereo(path, metrics.FULL_RATE, duration_s=heard_s)
        heard = Heard(load_audio(path), stereo, heard_s)
        transcription = path.with_name(f"{path.stem}.ultrastar.txt")
        notes = tuple(metrics.read_ultrastar(transcription)) if transcription.exists() else ()
        return cls(path.stem, heard, analyse(heard, cache_dir), notes)


def mono_of(carol: np.ndarray) -> np.ndarray:
    """A carol (2, T) at the full rate -> its middle (T / 3,) at 16 kHz."""
    return librosa.resample(
        carol.mean(0), orig_sr=AudioConfig.full_rate, target_sr=metrics.SAMPLE_RATE
    )


def audio_files(folder: Path | str) -> list[Path]:
    """The audio files in a folder, sorted; none if it is absent."""
    folder = Path(folder)
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.suffix.lower() in AUDIO_SUFFIXES]


def log_mel_of(wave: np.ndarray, log_mel: LogMel) -> np.ndarray:
    """(T,), brought to rms .1 -> (F, M) natural log-mel."""
    with torch.no_grad():
        return log_mel(torch.from_numpy(metrics.set_level(wave))).numpy()


def checked(wave: np.ndarray, who: str, stereo: bool = False) -> np.ndarray:
    """A carol as float32 (T,), or (2, T); ValueError if empty, not finite or of another shape."""
    wave = np.asarray(wave, dtype=np.float32)
    is_wave = wave.ndim == 2 and len(wave) == 2 if stereo else wave.ndim == 1
    if not is_wave or not wave.size or not np.isfinite(wave).all():
        raise ValueError(
            f"{who}: expected a finite wave {'(2, T)' if stereo else '(T,)'}, found shape "
            f"{wave.shape}, {np.isnan(wave).sum()} NaN"
        )
    return wave
