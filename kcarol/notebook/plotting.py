"""Figures, and the only module that knows matplotlib: through `Figure` alone, so that no global
state is touched.

Every function returns a `Picture`: a Figure with a description in one line, which shows itself in a
notebook. Lines are in the colours of Okabe and Ito (2008), which colour-blind readers tell apart,
and differ in dash or marker besides; pictures of level are in maps whose lightness rises with the
value.
"""

from __future__ import annotations

import base64
import csv
import html
import io
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from kcarol.audio.files import write_atomic
from kcarol.config import AudioConfig

TICKS_HZ = (125, 250, 500, 1_000, 2_000, 4_000, 8_000)
FEW_TICKS_HZ = (250, 1_000, 4_000)  # where rows are low
MOST_HIGH_ROWS = 3
RANGE_DB = 80.0  # below the loudest: what is softer is black
MOST_COLUMNS = 4_000  # of a picture; longer songs keep the loudest of neighbouring frames
DB_PER_NEPER = 20 / np.log(10)  # natural log of magnitude -> dB
HANGUL_FONTS = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "UnDotum",
)
MEASURES_LESS_IS_BETTER = ("mse", "lsd", "lsd_db", "style")
ANCHOR_COLOUR, OWN_COLOUR = "#f2f2f2", "#cfe4f5"
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, YELLOW, BLACK = COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#F0E442",
    "#000000",
)
DASHES = ("-", "--", "-.", ":")
PITCH_CLASSES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
SCREEN_DPI = 80
MOST_POINTS = 2_000  # of a drawn waveform: more columns than a picture has


class Picture(Figure):
    """A Figure that shows itself in a notebook without pyplot, its description as the picture's
    alternative text.
    """

    description = ""

    def described(self, text: str) -> Picture:
        self.description = " ".join(text.split())
        return self

    def _repr_html_(self) -> str:
        return image_html(self, describe(self))


def describe(figure: Figure) -> str:
    """What a figure shows, in one line: for printing, and for those who hear it."""
    return getattr(figure, "description", "") or "figure"


def png(figure: Figure, dpi: int = SCREEN_DPI) -> bytes:
    """A figure as a PNG file's bytes."""
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        FigureCanvasAgg(figure).print_figure(data, format="png", dpi=dpi)
    return data.getvalue()


def image_html(figure: Figure, description: str, dpi: int = SCREEN_DPI) -> str:
    """A figure as an <img> that holds its picture."""
    source = base64.b64encode(png(figure, dpi)).decode()
    return (
        f'<img alt="{html.escape(description, quote=True)}" src="data:image/png;base64,{source}" '
        'style="max-width:100%;height:auto">'
    )


def log_mel_figure(log_mel: np.ndarray, cfg: AudioConfig | None = None, title: str = "") -> Picture:
    """One spectrogram of natural-log mel (F, M), seconds against Hz. ValueError for another shape."""
    return spectrograms({title: log_mel}, cfg)


def pair_figure(
    song: np.ndarray,
    carol: np.ndarray,
    cfg: AudioConfig | None = None,
    titles: tuple[str, str] = ("song", "carol"),
    tune: np.ndarray | None = None,
) -> Picture:
    """Song (F, M) over its carol (F', M), natural-log mel, one time axis, one colour scale.

    tune: (F,) MIDI of the sung notes where known, below 0 between them, drawn into both.
    """
    figure = spectrograms(dict(zip(titles, (song, carol), strict=True)), cfg)
    if tune is not None:
        for axes in figure.axes[:2]:
            _draw_tune(axes, tune, cfg or AudioConfig(), "#56b4e9", 1.5, 0.9, "sung")
        figure.described(f"{figure.description}, with {len(_runs(tune))} sung notes")
    return figure


