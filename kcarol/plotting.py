"""Figures, and the only module that knows matplotlib: through `Figure` alone, so that no global state is touched."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kcarol.config import AudioConfig
from kcarol.store import write_atomic

TICKS_HZ = (60, 250, 500, 1_000, 2_000, 4_000, 8_000)
RANGE_DB = 80.0  # below the loudest: what is softer is black
MOST_COLUMNS = 4_000  # of a picture; longer songs keep the loudest of neighbouring frames
DB_PER_NEPER = 20 / np.log(10)  # natural log of magnitude -> dB
HANGUL_FONTS = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Apple SD Gothic Neo", "Malgun Gothic", "UnDotum")
MEASURES_LESS_IS_BETTER = ("mse", "lsd", "lsd_db", "style")
ANCHOR_COLOUR, OWN_COLOUR = "#f2f2f2", "#d8ecd8"


def log_mel_figure(log_mel: np.ndarray, cfg: AudioConfig | None = None, title: str = "") -> Figure:
    """One spectrogram of natural-log mel (F, M), seconds against Hz. ValueError for another shape."""
    return spectrograms({title: log_mel}, cfg)


def pair_figure(
    song: np.ndarray, carol: np.ndarray, cfg: AudioConfig | None = None, titles: tuple[str, str] = ("song", "carol")
) -> Figure:
    """Song (F, M) over its carol (F', M), natural-log mel, one time axis, one colour scale."""
    return spectrograms(dict(zip(titles, (song, carol), strict=True)), cfg)


def spectrograms(log_mels: Mapping[str, np.ndarray], cfg: AudioConfig | None = None) -> Figure:
    """Natural-log mels (F, M) by title, one under the other, on one time axis and one colour scale."""
    cfg = cfg or AudioConfig()
    pictures = {title: _in_db(log_mel, cfg) for title, log_mel in log_mels.items()}
    if not pictures:
        raise ValueError("expected at least one log-mel, found none")
    top = max(picture.max() for picture in pictures.values())
    longest_s = max(len(log_mel) for log_mel in log_mels.values()) / cfg.frame_rate
    figure = Figure(figsize=(11, 0.8 + 2.6 * len(pictures)), layout="constrained")
    rows = figure.subplots(len(pictures), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (title, picture) in zip(rows, pictures.items(), strict=True):
        length_s = len(log_mels[title]) / cfg.frame_rate
        image = axes.imshow(picture.T, origin="lower", aspect="auto", cmap="magma", interpolation="nearest",
                            extent=(0, length_s, -0.5, cfg.n_mels - 0.5), vmin=top - RANGE_DB, vmax=top)  # fmt: skip
        axes.set(ylabel="frequency, Hz", xlim=(0, longest_s))
        axes.set_title(title, parse_math=False, fontfamily=_families())  # a file's name may hold a $, or Hangul
        _hz_axis(axes, cfg)
    rows[-1].set_xlabel("time, s")
    figure.colorbar(image, ax=list(rows), label="level, dB", pad=0.01)
    return figure


@cache
def _families() -> list[str]:
    """Fonts for titles: matplotlib's own, then one with Hangul if this machine has it."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in HANGUL_FONTS if name in there][:1]]


def _in_db(log_mel: np.ndarray, cfg: AudioConfig) -> np.ndarray:
    """(F, M) natural log -> (at most MOST_COLUMNS, M) in dB."""
    log_mel = np.asarray(log_mel, dtype=np.float32)
    if log_mel.ndim != 2 or log_mel.shape[1] != cfg.n_mels or not len(log_mel):
        raise ValueError(f"expected log-mel (F, {cfg.n_mels}) with F >= 1, found shape {log_mel.shape}")
    size = -(-len(log_mel) // MOST_COLUMNS)
    return DB_PER_NEPER * np.maximum.reduceat(log_mel, np.arange(0, len(log_mel), size), axis=0)


def mel_centres_hz(cfg: AudioConfig) -> np.ndarray:
    """Centres (M,) of the mel bands, Hz: the mean of each filter over frequency."""
    from kcarol.spectral import mel_filters

    filters = mel_filters(cfg).numpy()  # (N/2 + 1, M)
    return np.linspace(0, cfg.sample_rate / 2, len(filters)) @ filters / filters.sum(axis=0)


def _hz_axis(axes, cfg: AudioConfig) -> None:
    centres = mel_centres_hz(cfg)
    ticks = [hz for hz in TICKS_HZ if centres[0] <= hz <= cfg.f_max_hz]
    axes.set_yticks(np.interp(ticks, centres, np.arange(cfg.n_mels)), [f"{hz:,}" for hz in ticks])


def table_figure(rows: Sequence[Mapping], columns: Sequence[str] | None = None, title: str = "") -> Figure:
    """Rows of an evaluation as a picture; rows of the system "kcarol" stand out. ValueError without rows."""
    if not rows:
        raise ValueError("expected at least one row, found none")
    columns = list(columns or dict.fromkeys(key for row in rows for key in row))
    columns = [name for name in columns if any(_cell(row.get(name)) != "–" for row in rows)]
    texts = [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *texts, strict=True)]
    figure = Figure(figsize=(1 + 0.095 * sum(width + 2 for width in widths), 0.9 + 0.27 * (len(rows) + 1)))
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98 - 0.5 / figure.get_figheight()))
    axes.set_axis_off()
    colours = [[OWN_COLOUR if row.get("system") == "kcarol" else ANCHOR_COLOUR] * len(columns) for row in rows]
    heads = [f"{name} ↓" if name in MEASURES_LESS_IS_BETTER else name for name in columns]
    table = axes.table(texts, cellColours=colours, colLabels=heads, cellLoc="center", bbox=(0, 0, 1, 1),
                       colWidths=[width + 2 for width in widths])  # fmt: skip
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure


def _cell(value) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def loss_figure(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str = "", log_scale: bool = True
) -> Figure:
    """Curves by name, each (steps, values); faint as they are, bold smoothed. ValueError without curves."""
    if not curves:
        raise ValueError("expected at least one curve, found none")
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for number, (name, (steps, values)) in enumerate(curves.items()):
        colour = f"C{number % 10}"
        axes.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8)
        axes.plot(steps, smoothed(np.asarray(values, float)), color=colour, label=name, linewidth=1.8)
    axes.set(xlabel="step", ylabel="loss", title=title)
    if log_scale and all(np.nanmin(values) > 0 for _, values in curves.values()):
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, ncols=2)
    return figure


def smoothed(values: np.ndarray, share: float = 0.03) -> np.ndarray:
    """Running mean of (N,) over about `share` of its length, shorter towards the ends."""
    reach = int(len(values) * share / 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    low, high = np.maximum(0, at - reach), np.minimum(len(values), at + reach + 1)
    return (sums[high] - sums[low]) / (high - low)


def read_curves(
    path: Path | str, leave_out: Sequence[str] = ("step", "learning_rate", "audio_s_per_s", "gradient")
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Curves of the `log.csv` or `validation.csv` of a training run. ValueError if it is not one."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "step" not in rows[0]:
        raise ValueError(f"{path}: expected the CSV of a training run with a column step, found none: give its log.csv")
    curves = {}
    for name in dict.fromkeys(key for row in rows for key in row if key and key not in leave_out):
        points = [(float(row["step"]), float(row[name])) for row in rows if row[name]]
        if points:
            curves[name] = tuple(np.array(points).T)
    return curves


def save(figure: Figure, path: Path | str, dpi: int = 110) -> Path:
    """Write a figure as .png, .svg or .pdf, whole or not at all. ValueError for other names."""
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(f"{path}: expected a picture's name (.png, .svg or .pdf), found '{path.suffix}'")
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # boxes in a title are no reason to worry anybody
        write_atomic(path, lambda temporary: canvas.print_figure(temporary, format=kind, dpi=dpi))
    return path
