"""A transcription written as a lead sheet, which an arranger can render.

Timing is preserved: `TimeGrid` holds the times of the sheet's beats, which may differ in length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kcarol.config import AudioConfig
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.form.bar_features import bar_features
from kcarol.transcription.form.bar_shapes import with_bars
from kcarol.transcription.form.edges import chords_within, notes_within, with_last_note_held
from kcarol.transcription.form.sections import find_sections
from kcarol.transcription.harmony.chords import ChordSpan
from kcarol.transcription.harmony.key import find_key
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, Section, TimeGrid, Vowel
from kcarol.transcription.song_level import sounding_span
from kcarol.transcription.transcription import Transcription

DIVISIONS = (4, 3)  # of a beat that notes snap to
SNAP_FRAMES = 1.5  # within which they do: beats and notes are each known to a frame
WITH_NOTE_S = 0.1  # of a note's beginning, within which a vowel begins with it
LEAD_S = 0.004  # length of each beat that is missing from a first bar


@dataclass(frozen=True)
class BeatTimes:
    """When the beats of a sheet are, and frames of a song in beats."""

    times_s: np.ndarray  # (n_beats + 1,), rising
    frame_rate: float  # Hz
    metres: tuple[Metre, ...] = (Metre(0.0, 4),)

    @property
    def n_beats(self) -> int:
        return len(self.times_s) - 1

    def beats_at(self, frames: np.ndarray) -> np.ndarray:
        """Positions in beats of frames."""
        return beats_at(self.times_s, np.asarray(frames) / self.frame_rate)

    def parts_at(self, frames: np.ndarray) -> np.ndarray:
        """Positions in beats of the halves or thirds of beats that are nearest to frames."""
        beats = self.beats_at(frames)
        starts = [metre.start for metre in self.metres]
        divisions = np.array([metre.division for metre in self.metres])
        division = divisions[np.searchsorted(starts, beats, side="right") - 1]
        return np.round(division * beats) / division


def lead_sheet_of(
    transcription: Transcription, cfg: AudioConfig | None = None, title: str = ""
) -> tuple[LeadSheet, TimeGrid]:
    """The lead sheet of a transcription, and when its beats are, from the song's beginning to its
    end.

    Notes are as sung; chords hold until the next one, and nothing begins after the song's last
    sound; bars are as loud and busy as the song's.
    ValueError for fewer than two beats.
    """
    cfg = cfg or AudioConfig()
    frame_rate = cfg.frame_rate
    content = transcription.content.map(lambda x: x.numpy())
    times_s, metres = beat_grid(transcription, frame_rate)
    beats = BeatTimes(times_s, frame_rate, metres)
    key, mode = find_key(transcription.tune, content.chord)
    notes = find_notes(transcription.tune, content.onset[:, 0] > 0.5, beats)
    chords = find_chords(transcription.chords, beats, key)
    first, last = beats.beats_at(np.array(sounding_span(transcription.loudness_db))).tolist()
    chords = chords_within(chords, last)
    notes = with_last_note_held(notes_within(notes, first, last), chords, last)
    text = find_text(transcription.vowel, transcription.syllable > 0, notes, beats)
    strokes = beats.beats_at(np.flatnonzero(content.accent[:, 0] > 0.5))
    sheet = LeadSheet(
        title,
        tempo_bpm=60 / float(np.median(np.diff(times_s))),
        beats_per_bar=metres[0].beats_per_bar,
        key=key,
        mode=mode,
        notes=notes,
        chords=chords,
        sections=(),
        division=metres[0].division,
        changes=metres[1:],
        text=text,
    )
    bars = bar_features(transcription, times_s, sheet.bar_starts(), frame_rate)
    sections = tuple(
        replace(section, accents=groove_of(section, strokes, sheet))
        for section in find_sections(bars, sheet)
    )
    accents = find_accents(strokes, metres[0], 0, sheet.metre_spans()[0][1])
    sheet = replace(sheet, sections=sections, accents=accents)
    grid = TimeGrid(times_s, sheet.beats_per_bar)
    loudness_db, rate = transcription.loudness_db, transcription.onset_rate
    return with_bars(sheet, grid, loudness_db, rate, cfg), grid


# --- beats and bars


def beat_grid(
    transcription: Transcription, frame_rate: float
) -> tuple[np.ndarray, tuple[Metre, ...]]:
    """Times (n_beats + 1,) of beats, rising from the song's beginning to its end, and their metres.

    A bar with a beat too many or too few is one of another metre. Beats that a first bar lacks are
    compressed to some milliseconds before it.
    """
    beats, positions = transcription.beats, transcription.positions
    if len(beats) < 2:
        raise ValueError(
            f"expected at least two beats of a song, found {len(beats)}: give a longer one"
        )
    length_s = len(transcription) / frame_rate
    times_s = _whole_song(
        beats / frame_rate,
        int(positions[0]),
        int(transcription.metres[0]),
        (_first_frame(transcription) / frame_rate, length_s),
    )
    # beats of the sheet before the song's first: those that its first bar lacks
    added = int(np.searchsorted(times_s, beats[1] / frame_rate - LEAD_S / 2)) - 1
    firsts = np.union1d([0], np.flatnonzero(positions == 0))
    starts = np.where(firsts > 0, firsts + added, 0)
    starts[0] = 0
    return times_s, _metres_of(starts, firsts, transcription)


def _metres_of(
    starts: np.ndarray, firsts: np.ndarray, transcription: Transcription
) -> tuple[Metre, ...]:
    """Metres of bars that start at beats (N,) of a sheet, those numbered `firsts` of the song."""
    metres: list[Metre] = []
    lengths = np.append(np.diff(starts), 0)
    for start, first, length in zip(starts.tolist(), firsts, lengths.tolist(), strict=True):
        n_beats = int(transcription.metres[first])
        n_beats = n_beats if length % n_beats == 0 else length
        metre = Metre(float(start), n_beats, int(transcription.divisions[first]))
        if not metres or metre != replace(metres[-1], start=metre.start):
            metres.append(metre)
    return tuple(metres)


def _first_frame(transcription: Transcription) -> int:
    """Where a song begins to sound, at its first beat at the latest: no carol begins before."""
    sounds = np.flatnonzero(transcription.level.fade_db >= 0)
    return min([int(transcription.beats[0]), *sounds[:1].tolist()])


def _whole_song(
    times: np.ndarray, first_place: int, metre: int, span_s: tuple[float, float]
) -> np.ndarray:
    """Beats from the beginning to the end of a song's span, the given ones where they are.

    Half a beat or more before the first there is one more, where the song begins, as there is at
    the end. Those that a first bar lacks come before it, but not before the song.
    """
    start_s, end_s = span_s
    period = float(np.median(np.diff(times)))
    if times[0] - start_s > period / 2:
        times = np.concatenate([[start_s], times])
        first_place = (first_place - 1) % metre
    lead_s = max(start_s, times[0] - LEAD_S * first_place)
    lead = lead_s + LEAD_S * np.arange(first_place + 1)
    after = np.arange(times[-1] + period, end_s + period / 2, period)
    times = np.concatenate([lead, times[1:], after])
    times[-1] = max(times[-1], end_s)
    return times


def beats_at(times_s: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Positions in beats of times in seconds."""
    return np.interp(seconds, times_s, np.arange(len(times_s)))


