"""Notes: arrangements as piano rolls, and a transcription over the song's spectrogram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kcarol.arrangement.groups import group_of
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.notebook.figures.picture import (
    BLACK,
    COLOURS,
    SKY,
    VERMILION,
    YELLOW,
    Picture,
    draw_matrix,
    set_title,
)
from kcarol.notebook.figures.spectrograms import (
    CFG,
    DB_PER_NEPER,
    draw_levels,
    draw_tune,
    levels_db,
    tune_notes,
)
from kcarol.transcription.lead_sheet import Part
from kcarol.transcription.melody import runs_of
from kcarol.transcription.transcription import Transcription

LETTERS = [name if len(name) == 1 else "ə" for name in VOWELS]
PITCH_CLASSES = "C C♯ D E♭ E F F♯ G A♭ A B♭ B".split()
TUNE_WIDTH = 6  # points
ROLL_COLOURS = tuple(colour for colour in COLOURS if colour != YELLOW)  # faint in thin lines
ROLL_DASHES = ("-", (0, (2, 0.6)))  # of the first parts, and of those whose colours come again

# part -> notes: (start in s, length in s, MIDI pitch)
Parts = Mapping[str, Sequence[tuple[float, float, float]]]


def piano_rolls(arrangements: Mapping[str, Parts], until_s: float) -> Picture:
    """The first `until_s` seconds of arrangements by title, one above the other; the first part of
    each, its tune, is drawn thick.
    """
    counts = [
        f"{title}: {len(parts)} parts, {sum(map(len, parts.values()))} notes"
        for title, parts in arrangements.items()
    ]
    figure = Picture(
        f"first {until_s:g} s of arrangements, {'; '.join(counts)}",
        (11, 0.8 + 3 * len(arrangements)),
    )
    rows = figure.subplots(len(arrangements), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (title, parts) in zip(rows, arrangements.items(), strict=True):
        for number, (name, notes) in enumerate(parts.items()):
            shown = [note for note in notes if note[0] < until_s]
            axes.hlines(
                [pitch for _, _, pitch in shown],
                [start for start, _, _ in shown],
                [min(until_s, start + length) for start, length, _ in shown],
                label=name,
                linewidth=3 if number else TUNE_WIDTH,
                color=ROLL_COLOURS[number % len(ROLL_COLOURS)],
                linestyle=ROLL_DASHES[number // len(ROLL_COLOURS) % 2],
                zorder=3 - number / 100,  # the melody, the first part, lies above its doublings
            )
        axes.set(title=title, ylabel="pitch, MIDI (60 is middle C)", xlim=(0, until_s))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=10, loc="center left", bbox_to_anchor=(1.0, 0.5))
    rows[-1].set_xlabel("time, s")
    return figure


def arranged(parts: Sequence[Part]) -> dict[str, list[tuple[float, float, float]]]:
    """The parts of a carol for `piano_rolls`, named by what plays and what it is for: "oohs, tune";
    without drums.
    """
    named: dict[str, list[tuple[float, float, float]]] = {}
    for part in parts:
        if not part.is_drums:
            name = f"{part.name.split()[0]}, {group_of(part)}".replace("_", " ")
            notes = named.setdefault(name, [])
            notes += [(note.start_s, note.length_s, note.pitch) for note in part.strokes]
    return named


def transcription(
    log_mel: np.ndarray,
    transcription: Transcription,
    start_s: float = 0.0,
    length_s: float = np.inf,
    title: str = "",
    true_tune: np.ndarray | None = None,
) -> Picture:
    """A span of a song's log-mel (F, M) with its tune; below it chords, beats and downbeats.

    true_tune: MIDI pitch (F,) as composed, below 0 in rests, where it is known.
    """
    first, last = _span(start_s, length_s, len(log_mel))
    log_mel, tune = log_mel[first:last], transcription.tune[first:last]
    chord = np.asarray(transcription.content.chord, float)[first:last]
    beats, downbeats = (
        frames[(frames >= first) & (frames < last)] - first
        for frames in (transcription.beats, transcription.downbeats)
    )
    seconds = len(log_mel) / CFG.frame_rate
    figure = Picture(
        f"transcription of {title or 'the song'}: {len(tune_notes(tune))} tune notes, "
        f"{_n_chords(chord)} chords, {len(beats)} beats, {len(downbeats)} bars",
        (11, 6.2),
    )
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.7))
    levels = levels_db(log_mel)
    draw_levels(upper, levels, seconds, DB_PER_NEPER * np.max(log_mel), cmap="gray")
    if true_tune is not None:
        look = {"color": YELLOW, "linewidth": 5, "alpha": 0.65}
        draw_tune(upper, true_tune[first:last], "tune as composed", **look)
    draw_tune(upper, tune, "tune as heard", color=VERMILION, linewidth=2)
    upper.set_ylabel("frequency, Hz")
    set_title(upper, title)
    upper.legend(fontsize=10, loc="upper right", facecolor="white", framealpha=0.9)

    draw_matrix(lower, chord, (0, seconds, -0.5, 11.5), "Blues", vmin=0, vmax=1.3)
    lower.set_yticks(range(12), PITCH_CLASSES, fontsize=9)
    within_bars, bars = np.setdiff1d(beats, downbeats), np.intersect1d(beats, downbeats)
    for frames, width, dash in ((within_bars, 0.5, ":"), (bars, 1.2, "-")):
        times = frames / CFG.frame_rate
        lower.vlines(times, -0.5, 11.5, color=BLACK, linewidth=width, linestyle=dash)
    lower.set(ylabel="chord, beats and bars", xlabel="time, s", xlim=(0, seconds))
    return figure


def syllables(
    log_mel: np.ndarray,
    transcription: Transcription,
    start_s: float = 0.0,
    length_s: float = np.inf,
    title: str = "",
) -> Picture:
    """A span of a song's log-mel (F, M) with its text: vowels by letter over the spectrogram and by
    row below it, and lines where syllables begin.
    """
    first, last = _span(start_s, length_s, len(log_mel))
    levels, vowel = levels_db(log_mel[first:last]), transcription.vowel[first:last]
    begins_s = np.flatnonzero(transcription.syllable[first:last]) / CFG.frame_rate
    runs = [(start, stop) for start, stop in runs_of(vowel) if vowel[start] != NO_VOWEL]
    seconds = len(vowel) / CFG.frame_rate
    figure = Picture(
        f"text of {title or 'the song'}: {len(begins_s)} syllables, {len(runs)} vowels in "
        f"{seconds:.1f} s",
        (11, 5.4),
    )
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
    draw_levels(upper, levels, seconds, levels.max(), cmap="gray")
    upper.set(ylabel="frequency, Hz")
    set_title(upper, title)
    for start, stop in runs:
        number, ends_s = int(vowel[start]), (start / CFG.frame_rate, stop / CFG.frame_rate)
        lower.hlines(number, *ends_s, color=COLOURS[number], linewidth=6)
        place = (sum(ends_s) / 2, 0.95)
        look = {"color": YELLOW, "ha": "center", "va": "top", "fontsize": 11, "clip_on": True}
        upper.text(*place, LETTERS[number], transform=upper.get_xaxis_transform(), **look)
    for axes, colour in ((upper, SKY), (lower, BLACK)):
        lines = axes.get_xaxis_transform()
        axes.vlines(begins_s, 0, 1, color=colour, linewidth=0.8, linestyle=":", transform=lines)
    lower.set_yticks(range(len(LETTERS)), LETTERS, fontsize=9)
    lower.set(ylabel="vowel", xlabel="time, s", xlim=(0, seconds), ylim=(len(LETTERS) - 0.5, -0.5))
    return figure


def _span(start_s: float, length_s: float, n_frames: int) -> tuple[int, int]:
    """The first frame of a span, and the one after its last."""
    last = round((start_s + min(length_s, 1e6)) * CFG.frame_rate)
    return round(start_s * CFG.frame_rate), int(min(n_frames, last))


def _n_chords(chord: np.ndarray) -> int:
    changes = np.flatnonzero((chord[1:] != chord[:-1]).any(axis=1)) + 1
    return sum(bool(chord[start].any()) for start in (0, *changes.tolist()))
