"""Raw sound files to clips (`NAME.pt`), and windows of clips for training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm

from kcarol.audio.decoding import AUDIO_SUFFIXES, AudioError, load_audio
from kcarol.audio.files import save_state
from kcarol.audio.loudness import loudness_db, loudness_lufs
from kcarol.config import AudioConfig

CLIP_FORMAT = 1  # in the settings of every clip: raise it when clips made before no longer fit
CLIP_KEYS = {
    "wave": Tensor,
    "sample_rate": int,
    "title": str,
    "style": str,
    "sha256": str,
    "settings": dict,
}


class DataError(ValueError):
    """A clip or a folder of sounds that is not as it should be, in one line."""


@dataclass(frozen=True)
class Row:
    """What became of one file."""

    file: Path
    style: str
    status: str  # done, skipped (was done before) or failed
    seconds: float = 0.0
    peak: float = 0.0  # 0 to 1, linear
    loudness: float = float("nan")  # LUFS; rms in dB for sounds under 0.4 s or -70 LUFS
    reason: str = ""  # of a failure
    clip: Path | None = None


def preprocess(
    sources: Mapping[str, Path],
    out: Path,
    cfg: AudioConfig | None = None,
    jobs: int = 1,
    force: bool = False,
    progress: bool = True,
) -> list[Row]:
    """Every sound file under each folder (style -> folder) becomes out/STYLE/NAME.pt of at most
    cfg.max_s seconds (math.inf: all of it).

    Files done before, with the same content and settings, are skipped unless `force`. A file that
    cannot be read gives a row with the reason, the others go on. DataError if a folder is missing
    or holds no sound.
    """
    tasks = []
    for style, folder in sources.items():
        for file, name in clip_names(find_audio(Path(folder)), Path(folder)).items():
            tasks.append((file, Path(out) / style / f"{name}.pt", style))
    work = partial(_preprocess_task, cfg=cfg or AudioConfig(), force=force)
    # threads do: ffmpeg is its own process, soxr leaves the lock
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return list(
            tqdm(pool.map(work, tasks), "preprocess", len(tasks), unit="file", disable=not progress)
        )


def preprocess_file(
    file: Path, clip: Path, style: str, cfg: AudioConfig | None = None, force: bool = False
) -> Row:
    """One sound file -> one clip, written whole or not at all. AudioError or OSError if that cannot
    be.
    """
    cfg = cfg or AudioConfig()
    sha256, settings = file_sha256(file), clip_settings(cfg)
    if not force and (old := _done_before(clip, sha256, settings, style)):
        return _row(file, clip, style, "skipped", old["wave"].numpy(), cfg)
    n_samples = round(cfg.max_s * cfg.sample_rate) if np.isfinite(cfg.max_s) else None
    wave = load_audio(file, cfg, duration_s=cfg.max_s if n_samples else None)[:n_samples]
    save_clip(
        clip,
        {
            "wave": torch.from_numpy(wave),
            "sample_rate": cfg.sample_rate,
            "title": file.stem.replace("_", " ").strip(),
            "style": style,
            "sha256": sha256,
            "settings": settings,
        },
    )
    return _row(file, clip, style, "done", wave, cfg)


def render_table(rows: Sequence[Row]) -> str:
    """The closing table of `preprocess`: a line per file, reasons of failures, and the totals."""
    width = max([len("file"), *(len(row.file.name) for row in rows)])
    lines = [f"{'file':<{width}}  style    seconds   peak  loudness  status"]
    for row in rows:
        numbers = (
            f"{row.seconds:7.1f}  {row.peak:5.2f}  {row.loudness:8.1f}"
            if row.status != "failed"
            else " " * 24
        )
        reason = f": {row.reason}" if row.reason else ""
        lines.append(f"{row.file.name:<{width}}  {row.style:<7}  {numbers}  {row.status}{reason}")
    counts = ", ".join(
        f"{sum(r.status == s for r in rows)} {s}" for s in ("done", "skipped", "failed")
    )
    lines.append(
        f"{len(rows)} files, {sum(row.seconds for row in rows):.1f} s: {counts} (loudness in LUFS)"
    )
    return "\n".join(lines)


def find_audio(folder: Path) -> list[Path]:
    """All sound files below a folder, sorted, hidden ones left out. DataError if there is none."""
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise DataError(f"{folder}: expected a folder of sound files, found {found}")
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in AUDIO_SUFFIXES and file.is_file()
    ]
    files = [
        file
        for file in files
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if not files:
        raise DataError(
            f"{folder}: expected sound files ({' '.join(AUDIO_SUFFIXES)}), found none: put some there"
        )
    return files


def clip_names(files: Sequence[Path], folder: Path) -> dict[Path, str]:
    """A name for each file, unique also where letter case does not count: `a`, `a-wav`, `sub-a`,
    `a-wav-2`.
    """
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for file in files:
        stem = "-".join(file.relative_to(folder).with_suffix("").parts)
        longer = f"{stem}-{file.suffix[1:].lower()}"
        candidates = [stem, longer, *(f"{longer}-{i}" for i in range(2, len(files) + 3))]
        names[file] = next(name for name in candidates if name.casefold() not in taken)
        taken.add(names[file].casefold())
    return names


def save_clip(path: Path, clip: dict) -> None:
    """Write a clip to a temporary file in the same folder, then move it to its place."""
    save_state(path, clip)


def load_clip(path: Path) -> dict:
    """A clip as a dict of CLIP_KEYS, `wave` (T,) float32. DataError if the file is not such a clip."""
    try:
        clip = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"{path}: expected a clip, found nothing: run preprocess first") from None
    # torch raises what its reader happens to meet: pickle, zip, runtime ...
    except Exception as error:
        raise DataError(
            f"{path}: expected a clip made by preprocess, found {type(error).__name__}"
        ) from error
    found = (
        {key: type(value).__name__ for key, value in clip.items()}
        if isinstance(clip, dict)
        else type(clip)
    )
    if not isinstance(clip, dict) or set(clip) != set(CLIP_KEYS):
        raise DataError(
            f"{path}: expected a clip with {', '.join(CLIP_KEYS)}, found {found}: preprocess it again"
        )
    wrong = [key for key, kind in CLIP_KEYS.items() if not isinstance(clip[key], kind)]
    if (
        wrong
        or clip["wave"].dim() != 1
        or clip["wave"].dtype != torch.float32
        or not len(clip["wave"])
    ):
        raise DataError(
            f"{path}: expected wave (T,) float32 and {CLIP_KEYS}, found {found}: preprocess it again"
        )
    return clip


def clip_settings(cfg: AudioConfig) -> dict:
    """What a clip depends on besides its source, as plain values."""
    return {
        "format": CLIP_FORMAT,
        "sample_rate": cfg.sample_rate,
        "max_s": float(cfg.max_s),
        "resampler": "soxr_hq",
    }


def file_sha256(path: Path) -> str:
    """In hexadecimal, read a megabyte at a time."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class ClipDataset(Dataset):
    """Random windows (T,) of clips: window `index` depends on the seed and the index alone.

    Clips are drawn by their length, so that every second of sound is as likely; clips shorter than
    the window are padded with silence. All clips are held in memory (half an hour: 115 MB).
    """

    def __init__(
        self, clips: Sequence[Path | dict], n_samples: int, n_windows: int = 1_000, seed: int = 0
    ):
        """`clips`: paths of clips or loaded ones; `n_samples` a window; `n_windows` an epoch."""
        if not clips or n_samples < 1:
            raise DataError(
                f"expected clips and windows of n_samples >= 1, found {len(clips)} clips, {n_samples}"
            )
        loaded = [clip if isinstance(clip, Mapping) else load_clip(Path(clip)) for clip in clips]
        rates = {clip["sample_rate"] for clip in loaded}
        if len(rates) > 1:
            raise DataError(
                f"expected clips of one sample rate, found {sorted(rates)} Hz: preprocess them again"
            )
        self.waves: list[Tensor] = [clip["wave"] for clip in loaded]
        self.titles: list[str] = [clip["title"] for clip in loaded]
        self.n_samples, self.n_windows, self.seed = n_samples, n_windows, seed
        lengths = np.array([len(wave) for wave in self.waves], dtype=float)
        self.shares = lengths / lengths.sum()

    @classmethod
    def of_folder(
        cls, folder: Path, n_samples: int, n_windows: int = 1_000, seed: int = 0
    ) -> ClipDataset:
        """Windows of all clips below a folder. DataError if there is none."""
        clips = sorted(Path(folder).rglob("[!.]*.pt"))
        if not clips:
            raise DataError(f"{folder}: expected clips (NAME.pt), found none: run preprocess first")
        return cls(clips, n_samples, n_windows, seed)

    def __len__(self) -> int:
        return self.n_windows

    def __getitem__(self, index: int) -> Tensor:
        if not 0 <= index < self.n_windows:
            raise IndexError(f"expected a window from 0 to {self.n_windows - 1}, found {index}")
        return self.window(np.random.default_rng((self.seed, index)))

    def window(self, rng: np.random.Generator) -> Tensor:
        """A random window (T,) float32."""
        wave = self.waves[rng.choice(len(self.waves), p=self.shares)]
        start = int(rng.integers(max(0, len(wave) - self.n_samples) + 1))
        piece = wave[start : start + self.n_samples]
        return torch.nn.functional.pad(piece, (0, self.n_samples - len(piece)))

    def batch(self, rng: np.random.Generator, batch_size: int) -> Tensor:
        """Random windows (B, T)."""
        return torch.stack([self.window(rng) for _ in range(batch_size)])


def _preprocess_task(task: tuple[Path, Path, str], cfg: AudioConfig, force: bool) -> Row:
    file, clip, style = task
    try:
        return preprocess_file(file, clip, style, cfg, force)
    except (AudioError, OSError) as error:
        return Row(file, style, "failed", reason=" ".join(str(error).split()))


def _done_before(clip: Path, sha256: str, settings: dict, style: str) -> dict | None:
    """The clip at this path if it is what preprocessing would make again."""
    if not clip.is_file():
        return None
    try:
        old = load_clip(clip)
    except DataError:  # damaged or of an older format: made anew
        return None
    return (
        old if (old["sha256"], old["settings"], old["style"]) == (sha256, settings, style) else None
    )


def _row(
    file: Path, clip: Path, style: str, status: str, wave: np.ndarray, cfg: AudioConfig
) -> Row:
    loudness = loudness_lufs(wave, cfg.sample_rate)
    loudness = loudness if np.isfinite(loudness) else loudness_db(wave)
    return Row(
        file,
        style,
        status,
        len(wave) / cfg.sample_rate,
        float(np.abs(wave).max()),
        loudness,
        clip=clip,
    )