# --- tune and chords


def find_notes(tune: np.ndarray, onset: np.ndarray, beats: BeatTimes) -> tuple[Note, ...]:
    """Notes of a tune (F,) of MIDI pitches, -1 where it rests, parted at onsets (F,) bool."""
    edges = np.flatnonzero(np.r_[True, (np.diff(tune) != 0) | onset[1:], True])
    sung = tune[edges[:-1]] >= 0
    snap_s = SNAP_FRAMES / beats.frame_rate
    starts = snapped(beats.beats_at(edges[:-1][sung]), beats.times_s, snap_s)
    ends = snapped(beats.beats_at(edges[1:][sung]), beats.times_s, snap_s)
    pitches = tune[edges[:-1][sung]]
    return tuple(
        Note(float(start), float(end - start), int(pitch))
        for start, end, pitch in zip(starts, ends, pitches, strict=True)
        if end > start
    )


def snapped(beats: np.ndarray, times_s: np.ndarray, reach_s: float) -> np.ndarray:
    """Positions in beats, moved to the nearest quarter or third of a beat within `reach_s`."""
    beat = np.floor(beats).astype(int).clip(0, len(times_s) - 2)
    period_s = np.diff(times_s)[beat]
    candidates = np.stack([np.round(beats * n) / n for n in DIVISIONS])
    nearest = candidates[np.abs(candidates - beats).argmin(0), np.arange(len(beats))]
    return np.where(np.abs(nearest - beats) * period_s <= reach_s, nearest, beats)


