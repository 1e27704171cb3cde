"""A song-long decision written down as a lead sheet: what a musician notates, for an arranger to
play again.

Real time stays what it was: the sheet's beats are of any length, and `TimeGrid` says when they
fall.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kcarol.config import AudioConfig
from kcarol.transcription.lead_sheet import (
    QUALITIES,
    SCALES,
    Chord,
    LeadSheet,
    Note,
    Section,
    TimeGrid,
)
from kcarol.transcription.transcription import Transcription

DIVISIONS = (4, 3)  # of a beat that notes snap to
SNAP_FRAMES = 1.5  # where they are this near: beats and notes are each known to a frame
LEAD_S = 0.004  # of each beat that is missing from a first bar
SECTION_STEP = 0.08  # of energy: bars that differ by more begin a section
CHORUS_ENERGY = 0.7

# Perceived fitness of the pitch classes in C major and C minor (Krumhansl and Kessler,
# Psychological Review 1982)
KEY_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}


def notate(
    transcription: Transcription, cfg: AudioConfig | None = None, title: str = ""
) -> tuple[LeadSheet, TimeGrid]:
    """What was decided of a song of F frames, as a sheet and the grid of its beats, from time 0 to
    the end or a little later.

    Notes are as sung; chords hold until the next where nothing is heard. Raises ValueError for
    fewer than two beats.
    """
    cfg = cfg or AudioConfig()
    content = transcription.content.map(lambda x: x.numpy())
    n_frames = len(content.tune)
    times_s, metre = beat_grid(
        transcription.beats / cfg.frame_rate,
        transcription.downbeats / cfg.frame_rate,
        n_frames / cfg.frame_rate,
    )
    grid = TimeGrid(times_s, metre)
    beat_of = lambda frames: beats_at(times_s, np.asarray(frames) / cfg.frame_rate)  # noqa: E731
    key, mode = find_key(transcription.tune, content.chord)
    notes = find_notes(
        transcription.tune,
        content.onset[:, 0] > 0.5,
        beat_of,
        SNAP_FRAMES / cfg.frame_rate,
        times_s,
    )
    n_beats = len(times_s) - 1
    chords = find_chord_names(
        content.chord > 0.5, content.bass > 0.5, beat_of, n_beats, (key, mode)
    )
    struck = np.unique(
        np.round(2 * beat_of(np.flatnonzero(content.accent[:, 0] > 0.5))).astype(int)
    )
    sections = tuple(
        replace(
            section,
            accents=find_accents(struck, section.start, section.start + section.length, metre),
        )
        for section in find_sections(content.energy[:, 0], beat_of, n_beats, metre, notes)
    )
    accents = find_accents(struck, 0, n_beats, metre)
    tempo_bpm = 60 / float(np.median(np.diff(times_s)))
    return LeadSheet(
        title, tempo_bpm, metre, key, mode, notes, chords, sections, accents=accents
    ), grid


# --- beats and bars
# ------------------------------------------------------------------------------------------------


def bar_places(beats: np.ndarray, downbeats: np.ndarray) -> tuple[np.ndarray, int]:
    """Place of each beat (n,) in its bar, 0 the first, and the metre, 3 or 4; counted in fours
    where no bar is known.
    """
    number = np.arange(len(beats))
    firsts = np.searchsorted(beats, downbeats)
    if not len(firsts):
        return number % 4, 4
    metre = 3 if len(firsts) > 1 and np.median(np.diff(firsts)) == 3 else 4
    since = number - firsts[(np.searchsorted(firsts, number, side="right") - 1).clip(0)]
    return since % metre, metre


def beat_grid(
    beats_s: np.ndarray, downbeats_s: np.ndarray, length_s: float
) -> tuple[np.ndarray, int]:
    """Times (n_beats + 1,) of beats, rising from 0, of which every `metre`-th begins a bar, and the
    metre.

    A bar with a beat too many or too few is divided evenly, since a sheet has one metre. Beats that
    a first bar lacks are squeezed into its beginning.
    """
    if len(beats_s) < 2:
        raise ValueError(
            f"expected at least two beats of a song, found {len(beats_s)}: give a longer one"
        )
    place, metre = bar_places(beats_s, downbeats_s)
    firsts = np.searchsorted(beats_s, downbeats_s).tolist() or [0]
    times = list(beats_s[: firsts[0]])
    for first, after in zip(firsts, [*firsts[1:], len(beats_s)], strict=True):
        wanted = (
            after - first
            if after == len(beats_s)
            else metre * max(1, round((after - first) / metre))
        )
        times += list(
            np.interp(
                np.arange(wanted) * (after - first) / wanted,
                np.arange(after - first + 1),
                [*beats_s[first:after], beats_s[min(after, len(beats_s) - 1)]],
            )
        )
    return _whole(np.array(times), int(place[0]), metre, length_s), metre


def _whole(times: np.ndarray, first_place: int, metre: int, length_s: float) -> np.ndarray:
    """Beats from 0 to the song's end: ends nearer than half a beat to a beat are taken for it,
    others get beats of their own.
    """
    period = float(np.median(np.diff(times)))
    if times[0] > period / 2:
        times, first_place = np.concatenate([[0.0], times]), (first_place - 1) % metre
    times = times - np.where(np.arange(len(times)) == 0, times[0], 0)
    lead = LEAD_S * np.arange(first_place + 1)
    times = np.concatenate([lead, times[1:]])
    after = np.arange(times[-1] + period, length_s + period / 2, period)
    times = np.concatenate([times, after])
    times[-1] = max(times[-1], length_s)
    return times


def beats_at(times_s: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Positions in beats of times in seconds."""
    return np.interp(seconds, times_s, np.arange(len(times_s)))


