"""The sections of a written song: by its marks, double bars and repeats, and by its music."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.config import TUNE_CENTRE
from kcarol.score.elsewhere.beats import BeatAxis
from kcarol.score.elsewhere.harmony.roll import BEAT_FRAMES
from kcarol.score.elsewhere.written import Written
from kcarol.transcription.form.bar_features import CHORD_SLOTS, STILL, TUNE_SLOTS, BarFeatures
from kcarol.transcription.form.bar_shapes import means_between
from kcarol.transcription.form.boundaries import section_starts
from kcarol.transcription.form.labels import section_labels, section_names, sung_sections
from kcarol.transcription.form.sections import lasting_changes
from kcarol.transcription.lead_sheet import ENERGY, TOLERANCE, LeadSheet, Section, Span

NAMES = {  # of rehearsal marks
    "intro": r"intro|prelude|전주",
    "prechorus": r"pre.?chorus|프리",
    "chorus": r"chorus|refrain|hook|후렴",
    "bridge": r"bridge|middle|브릿지|브리지",
    "solo": r"solo|interlude|instrumental|간주",
    "outro": r"outro|coda|ending|tag|후주",
    "verse": r"verse|strophe|절",
}
ENERGIES = {"intro": 0.5, "prechorus": 0.7, "chorus": 0.8, "outro": 0.55}  # else ENERGY
OPENING = 0.6  # energy of the first that is sung, at most
AGAIN, MOST_AGAIN = 0.1, 2  # energy that music gains when it comes again; so often
CLOSING = 0.8  # energy of the last that is sung, at least, unless it is an outro
LEAST_BARS = 4  # of a section between double bars


def sections_of(written: Written, sheet: LeadSheet, axis: BeatAxis) -> tuple[Section, ...]:
    """Of a sheet without sections; what comes again is stronger."""
    bars = bar_features(sheet)
    bar_starts = sheet.bar_starts()
    marks = {_bar_at(bar_starts, axis.beats_at(quarter)): text for quarter, text in written.marks}
    if len(marks) > 1:
        starts = np.union1d([0], list(marks))
    else:
        starts = section_starts(bars, _sure_edges(written, sheet, axis))
    music = starts.copy()  # without the bar of an upbeat, which repeats do not have
    music[0] = int(written.lead > 0 and len(bars) > 1 and 1 not in starts)
    labels = section_labels(bars, music)
    names = section_names(bars, music, labels)
    sung = sung_sections(bars, starts)
    edges = np.append(bar_starts[starts], sheet.n_beats)
    sections = []
    for number, start in enumerate(starts.tolist()):
        mark = marks.get(start, "")
        section = Section(
            _name_of(mark) or names[number],
            float(edges[number]),
            float(edges[number + 1] - edges[number]),
            sung=bool(sung[number]),
            label=_label_of(mark) or str(labels[number]),
        )
        sections.append(section)
    return _with_energies(sections)


def _with_energies(sections: Sequence[Section]) -> tuple[Section, ...]:
    labels = [section.label for section in sections]
    sung = [number for number, section in enumerate(sections) if section.sung]
    out = []
    for number, section in enumerate(sections):
        turn = min(MOST_AGAIN, labels[:number].count(section.label))
        energy = ENERGIES.get(section.name, ENERGY) + AGAIN * turn
        if number in sung[:1]:
            energy = min(energy, OPENING)
        elif number in sung[-1:] and section.name != "outro":
            energy = max(energy, CLOSING)
        out.append(replace(section, energy=min(1.0, energy)))
    return tuple(out)


def _label_of(mark: str) -> str:
    """Sections "Verse 1" and "Verse 2" are the same music, so are "A" and "A"."""
    return mark.strip(" 0123456789.:").lower()


def _name_of(mark: str) -> str | None:
    found = (name for name, words in NAMES.items() if re.search(words, mark, re.I))
    return next(found, None)


def _bar_at(bar_starts: np.ndarray, beat: float) -> int:
    """Number of the bar that begins nearest to a beat."""
    return int(np.abs(bar_starts - beat).argmin())


def _sure_edges(written: Written, sheet: LeadSheet, axis: BeatAxis) -> np.ndarray:
    """Numbers of bars with which sections begin: after double bars and repeats, unless these are
    too near, and where the metre changes.
    """
    bar_starts = sheet.bar_starts()
    beats = [axis.beats_at(quarter) for quarter in written.edges]
    found = sorted({_bar_at(bar_starts, beat) for beat in [*beats, *lasting_changes(sheet)]})
    kept = [0]
    for bar in found:
        if LEAST_BARS <= bar - kept[-1] and bar <= len(bar_starts) - LEAST_BARS:
            kept.append(bar)
    return np.array(kept[1:], int)


def bar_features(sheet: LeadSheet) -> BarFeatures:
    """Of the bars of a sheet, all of which are as loud."""
    starts = sheet.bar_starts()
    edges = np.append(starts, sheet.n_beats)
    n_frames = round(sheet.n_beats * BEAT_FRAMES)
    chord, tune = np.zeros((2, n_frames, 12))
    pitch, onset = np.zeros((2, n_frames))
    for span in sheet.chords:
        if not span.silent:
            frames = np.arange(*_frames(span))
            chord[frames[:, None], list(span.pitch_classes)] = 1
    for note in sheet.notes:
        first, stop = _frames(note)
        tune[first:stop, note.pitch % 12] = 1
        pitch[first:stop] = note.pitch
        onset[first : first + 1] = BEAT_FRAMES

    def in_slots(values: np.ndarray, n_slots: int) -> np.ndarray:
        inner = np.arange(n_slots * len(starts) + 1) / n_slots
        frames = BEAT_FRAMES * np.interp(inner, np.arange(len(edges)), edges)
        return means_between(values, frames).reshape(len(starts), n_slots, *values.shape[1:])

    sung = in_slots((pitch > 0).astype(float), 1)[:, 0]
    mean_pitch = in_slots(pitch, 1)[:, 0] / sung.clip(TOLERANCE)
    usual = float(np.median(pitch[pitch > 0])) if pitch.any() else TUNE_CENTRE
    level = np.zeros(len(starts))
    return BarFeatures(
        n_beats=np.diff(edges),
        chords=in_slots(chord, CHORD_SLOTS),
        tune=in_slots(tune, TUNE_SLOTS),
        pitch=np.where(sung >= STILL, mean_pitch, usual),
        note_rate=in_slots(onset, 1)[:, 0] * sheet.tempo_bpm / 60,
        level_db=level,
        onset_rate=level,
        energy=level + ENERGY,
    )


def _frames(span: Span) -> tuple[int, int]:
    return round(span.start * BEAT_FRAMES), round(span.end * BEAT_FRAMES)