def find_text(
    vowel: np.ndarray, begins: np.ndarray, notes: Sequence[Note], beats: BeatTimes
) -> tuple[Vowel, ...]:
    """Vowels (F,), NO_VOWEL where none is known, parted where syllables begin (F,) bool; those that
    begin near a note of the tune begin with it, as a choir sings them.
    """
    edges = np.flatnonzero(np.r_[True, (np.diff(vowel) != 0) | begins[1:], True])
    onsets = np.array([note.start for note in notes])
    places = beats.beats_at(edges)
    if len(onsets):
        nearest = nearest_of(onsets, places)
        apart_s = np.interp(nearest, np.arange(len(beats.times_s)), beats.times_s)
        apart_s -= edges / beats.frame_rate
        places = np.where(np.abs(apart_s) <= WITH_NOTE_S, nearest, places)
    return tuple(
        Vowel(float(start), float(end - start), int(vowel[first]), bool(begins[first]))
        for first, start, end in zip(edges[:-1], places[:-1], places[1:], strict=True)
        if vowel[first] != NO_VOWEL and end > start
    )


def nearest_of(sorted_values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The nearest value to each place; of two the lower."""
    above = np.searchsorted(sorted_values, places).clip(1, max(1, len(sorted_values) - 1))
    pair = sorted_values[np.stack([above - 1, above]).clip(max=len(sorted_values) - 1)]
    return pair[np.abs(pair - places).argmin(0), np.arange(len(places))]


def find_chords(spans: Sequence[ChordSpan], beats: BeatTimes, tonic: int) -> tuple[Chord, ...]:
    """Decided chords from part to part of a beat, each until the next; without any, the tonic."""
    sounding = [span for span in spans if span.root is not None]
    starts = beats.parts_at(np.array([span.start for span in sounding])).clip(0)
    names = {  # of two that begin in one part the later
        float(start): (span.root, span.quality, span.bass)
        for start, span in zip(starts, sounding, strict=True)
        if start < beats.n_beats
    }
    changes: list[tuple[float, tuple]] = []
    for start, name in names.items():
        if not changes or name != changes[-1][1]:
            changes.append((start if changes else 0.0, name))
    changes = changes or [(0.0, (tonic, "maj", None))]
    ends = [start for start, _ in changes[1:]] + [float(beats.n_beats)]
    return tuple(
        Chord(start, end - start, *name) for (start, name), end in zip(changes, ends, strict=True)
    )


# --- form and groove


def groove_of(section: Section, strokes: np.ndarray, sheet: LeadSheet) -> tuple[float, ...]:
    """`find_accents` of the metre that holds longest in a section."""

    def span(held: tuple[Metre, float]) -> tuple[float, float]:
        return max(held[0].start, section.start), min(held[1], section.end)

    held = max(sheet.metre_spans(), key=lambda held: span(held)[1] - span(held)[0])
    return find_accents(strokes, held[0], *span(held))


def find_accents(strokes: np.ndarray, metre: Metre, start: float, end: float) -> tuple[float, ...]:
    """For each part of a bar, the share of bars from beat `start` to `end` in which it is struck.

    strokes (n,): in beats.
    """

    def number(beats: np.ndarray) -> np.ndarray:
        return np.round(metre.division * (beats - metre.start)).astype(int)

    def count(parts: np.ndarray) -> np.ndarray:
        return np.bincount(parts % metre.parts_per_bar, minlength=metre.parts_per_bar)

    parts = np.arange(*number(np.array([start, end])).tolist())
    struck = np.intersect1d(number(strokes), parts)
    return tuple((count(struck) / np.maximum(1, count(parts))).tolist())