# --- tune and chords
# -----------------------------------------------------------------------------------------------


def find_notes(
    tune: np.ndarray, onset: np.ndarray, beat_of, snap_s: float, times_s: np.ndarray
) -> tuple[Note, ...]:
    """Runs of one pitch (F,), below 0 where it rests, parted at onsets (F,) bool."""
    edges = np.flatnonzero(np.r_[True, (np.diff(tune) != 0) | onset[1:], True])
    firsts, lasts = edges[:-1], edges[1:]
    sung = tune[firsts] >= 0
    starts, ends = (snapped(beat_of(at[sung]), times_s, snap_s) for at in (firsts, lasts))
    pitches = tune[firsts[sung]]
    return tuple(
        Note(float(a), float(b - a), int(p))
        for a, b, p in zip(starts, ends, pitches, strict=True)
        if b > a
    )


def snapped(beats: np.ndarray, times_s: np.ndarray, reach_s: float) -> np.ndarray:
    """Positions in beats, moved to the nearest quarter or third of a beat where that is within
    `reach_s`.
    """
    period_s = np.diff(times_s)[np.floor(beats).astype(int).clip(0, len(times_s) - 2)]
    best = np.stack([np.round(beats * n) / n for n in DIVISIONS])
    nearest = best[np.abs(best - beats).argmin(0), np.arange(len(beats))]
    return np.where(np.abs(nearest - beats) * period_s <= reach_s, nearest, beats)


def find_chord_names(
    chord: np.ndarray, bass: np.ndarray, beat_of, n_beats: int, key: tuple[int, str]
) -> tuple[Chord, ...]:
    """Runs of equal pitch classes (F, 12) and bass (F, 12), between half beats; each lasts until
    the next.
    """
    both = np.concatenate([chord, bass], axis=1)
    firsts = np.flatnonzero(np.r_[True, (both[1:] != both[:-1]).any(1)])
    firsts = firsts[chord[firsts].any(1)]
    starts = np.round(2 * beat_of(firsts)) / 2
    names = {
        start: name_chord(chord[f], bass[f], key)
        for start, f in zip(starts, firsts, strict=True)
        if start < n_beats
    }
    found = [(max(0.0, float(start)), *name) for start, name in sorted(names.items())]
    found = [c for i, c in enumerate(found) if i == 0 or c[1:] != found[i - 1][1:]] or [
        (0.0, key[0], "maj", None)
    ]
    found[0] = (0.0, *found[0][1:])
    ends = [start for start, *_ in found[1:]] + [float(n_beats)]
    return tuple(
        Chord(start, end - start, *name) for (start, *name), end in zip(found, ends, strict=True)
    )