def spectrograms(log_mels: Mapping[str, np.ndarray], cfg: AudioConfig | None = None) -> Picture:
    """Natural-log mels (F, M) by title, one under the other, on one time axis and one colour scale."""
    cfg = cfg or AudioConfig()
    pictures = {title: _in_db(log_mel, cfg) for title, log_mel in log_mels.items()}
    if not pictures:
        raise ValueError("expected at least one log-mel, found none")
    top = max(picture.max() for picture in pictures.values())
    longest_s = max(len(log_mel) for log_mel in log_mels.values()) / cfg.frame_rate
    figure = Picture(
        figsize=(11, 0.8 + (2.6 if len(pictures) <= MOST_HIGH_ROWS else 1.6) * len(pictures)),
        layout="constrained",
    )
    rows = figure.subplots(len(pictures), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (title, picture) in zip(rows, pictures.items(), strict=True):
        length_s = len(log_mels[title]) / cfg.frame_rate
        ticks_hz = TICKS_HZ if len(pictures) <= MOST_HIGH_ROWS else FEW_TICKS_HZ
        image = _draw_log_mel(axes, picture, length_s, top, cfg, ticks_hz=ticks_hz)
        axes.set(ylabel="frequency, Hz", xlim=(0, longest_s))
        # a file's name may hold a $, or Hangul
        axes.set_title(title, parse_math=False, fontfamily=_families())
    rows[-1].set_xlabel("time, s")
    figure.colorbar(image, ax=list(rows), label="level, dB", pad=0.01)
    parts = [
        f"{title or 'sound'} ({len(mel)} frames, {len(mel) / cfg.frame_rate:.1f} s)"
        for title, mel in log_mels.items()
    ]
    return figure.described(
        f"log-mel of {', '.join(parts)}: {cfg.n_mels} bands, {cfg.f_min_hz:.0f} to {cfg.f_max_hz:.0f} Hz"
    )


@cache
def _families() -> list[str]:
    """Fonts for titles: matplotlib's own, then one with Hangul if this machine has it."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in HANGUL_FONTS if name in there][:1]]


def _in_db(log_mel: np.ndarray, cfg: AudioConfig) -> np.ndarray:
    """(F, M) natural log -> (at most MOST_COLUMNS, M) in dB."""
    log_mel = np.asarray(log_mel, dtype=np.float32)
    if log_mel.ndim != 2 or log_mel.shape[1] != cfg.n_mels or not len(log_mel):
        raise ValueError(
            f"expected log-mel (F, {cfg.n_mels}) with F >= 1, found shape {log_mel.shape}"
        )
    size = -(-len(log_mel) // MOST_COLUMNS)
    return DB_PER_NEPER * np.maximum.reduceat(log_mel, np.arange(0, len(log_mel), size), axis=0)


def mel_centres_hz(cfg: AudioConfig) -> np.ndarray:
    """Centres (M,) of the mel bands, Hz: the mean of each filter over frequency."""
    from kcarol.audio.log_mel import mel_filters

    filters = mel_filters(cfg).numpy()  # (N/2 + 1, M)
    return np.linspace(0, cfg.sample_rate / 2, len(filters)) @ filters / filters.sum(axis=0)


def _hz_axis(axes, cfg: AudioConfig, ticks_hz: Sequence[int]) -> None:
    centres = mel_centres_hz(cfg)
    ticks = [hz for hz in ticks_hz if centres[0] <= hz <= cfg.f_max_hz]
    axes.set_yticks(np.interp(ticks, centres, np.arange(cfg.n_mels)), [f"{hz:,}" for hz in ticks])


def thumbnail(
    log_mel: np.ndarray, top_db: float, cfg: AudioConfig | None = None, title: str = ""
) -> Picture:
    """A small spectrogram of natural-log mel (F, M), `top_db` the level of its brightest colour: to
    be shared by a row.
    """
    cfg = cfg or AudioConfig()
    figure = Picture(figsize=(4.2, 2.2), layout="constrained")
    axes = figure.subplots()
    _draw_log_mel(
        axes,
        _in_db(log_mel, cfg),
        len(log_mel) / cfg.frame_rate,
        top_db,
        cfg,
        ticks_hz=FEW_TICKS_HZ,
    )
    axes.set_xlabel("time, s", fontsize=12)  # large: it is shown at two thirds of its size
    axes.set_ylabel("Hz", fontsize=12)
    axes.tick_params(labelsize=11)
    return figure.described(f"log-mel of {title or 'sound'}, {len(log_mel) / cfg.frame_rate:.1f} s")


def level_db(log_mel: np.ndarray) -> float:
    """The loudest level of natural-log mel, dB."""
    return float(DB_PER_NEPER * np.max(log_mel))


def _draw_log_mel(
    axes,
    picture: np.ndarray,
    length_s: float,
    top_db: float,
    cfg: AudioConfig,
    cmap: str = "magma",
    ticks_hz=TICKS_HZ,
):
    image = axes.imshow(
        picture.T,
        origin="lower",
        aspect="auto",
        cmap=cmap,
        interpolation="nearest",
        extent=(0, length_s, -0.5, cfg.n_mels - 0.5),
        vmin=top_db - RANGE_DB,
        vmax=top_db,
    )
    _hz_axis(axes, cfg, ticks_hz)
    return image


def waveforms(
    waves: Mapping[str, np.ndarray], sample_rate: int = AudioConfig.sample_rate
) -> Picture:
    """Waves (T,) by title under each other, one time and one amplitude axis: lowest to highest
    sample of each column.
    """
    if not waves or not all(len(wave) for wave in waves.values()):
        raise ValueError("expected at least one wave with samples, found none")
    longest_s = max(map(len, waves.values())) / sample_rate
    figure = Picture(figsize=(11, 0.7 + 1.15 * len(waves)), layout="constrained")
    rows = figure.subplots(len(waves), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for axes, (title, wave) in zip(rows, waves.items(), strict=True):
        starts = np.arange(0, len(wave), max(1, -(-len(wave) // MOST_POINTS)))
        low, high = np.minimum.reduceat(wave, starts), np.maximum.reduceat(wave, starts)
        axes.fill_between(starts / sample_rate, low, high, color=BLUE, linewidth=0.4)
        axes.set_title(title, parse_math=False, fontfamily=_families(), fontsize=10, loc="left")
        axes.set(xlim=(0, longest_s), ylim=(-1.02, 1.02))
        axes.grid(alpha=0.3)
    rows[-1].set_xlabel("time, s")
    figure.supylabel("amplitude, full scale = 1", fontsize=10)
    parts = [
        f"{title} ({len(wave) / sample_rate:.1f} s, peak {np.abs(wave).max():.2f})"
        for title, wave in waves.items()
    ]
    return figure.described(f"waveforms of {', '.join(parts)}")


def features_figure(
    features: np.ndarray, cfg: AudioConfig | None = None, title: str = ""
) -> Picture:
    """What the converter hears (F, C): whitened pitch bands, onset flux, loudness, on one time
    axis.
    """
    cfg, features = cfg or AudioConfig(), np.asarray(features)
    if features.ndim != 2 or features.shape[1] != cfg.n_features:
        raise ValueError(f"expected features (F, {cfg.n_features}), found shape {features.shape}")
    n, seconds = cfg.n_pitch_bands, len(features) / cfg.frame_rate
    figure = Picture(figsize=(11, 6), layout="constrained")
    pitch, flux, loudness = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1.2, 0.9))
    image = pitch.imshow(
        features[:, :n].T,
        origin="lower",
        aspect="auto",
        cmap="cividis",
        interpolation="nearest",
        extent=(0, seconds, cfg.lowest_midi, cfg.highest_midi),
        vmin=-2,
        vmax=4,
    )
    octaves = range(-(-cfg.lowest_midi // 12) * 12, cfg.highest_midi, 12)
    pitch.set_yticks(octaves, [f"C{midi // 12 - 1}" for midi in octaves])
    pitch.set(ylabel="pitch", title=title)
    figure.colorbar(image, ax=pitch, label="whitened level, deviations", pad=0.01)
    second = flux.imshow(
        features[:, n:-1].T,
        origin="lower",
        aspect="auto",
        cmap="cividis",
        interpolation="nearest",
        extent=(0, seconds, 0.5, cfg.n_flux + 0.5),
        vmin=0,
        vmax=3,
    )
    flux.set(ylabel="flux band", yticks=(1, cfg.n_flux))
    figure.colorbar(second, ax=flux, label="onset", pad=0.01)
    loudness.plot(
        np.arange(len(features)) / cfg.frame_rate, 20 * features[:, -1], color=BLUE, linewidth=0.8
    )
    loudness.set(ylabel="level, dB", xlabel="time, s", xlim=(0, seconds))
    loudness.grid(alpha=0.3)
    return figure.described(
        f"features of {title or 'sound'}: {len(features)} frames of {n} pitch bands, {cfg.n_flux} flux bands "
        "and one loudness"
    )


def parts_figure(
    arrangements: Mapping[str, Mapping[str, Sequence[tuple[float, float, float]]]], until_s: float
) -> Picture:
    """Arrangements as piano rolls, one time axis: title -> part -> strokes (start in s, length in
    s, MIDI pitch).
    """
    figure = Picture(figsize=(11, 0.8 + 3 * len(arrangements)), layout="constrained")
    rows = figure.subplots(len(arrangements), 1, squeeze=False, sharex=True)[:, 0]
    counts = []
    for axes, (title, parts) in zip(rows, arrangements.items(), strict=True):
        for number, (name, strokes) in enumerate(parts.items()):
            heard = [stroke for stroke in strokes if stroke[0] < until_s]
            axes.hlines(
                [pitch for _, _, pitch in heard],
                [start for start, _, _ in heard],
                [min(until_s, start + length) for start, length, _ in heard],
                label=name,
                linewidth=3,
                color=COLOURS[number % 8],
                linestyle=("-", (0, (2, 0.6)))[number // 8 % 2],
                # the first part, the tune, lies on top of its doublings
                zorder=3 - number / 100,
            )
        axes.set(title=title, ylabel="MIDI pitch", xlim=(0, until_s))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=10, loc="center left", bbox_to_anchor=(1.0, 0.5))
        counts.append(f"{title}: {len(parts)} parts, {sum(map(len, parts.values()))} strokes")
    rows[-1].set_xlabel("time, s")
    return figure.described(f"first {until_s:g} s of arrangements, {'; '.join(counts)}")


def heard_figure(
    log_mel: np.ndarray,
    tune: np.ndarray,
    chord: np.ndarray,
    beats: np.ndarray,
    downbeats: np.ndarray,
    cfg: AudioConfig | None = None,
    title: str = "",
    true_tune: np.ndarray | None = None,
) -> Picture:
    """What was heard, over natural-log mel (F, M): tune (F,) MIDI, below 0 where it rests, and
    beats; chord (F, 12) below.

    beats, downbeats: frames. true_tune: (F,) as `tune`, drawn dotted where it is known.
    """
    cfg = cfg or AudioConfig()
    n_frames, seconds = len(log_mel), len(log_mel) / cfg.frame_rate
    figure = Picture(figsize=(11, 6.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.7))
    _draw_log_mel(upper, _in_db(log_mel, cfg), seconds, level_db(log_mel), cfg, cmap="gray")
    if true_tune is not None:
        _draw_tune(
            upper, true_tune[:n_frames], cfg, colour=YELLOW, width=5, alpha=0.65, label="tune, true"
        )
    _draw_tune(
        upper, tune[:n_frames], cfg, colour=VERMILION, width=2, alpha=1.0, label="tune, heard"
    )
    upper.set(ylabel="frequency, Hz", title=title)
    upper.legend(fontsize=10, loc="upper right", facecolor="white", framealpha=0.9)
    lower.imshow(
        np.asarray(chord, float)[:n_frames].T,
        origin="lower",
        aspect="auto",
        cmap="Blues",
        interpolation="nearest",
        extent=(0, seconds, -0.5, 11.5),
        vmin=0,
        vmax=1.3,
    )
    lower.set_yticks(range(12), PITCH_CLASSES, fontsize=9)
    is_down = np.isin(beats, downbeats)
    for frames, width, dash in ((beats[~is_down], 0.5, ":"), (beats[is_down], 1.2, "-")):
        lower.vlines(
            frames / cfg.frame_rate, -0.5, 11.5, color=BLACK, linewidth=width, linestyle=dash
        )
    lower.set(ylabel="chord, beats and bars", xlabel="time, s", xlim=(0, seconds))
    n_notes, n_chords = len(_runs(tune[:n_frames])), _n_chords(np.asarray(chord)[:n_frames])
    return figure.described(
        f"heard in {title or 'the song'}: {n_notes} tune notes, {n_chords} chords, "
        f"{int((beats < n_frames).sum())} beats, {int((downbeats < n_frames).sum())} bars"
    )


def _runs(tune: np.ndarray) -> list[tuple[int, int]]:
    """Spans of frames in which the tune stays on one pitch, without its rests."""
    tune = np.asarray(tune)
    edges = np.flatnonzero(np.diff(tune)) + 1
    spans = zip([0, *edges.tolist()], [*edges.tolist(), len(tune)], strict=True)
    return [(start, stop) for start, stop in spans if tune[start] >= 0]


def _n_chords(chord: np.ndarray) -> int:
    changes = np.flatnonzero((chord[1:] != chord[:-1]).any(axis=1)) + 1
    return sum(bool(chord[start].any()) for start in (0, *changes.tolist()))


def _draw_tune(
    axes, tune: np.ndarray, cfg: AudioConfig, colour: str, width: float, alpha: float, label: str
) -> None:
    centres = mel_centres_hz(cfg)
    for number, (start, stop) in enumerate(_runs(tune)):
        band = np.interp(440 * 2 ** ((tune[start] - 69) / 12), centres, np.arange(cfg.n_mels))
        axes.plot(
            [start / cfg.frame_rate, stop / cfg.frame_rate],
            [band, band],
            color=colour,
            linewidth=width,
            alpha=alpha,
            solid_capstyle="butt",
            label=label if not number else None,
        )
    if not len(_runs(tune)):
        axes.plot([], [], color=colour, label=f"{label}: none")


def attention_figure(weights: Sequence[np.ndarray], step_s: float, title: str = "") -> Picture:
    """Attention (H, S, S) of each layer, a row of heads each: which steps (across) a step (down)
    listens to.
    """
    weights = [np.asarray(layer) for layer in weights]
    if not weights or any(layer.ndim != 3 or layer.shape[1] != layer.shape[2] for layer in weights):
        raise ValueError(
            f"expected (H, S, S) for each layer, found {[layer.shape for layer in weights]}"
        )
    n_heads, seconds = len(weights[0]), weights[0].shape[1] * step_s
    figure = Picture(figsize=(1.35 * n_heads + 0.8, 1.4 * len(weights) + 0.6), layout="constrained")
    grid = figure.subplots(len(weights), n_heads, squeeze=False, sharex=True, sharey=True)
    for i, layer in enumerate(weights):
        for j, head in enumerate(layer):
            # the square root shows weak links beside strong ones
            grid[i, j].imshow(
                np.sqrt(head / head.max()),
                cmap="cividis",
                extent=(0, seconds, seconds, 0),
                vmin=0,
                vmax=1,
            )
            grid[i, j].tick_params(labelsize=8)
            if not i:
                grid[i, j].set_title(f"head {j + 1}", fontsize=10)
        grid[i, 0].set_ylabel(f"layer {i + 1}", fontsize=10)
    figure.supxlabel("listened to, s", fontsize=11)
    figure.supylabel("step, s", fontsize=11)
    figure.suptitle(title, fontsize=10)
    steps = f"{weights[0].shape[1]} steps, {seconds:.1f} s"
    return figure.described(
        f"attention of {len(weights)} layers with {n_heads} heads over {steps} {title}"
    )


def positions_figure(encodings: Mapping[str, np.ndarray]) -> Picture:
    """Positional encodings (S, D) by title, side by side on one scale of steps."""
    figure = Picture(figsize=(3.4 * len(encodings) + 0.8, 4), layout="constrained")
    columns = figure.subplots(1, len(encodings), squeeze=False, sharey=True)[0]
    for axes, (title, encoding) in zip(columns, encodings.items(), strict=True):
        steps, n = encoding.shape
        image = axes.imshow(
            encoding, aspect="auto", cmap="cividis", vmin=-1, vmax=1, extent=(0, n, steps, 0)
        )
        axes.set(title=title, xlabel="dimension")
    columns[0].set(ylabel="step", ylim=(max(len(encoding) for encoding in encodings.values()), 0))
    figure.colorbar(image, ax=list(columns), label="value", pad=0.01)
    parts = [
        f"{title} {encoding.shape[0]} x {encoding.shape[1]}"
        for title, encoding in encodings.items()
    ]
    return figure.described(f"positional encodings: {', '.join(parts)}")


def model_figure(stages: Sequence[tuple[str, str, str]], title: str = "") -> Picture:
    """A network as boxes, row by row from left to right: (name, what it does, shape of what leaves
    it) for each stage.

    The shape stands over the arrow that leaves the box.
    """
    if not stages:
        raise ValueError("expected at least one stage, found none")
    per_row, half_wide, half_high = 4, 0.35, 0.25  # in columns and rows
    n_rows = -(-len(stages) // per_row)
    figure = Picture(figsize=(11, 0.4 + 1.15 * n_rows))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.5, per_row - 0.4), ylim=(0.5 - n_rows, 0.85))
    axes.set_axis_off()
    for number, (name, work, shape) in enumerate(stages):
        x, y = number % per_row - 0.12, -(number // per_row)
        look = {
            "boxstyle": "round,pad=0,rounding_size=0.05",
            "facecolor": "#e8f1f8",
            "edgecolor": BLUE,
        }
        axes.add_patch(
            FancyBboxPatch((x - half_wide, y - half_high), 2 * half_wide, 2 * half_high, **look)
        )
        axes.text(x, y + 0.09, name, ha="center", va="center", fontsize=12, fontweight="bold")
        axes.text(x, y - 0.11, work, ha="center", va="center", fontsize=11)
        axes.annotate(
            "",
            (x + 1 - half_wide - 0.01, y),
            (x + half_wide, y),
            arrowprops={"arrowstyle": "->", "color": BLACK},
        )
        axes.text(
            x + 0.5, y + 0.33, shape, ha="center", va="center", fontsize=10, family="monospace"
        )
    axes.text(-0.47, 0.68, title, fontsize=13, va="center")
    return figure.described(
        f"{title or 'model'}: {' -> '.join(f'{name} {shape}' for name, _, shape in stages)}"
    )


def bars_figure(values: Mapping[str, float], unit: str, title: str = "") -> Picture:
    """Horizontal bars by name, the first on top, each with its number."""
    return bar_panels({title: (unit, values)})


def bar_panels(panels: Mapping[str, tuple[str, Mapping[str, float]]]) -> Picture:
    """Horizontal bars side by side, a panel for each title: its unit, and its values by name, the
    first on top.
    """
    if not panels or not all(values for _, values in panels.values()):
        raise ValueError("expected at least one bar, found none")
    n_bars = max(len(values) for _, values in panels.values())
    figure = Picture(
        figsize=(9 if len(panels) == 1 else 5.5 * len(panels), 0.9 + 0.38 * n_bars),
        layout="constrained",
    )
    columns = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, (unit, values)) in zip(columns, panels.items(), strict=True):
        _draw_bars(axes, values, unit, title)
    parts = [
        f"{title or 'bars'} in {unit}: {', '.join(values)}"
        for title, (unit, values) in panels.items()
    ]
    return figure.described("; ".join(parts))


def _draw_bars(axes, values: Mapping[str, float], unit: str, title: str) -> None:
    bars = axes.barh(list(values), list(values.values()), color=BLUE)
    axes.bar_label(
        bars,
        [
            f"{value:,.3g}" if isinstance(value, float) else f"{value:,}"
            for value in values.values()
        ],
        padding=3,
        fontsize=9,
    )
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.margins(x=0.18)
    axes.set(xlabel=unit, title=title)
    axes.grid(axis="x", alpha=0.3)


def strength_figure(
    strengths: Sequence[float],
    content: Sequence[float],
    style: Sequence[float],
    content_name: str = "chroma",
    style_name: str = "p_carol",
) -> Picture:
    """What strength 0 to 1 does: content and style against strength, and style against content as
    one curve.
    """
    strengths, content, style = (
        np.asarray(values, float) for values in (strengths, content, style)
    )
    if not len(strengths) or not len(strengths) == len(content) == len(style):
        raise ValueError(
            f"expected as many figures as strengths, found {len(strengths)}, {len(content)}, {len(style)}"
        )
    figure = Picture(figsize=(11, 4), layout="constrained")
    both, curve = figure.subplots(1, 2)
    both.plot(strengths, content, "o-", color=BLUE, label=f"content: {content_name}")
    both.plot(strengths, style, "s--", color=VERMILION, label=f"style: {style_name}")
    both.set(xlabel="strength, 0 song to 1 carol", ylabel="figure", xlim=(-0.03, 1.03))
    both.legend(fontsize=9)
    curve.plot(content, style, "o-", color=GREEN)
    for number, strength in enumerate(strengths):
        curve.annotate(
            f"{strength:g}",
            (content[number], style[number]),
            textcoords="offset points",
            xytext=(6, 6),
            fontsize=9,
        )
    curve.set(
        xlabel=f"content: {content_name}", ylabel=f"style: {style_name}", title="numbers: strength"
    )
    for axes in (both, curve):
        axes.grid(alpha=0.3)
        axes.margins(0.1)
    return figure.described(
        f"{content_name} and {style_name} at {len(strengths)} strengths from {strengths[0]:g} to "
        f"{strengths[-1]:g}"
    )


def table_figure(
    rows: Sequence[Mapping], columns: Sequence[str] | None = None, title: str = ""
) -> Picture:
    """Rows of an evaluation as a picture; rows of the system "kcarol" stand out. ValueError without
    rows.
    """
    if not rows:
        raise ValueError("expected at least one row, found none")
    columns = list(columns or dict.fromkeys(key for row in rows for key in row))
    columns = [name for name in columns if any(_cell(row.get(name)) != "–" for row in rows)]
    texts = [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *texts, strict=True)]
    figure = Picture(
        figsize=(1 + 0.095 * sum(width + 2 for width in widths), 0.9 + 0.27 * (len(rows) + 1))
    )
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98 - 0.5 / figure.get_figheight()))
    axes.set_axis_off()
    colours = [
        [OWN_COLOUR if row.get("system") == "kcarol" else ANCHOR_COLOUR] * len(columns)
        for row in rows
    ]
    heads = [f"{name} ↓" if name in MEASURES_LESS_IS_BETTER else name for name in columns]
    table = axes.table(
        texts,
        cellColours=colours,
        colLabels=heads,
        cellLoc="center",
        bbox=(0, 0, 1, 1),
        colWidths=[width + 2 for width in widths],
    )
    table.auto_set_font_size(False)
    table.set_fontsize(10)
    for number, row in enumerate(rows, start=1):
        if row.get("system") == "kcarol":  # weight, not colour alone, says which rows are ours
            for column in range(len(columns)):
                table[number, column].get_text().set_fontweight("bold")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure.described(f"table {title}: {len(rows)} rows, columns {', '.join(columns)}")


def _cell(value) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def loss_figure(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str = "", log_scale: bool = True
) -> Picture:
    """Curves by name, each (steps, values); faint as they are, bold smoothed. ValueError without
    curves.
    """
    if not curves:
        raise ValueError("expected at least one curve, found none")
    figure = Picture(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for number, (name, (steps, values)) in enumerate(curves.items()):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]
        axes.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8)
        axes.plot(
            steps,
            smoothed(np.asarray(values, float)),
            dash,
            color=colour,
            label=name,
            linewidth=1.8,
        )
    axes.set(xlabel="step", ylabel="loss", title=title)
    if log_scale and all(np.nanmin(values) > 0 for _, values in curves.values()):
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=10, ncols=2)
    last = int(max(steps[-1] for steps, _ in curves.values()))
    return figure.described(f"curves of {', '.join(curves)} up to step {last}")


def smoothed(values: np.ndarray, share: float = 0.03) -> np.ndarray:
    """Running mean of (N,) over about `share` of its length, shorter towards the ends."""
    reach = int(len(values) * share / 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    low, high = np.maximum(0, at - reach), np.minimum(len(values), at + reach + 1)
    return (sums[high] - sums[low]) / (high - low)


def read_curves(
    path: Path | str,
    leave_out: Sequence[str] = ("step", "learning_rate", "audio_s_per_s", "gradient"),
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Curves of the `log.csv` or `validation.csv` of a training run. ValueError if it is not one."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "step" not in rows[0]:
        raise ValueError(
            f"{path}: expected the CSV of a training run with a column step, found none: give its log.csv"
        )
    curves = {}
    for name in dict.fromkeys(key for row in rows for key in row if key and key not in leave_out):
        points = [(float(row["step"]), float(row[name])) for row in rows if row[name]]
        if points:
            curves[name] = tuple(np.array(points).T)
    return curves


def save(figure: Figure, path: Path | str, dpi: int = 110, colours: int | None = None) -> Path:
    """Write a figure as .png (of at most `colours`, so that it is small), .svg or .pdf, whole or
    not at all.

    ValueError for other names.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(
            f"{path}: expected a picture's name (.png, .svg or .pdf), found '{path.suffix}'"
        )
    if kind == "png" and colours:
        write_atomic(
            path,
            lambda temporary: _few_colours(png(figure, dpi), colours).save(
                temporary, "PNG", optimize=True
            ),
        )
        return path
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # boxes in a title are no reason to worry anybody
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        write_atomic(path, lambda temporary: canvas.print_figure(temporary, format=kind, dpi=dpi))
    return path


def _few_colours(data: bytes, n: int):
    """A PNG's bytes as a picture with a palette of n colours."""
    from PIL import Image  # matplotlib brings it

    return Image.open(io.BytesIO(data)).convert("RGB").quantize(n, dither=Image.Dither.NONE)
