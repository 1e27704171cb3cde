"""Folders of sound files to clips (`NAME.pt`), and random windows of clips.

A clip is mono at the model's rate. Of carols, whose sound is learned, the same span lies beside it
in full band: `NAME.full.flac`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm
from tqdm.utils import disp_len

from kcarol.audio.decoding import load_audio, load_stereo
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import AudioError, DataError, printable, save_state
from kcarol.audio.loudness import first_sound, heard_levels, measure_loudness, peak
from kcarol.audio.reading.endings import AUDIO_SUFFIXES
from kcarol.audio.reading.resampling import fit
from kcarol.config import AudioConfig

CLIP_FORMAT = 2  # part of every clip's settings: raise it when older clips no longer fit
FULL_BAND_STYLE = "carol"
LEAST_SILENCE_S = 1.0  # in front, that is left out
# level that half of a beginning reaches; else it may be hiss or clicks before the music
MUSIC_DB = -40.0
# files that lie beside music: counted, not named, among what is left out of a folder
COMPANION_SUFFIXES = frozenset(
    ".bmp .csv .cue .db .gif .heic .htm .html .ini .jpeg .jpg .json .jsonl .log .lrc .m3u .m3u8 "
    ".md .md5 .nfo .pdf .pls .png .sfv .srt .tif .tiff .txt .url .vtt .webp .xml".split()
)
MOST_NAMED = 20  # of them
TABLE_COLUMNS = ("file", "style", "seconds", "peak", "loudness", "status")
CLIP_TYPES = {
    "wave": Tensor,  # (T,) float32
    "sample_rate": int,
    "title": str,
    "style": str,
    "sha256": str,  # of the source
    "settings": dict,
}


@dataclass(frozen=True)
class ClipReport:
    """The result of `preprocess` for one file, or for a clip that it removed."""

    file: Path
    style: str
    status: str  # done, skipped (already there), failed or removed
    seconds: float = 0.0
    peak: float = 0.0  # 0 to 1, linear
    loudness: float = float("nan")  # LUFS; rms in dB for sounds under 0.4 s or -70 LUFS
    reason: str = ""  # of a failure; what was left out
    clip: Path | None = None


def preprocess(
    sources: Mapping[str, Path],
    out: Path,
    cfg: AudioConfig | None = None,
    jobs: int = 1,
    force: bool = False,
    progress: bool = True,
) -> list[ClipReport]:
    """Turn every sound file below each folder into a clip, and return a report of each.

    Clips begin with the first sound and last at most `cfg.max_s` seconds (math.inf: no limit).
    Clips of files that are no longer there are removed from out/STYLE, since training would go on
    with them; other files stay. A file that cannot be read gives a report with the reason.

    Args:
        sources: folder by style (kpop, carol).
        out: folder of out/STYLE/NAME.pt.
        jobs: files at once.
        force: make those anew, too, whose clip has the same content and settings.

    DataError if a folder is missing or holds no sound: then nothing is changed.
    """
    cfg = cfg or AudioConfig()
    tasks = [
        (file, clip, style)
        for style, folder in sources.items()
        for file, clip in clip_paths(Path(folder), Path(out) / style).items()
    ]

    def work(task: tuple[Path, Path, str]) -> ClipReport:
        try:
            return preprocess_file(*task, cfg, force)
        except (AudioError, OSError) as error:
            file, _, style = task
            return ClipReport(file, style, "failed", reason=" ".join(str(error).split()))

    # threads suffice: ffmpeg is a separate process, and soxr releases Python's lock
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        done = pool.map(work, tasks)
        reports = list(tqdm(done, "preprocess", len(tasks), unit="file", disable=not progress))
    made = [report.clip for report in reports if report.clip]
    failed = {clip: file for file, clip, _ in tasks if clip not in made}
    for style in sources:
        for clip in stale_clips(Path(out) / style, made, failed):
            clip.unlink()
            full_band_path(clip).unlink(missing_ok=True)
            reports.append(ClipReport(clip, style, "removed", reason="its sound file is gone"))
    return reports


def clip_paths(folder: Path, clips: Path) -> dict[Path, Path]:
    """The clip of each sound file below a folder, in the folder `clips`. Raises as `find_audio`,
    and says if there are clips already.
    """
    try:
        names = clip_names(find_audio(folder), folder)
    except DataError as error:
        n_clips = len(list(clips.glob("[!.]*.pt")))
        if not n_clips:
            raise
        raise DataError(
            f"{error}, or remove {clips}: training would go on with its clips ({n_clips})"
        ) from None
    return {file: clips / f"{name}.pt" for file, name in names.items()}


def stale_clips(folder: Path, made: Sequence[Path], failed: Mapping[Path, Path]) -> list[Path]:
    """Clips of a folder that are not `made` of present files. Those of `failed` (clip -> file) are
    stale if the file has changed since.
    """
    stale = []
    for path in sorted(set(folder.glob("[!.]*.pt")) - set(made)):
        try:
            sha256 = load_clip(path)["sha256"]
            # file systems that fold case or accents list a clip under another name
            current = any(path.samefile(clip) for clip in made) or (
                path in failed and file_sha256(failed[path]) == sha256
            )
        except (DataError, OSError):  # somebody else's file; a file that nobody may read
            continue
        if not current:
            stale.append(path)
    return stale


def preprocess_file(
    file: Path, clip: Path, style: str, cfg: AudioConfig | None = None, force: bool = False
) -> ClipReport:
    """Turn one sound file into one clip, written whole or not at all, and if it is a carol into its
    full band. AudioError, also for silence, or OSError.
    """
    cfg = cfg or AudioConfig()
    about = {
        "sample_rate": cfg.sample_rate,
        "title": file.stem.replace("_", " ").strip(),
        "style": style,
        "sha256": file_sha256(file),
        "settings": clip_settings(cfg),
    }
    wants_full_band = style == FULL_BAND_STYLE
    wave = None if force else _existing_wave(clip, about)
    if wants_full_band and not full_band_path(clip).exists():
        wave = None
    status, reason = "skipped", ""
    if wave is None:
        wave, silence_s = load_from_first_sound(file, cfg)
        status = "done"
        reason = f"{silence_s:.1f} s of silence in front are left out" if silence_s else ""
        if wants_full_band:
            full_band = load_stereo(file, cfg.full_rate, silence_s, len(wave) / cfg.sample_rate)
            n_samples = len(wave) * cfg.full_factor
            save_audio(full_band_path(clip), fit(full_band.T, n_samples).T, cfg.full_rate)
        save_state(clip, {"wave": torch.from_numpy(wave), **about})
    loudness = measure_loudness(wave, cfg.sample_rate)
    loudness_db = loudness.lufs if np.isfinite(loudness.lufs) else loudness.rms_db
    seconds = len(wave) / cfg.sample_rate
    return ClipReport(file, style, status, seconds, peak(wave), loudness_db, reason, clip)


def load_from_first_sound(file: Path, cfg: AudioConfig) -> tuple[np.ndarray, float]:
    """At most cfg.max_s of a file (T,) from where it begins to sound, and the seconds before that
    if they are at least LEAST_SILENCE_S. AudioError for silence.
    """
    limited = np.isfinite(cfg.max_s)
    wave = load_audio(file, cfg, duration_s=cfg.max_s if limited else None)
    least = LEAST_SILENCE_S * cfg.sample_rate
    start = first_sound(wave, cfg.sample_rate)
    is_music = np.median(heard_levels(wave, cfg.sample_rate)) >= MUSIC_DB
    if limited and (start is None or start >= least or not is_music):  # see the rest, too
        wave = load_audio(file, cfg)
        start = first_sound(wave, cfg.sample_rate)
    if start is None:
        raise AudioError(f"{file}: expected a sound, found silence: put another file in its place")
    start = start if start >= least else 0
    stop = start + round(cfg.max_s * cfg.sample_rate) if limited else None
    return wave[start:stop].copy(), start / cfg.sample_rate


def _existing_wave(path: Path, about: dict) -> np.ndarray | None:
    """The wave of the clip at this path, if preprocessing would make the same clip again."""
    try:
        clip = load_clip(path)
    except DataError:  # none, damaged, or of an older format
        return None
    same = all(clip[key] == about[key] for key in ("sha256", "settings", "style"))
    return clip["wave"].numpy() if same else None


def render_table(reports: Sequence[ClipReport], translate: Callable[[str], str] = str) -> str:
    """A line per file, with the reason of a failure, and the totals. Words may be translated."""
    rows = [[translate(name) for name in TABLE_COLUMNS]]
    for r in reports:
        numbers = [f"{r.seconds:.1f}", f"{r.peak:.2f}", f"{r.loudness:.1f}"]
        if r.status in ("failed", "removed"):
            numbers = [""] * len(numbers)
        status = translate(r.status) + (f": {translate(r.reason)}" if r.reason else "")
        rows.append([r.file.name, r.style, *numbers, status])
    n_of = Counter(report.status for report in reports)
    counts = ", ".join(f"{n_of[status]} {status}" for status in ("done", "skipped", "failed"))
    if n_of["removed"]:
        counts += f", {n_of['removed']} old clips removed"
    n_files = len(reports) - n_of["removed"]
    seconds = sum(report.seconds for report in reports)
    total = f"{n_files} files, {seconds:.1f} s: {counts} (loudness in LUFS)"
    return "\n".join([*_lined_up(rows), translate(total)])


def _lined_up(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines whose columns stand below each other on a terminal, where some letters are wide: two
    columns of names, numbers, and texts at the end.
    """
    widths = [max(map(disp_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        spaces = [" " * (width - disp_len(x)) for x, width in zip(row, widths, strict=True)]
        names = [text + space for text, space in zip(row[:2], spaces, strict=False)]
        numbers = [space + text for text, space in zip(row[2:-1], spaces[2:], strict=False)]
        yield "  ".join([*names, *numbers, row[-1]])


@dataclass(frozen=True)
class FolderSearch:
    """What is below a folder, sorted. Hidden files are in neither list."""

    folder: Path
    audio: list[Path]  # files with the suffix of a format that is read
    left_out: list[Path]  # other files, links to nothing, folders that may not be read

    def describe_left_out(self) -> str:
        """One line: names of what may be music, numbers of pictures and texts; empty for none."""
        kinds = Counter(path.suffix.lower() for path in self.left_out)
        parts = [
            printable(path.relative_to(self.folder))
            for path in self.left_out
            if path.suffix.lower() not in COMPANION_SUFFIXES
        ]
        if len(parts) > MOST_NAMED:
            parts[MOST_NAMED:] = [f"{len(parts) - MOST_NAMED} more"]
        parts += [
            f"{kind} ({n})" for kind, n in sorted(kinds.items()) if kind in COMPANION_SUFFIXES
        ]
        return f"{printable(self.folder)}: left out {', '.join(parts)}" if parts else ""


def find_audio(folder: Path) -> list[Path]:
    """All sound files below a folder, as `search_folder` finds them."""
    return search_folder(folder).audio


def search_folder(folder: Path) -> FolderSearch:
    """Sound files below a folder, and below the folders that links in it lead to, each once.

    DataError if there is no such folder or no sound in it.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise DataError(f"{folder}: expected a folder of sound files, found {found}")
    files: dict[bool, list[Path]] = {True: [], False: []}  # by whether they are sound
    for path in sorted(_files_below(folder)):
        files[path.suffix.lower() in AUDIO_SUFFIXES and path.is_file()].append(path)
    if not files[True]:
        raise DataError(
            f"{folder}: expected sound files ({' '.join(AUDIO_SUFFIXES[:8])} ...), found none: "
            "put some there"
        )
    return FolderSearch(folder, files[True], files[False])


def _files_below(folder: Path) -> Iterator[Path]:
    """All that is no folder or cannot be read, without hidden names and the files of web pages.

    Links to folders are followed last, so that their files keep the shorter names, and none twice,
    so that circles end.
    """
    waiting, links = [folder], deque[Path]()
    visited: set[str] = set()
    while waiting or links:
        place = waiting.pop() if waiting else links.popleft()
        real = os.path.realpath(place)
        if real in visited:
            continue
        visited.add(real)
        try:
            entries = sorted(place.iterdir())
        except OSError:
            yield place
            continue
        for entry in entries:
            if entry.name.startswith(".") or _belongs_to_page(entry):
                continue
            if os.path.isdir(entry):
                (links if entry.is_symlink() else waiting).append(entry)
            else:
                yield entry


def _belongs_to_page(path: Path) -> bool:
    """Whether it is the folder of a page that lies beside it, of ours or as browsers save them."""
    name = path.name.removesuffix("_files")
    return name != path.name and path.with_name(f"{name}.html").exists()


def clip_names(files: Sequence[Path], folder: Path) -> dict[Path, str]:
    """A name for each file, unique even where case does not count: a, a-wav, sub-a, a-wav-2."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for file in files:
        stem = "-".join(file.relative_to(folder).with_suffix("").parts)
        longer = f"{stem}-{file.suffix[1:].lower()}"
        candidates = [stem, longer, *(f"{longer}-{i}" for i in range(2, len(files) + 3))]
        names[file] = next(name for name in candidates if name.casefold() not in taken)
        taken.add(names[file].casefold())
    return names


def load_clip(path: Path) -> dict:
    """A clip as a dict of CLIP_TYPES. DataError if the file is no such clip."""
    try:
        clip = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"{path}: expected a clip, found nothing: run preprocess first") from None
    # torch raises whatever its readers meet: pickle, zip and runtime errors
    except Exception as error:
        raise DataError(
            f"{path}: expected a clip made by preprocess, found {type(error).__name__}: preprocess "
            "again, or remove it if its sound file is gone"
        ) from error
    if not _is_clip(clip):
        expected = {key: kind.__name__ for key, kind in CLIP_TYPES.items()}
        found: object = type(clip).__name__
        if isinstance(clip, dict):
            found = {key: type(value).__name__ for key, value in clip.items()}
        raise DataError(
            f"{path}: expected a clip {expected} with wave (T,) float32, found {found}: "
            "preprocess it again"
        )
    return clip


def full_band_path(clip: Path) -> Path:
    """Where the full band of a clip lies, if it has one."""
    return clip.with_name(f"{clip.stem}.full.flac")


def load_full_band(clip: Path, cfg: AudioConfig | None = None) -> np.ndarray | None:
    """The sound of a clip in stereo (2, T) at cfg.full_rate; None of clips that were made without.
    AudioError if the file is damaged.
    """
    path = full_band_path(clip)
    return load_stereo(path, (cfg or AudioConfig()).full_rate) if path.exists() else None


def _is_clip(clip: object) -> bool:
    if not isinstance(clip, dict) or set(clip) != set(CLIP_TYPES):
        return False
    if not all(isinstance(clip[key], kind) for key, kind in CLIP_TYPES.items()):
        return False
    wave = clip["wave"]
    return wave.dim() == 1 and wave.dtype == torch.float32 and len(wave) > 0


def clip_settings(cfg: AudioConfig) -> dict:
    """The settings that a clip depends on, as plain values."""
    return {
        "format": CLIP_FORMAT,
        "sample_rate": cfg.sample_rate,
        "max_s": float(cfg.max_s),
        "resampler": "soxr_hq",
    }


def file_sha256(path: Path) -> str:
    """In hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class ClipDataset(Dataset):
    """Random windows (T,) of clips; window `index` depends only on the seed and the index.

    Clips are drawn in proportion to their length. Those shorter than a window are padded with
    silence. All are held in memory (half an hour: 115 MB).
    """

    def __init__(
        self, clips: Sequence[Path | dict], n_samples: int, n_windows: int = 1_000, seed: int = 0
    ):
        """`clips`: loaded, or their paths; `n_samples` in a window; `n_windows` in an epoch."""
        if not clips or n_samples < 1:
            raise DataError(
                f"expected clips and windows of n_samples >= 1, "
                f"found {len(clips)} clips, {n_samples}"
            )
        loaded = [clip if isinstance(clip, Mapping) else load_clip(Path(clip)) for clip in clips]
        rates = {clip["sample_rate"] for clip in loaded}
        if len(rates) > 1:
            raise DataError(
                f"expected clips of one sample rate, found {sorted(rates)} Hz: "
                "preprocess them again"
            )
        self.waves: list[Tensor] = [clip["wave"] for clip in loaded]
        self.n_samples = n_samples
        self.n_windows = n_windows
        self.seed = seed
        lengths = np.array([len(wave) for wave in self.waves], dtype=float)
        self.shares = lengths / lengths.sum()

    @classmethod
    def of_folder(
        cls, folder: Path, n_samples: int, n_windows: int = 1_000, seed: int = 0
    ) -> ClipDataset:
        """Windows of all clips below a folder. DataError if there are none."""
        clips = sorted(Path(folder).rglob("[!.]*.pt"))
        if not clips:
            raise DataError(f"{folder}: expected clips (NAME.pt), found none: run preprocess first")
        return cls(clips, n_samples, n_windows, seed)

    def __len__(self) -> int:
        return self.n_windows

    def __getitem__(self, index: int) -> Tensor:
        if not 0 <= index < self.n_windows:
            raise IndexError(f"expected a window from 0 to {self.n_windows - 1}, found {index}")
        rng = np.random.default_rng((self.seed, index))
        wave = self.waves[rng.choice(len(self.waves), p=self.shares)]
        start = int(rng.integers(max(0, len(wave) - self.n_samples) + 1))
        piece = wave[start : start + self.n_samples]
        return torch.nn.functional.pad(piece, (0, self.n_samples - len(piece)))