def name_chord(
    classes: np.ndarray, bass: np.ndarray, key: tuple[int, str]
) -> tuple[int, str, int | None]:
    """Root, quality and bass (None: the root) of pitch classes (12,) bool and a bass (12,) bool,
    none or one of them set.

    The chord with the fewest classes too many or too few; among equals one on the bass, then the
    one that adds least to the key's scale, then the plainest.
    """
    wanted = set(np.flatnonzero(classes).tolist())
    low = int(bass.argmax()) if bass.any() else None
    scale = {(key[0] + step) % 12 for step in SCALES[key[1]]}

    def cost(name: tuple[int, str]) -> tuple[int, bool, int]:
        own = {(name[0] + step) % 12 for step in QUALITIES[name[1]]}
        return len(own ^ wanted), name[0] != low, len(own - wanted - scale)

    root, quality = min(((root, quality) for quality in QUALITIES for root in range(12)), key=cost)
    return root, quality, None if low in (None, root) else low


def find_key(tune: np.ndarray, chord: np.ndarray) -> tuple[int, str]:
    """Tonic and mode whose profile correlates best with the time that each pitch class sounds: tune
    (F,), chord (F, 12).
    """
    held = chord.sum(0) + np.bincount(tune[tune >= 0] % 12, minlength=12)
    if np.ptp(held) == 0:
        return 0, "major"
    fits = {
        (tonic, mode): np.corrcoef(held, np.roll(profile, tonic))[0, 1]
        for mode, profile in KEY_PROFILES.items()
        for tonic in range(12)
    }
    return max(fits, key=fits.__getitem__)


# --- form and groove
# -----------------------------------------------------------------------------------------------


def find_sections(
    energy: np.ndarray, beat_of, n_beats: int, metre: int, notes: tuple[Note, ...]
) -> tuple[Section, ...]:
    """Bars of about one energy (F,) together."""
    bar = (beat_of(np.arange(len(energy))) // metre).astype(int)
    n_bars = -(-n_beats // metre)
    level = np.array(
        [np.median(energy[bar == i]) if (bar == i).any() else np.nan for i in range(n_bars)]
    )
    level = np.where(np.isnan(level), np.nanmedian(level), level)
    firsts = [0]
    for i in range(1, n_bars):
        if abs(level[i] - np.median(level[firsts[-1] : i])) > SECTION_STEP:
            firsts.append(i)
    return tuple(
        _section(float(np.median(level[a:b])), a * metre, min(b * metre, n_beats), notes)
        for a, b in zip(firsts, [*firsts[1:], n_bars], strict=True)
    )


def _section(energy: float, start: int, end: int, notes: tuple[Note, ...]) -> Section:
    sung = any(note.start < end and note.start + note.length > start for note in notes)
    name = "chorus" if energy >= CHORUS_ENERGY else "verse"
    return Section(name if sung else "instrumental", float(start), float(end - start), energy, sung)


def find_accents(struck: np.ndarray, start: float, end: float, metre: int) -> tuple[float, ...]:
    """For each eighth of a bar the share of bars from beat `start` to `end` in which it is among
    the `struck` eighths (n,).
    """
    bars = lambda eighths: np.bincount(eighths % (2 * metre), minlength=2 * metre)  # noqa: E731
    here = struck[(struck >= 2 * start) & (struck < 2 * end)]
    return tuple(
        (bars(here) / np.maximum(1, bars(np.arange(round(2 * start), round(2 * end))))).tolist()
    )
