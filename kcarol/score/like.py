"""A sheet in time with a record: what was written gets the beats and the loudness of what is heard.

Bars are laid upon bars, the first upon the one where tune and chords agree best, since a sheet may
lack bars of the record at its beginning and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.config import AudioConfig
from kcarol.score.elsewhere.form import bar_features
from kcarol.score.errors import ScoreError
from kcarol.score.extras import extras_text
from kcarol.score.mended import with_extras
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.form.bar_features import BarFeatures
from kcarol.transcription.form.bar_shapes import bar_spans
from kcarol.transcription.lead_sheet import BarShape, LeadSheet, Section, TimeGrid

MOST_BEFORE, MOST_AFTER = 2, 24  # bars that a sheet may begin before, and after, the record
MOST_OVER = 4  # bars by which it may be longer
LEAST_LIKENESS = 0.45  # of tune and chords; that of another song is .1, at most .3
CLEAR, TRANSPOSED = 0.02, 0.1  # likeness that other bars, and another key, must have more
LEAST_S = 0.001  # of a beat


def in_time_with(score: Score, heard: Score) -> Score:
    """A score with the beats, the loudness of every bar and the tuning of a heard song.

    What stands as it was heard gets its exact timing; what does not plays as it is notated. Bars
    may divide otherwise than the record's. ScoreError if they do not belong together.
    """
    sheet = score.sheet
    offset = _bar_offset(sheet, heard.sheet)
    is_notated = not sheet.bars  # it has no times of its own
    if is_notated and offset >= 0 and _bars_are_alike(sheet, heard.sheet, offset):
        there = _from_bar(heard, offset)
        return with_extras(score, extras_text(there, notate(there)))
    times_s = _beat_times_s(sheet, heard, offset)
    grid = TimeGrid(times_s, sheet.beats_per_bar, sheet.swing)
    sheet = replace(sheet, tempo_bpm=60 / float(np.median(np.diff(times_s))))
    sheet = _with_groove(_with_bars(sheet, heard.sheet, offset), heard.sheet, offset)
    return _lasting(Score(sheet, grid, heard.level, heard.tuning_cents))


def _bars_are_alike(sheet: LeadSheet, heard: LeadSheet, offset: int) -> bool:
    """Whether most bars divide as the record's."""
    pairs = list(zip(_parts_per_bar(sheet), _parts_per_bar(heard)[offset:], strict=False))
    return sum(ours == theirs for ours, theirs in pairs) > len(pairs) / 2


def _parts_per_bar(sheet: LeadSheet) -> list[int]:
    return [sheet.metre_at(start).parts_per_bar for start in sheet.bar_starts().tolist()]


def _from_bar(score: Score, number: int) -> Score:
    """A score without the bars before one."""
    sheet, grid = score.sheet, score.grid
    start = float(sheet.bar_starts()[number])
    metre = sheet.metre_at(start)

    def later(spans: Sequence) -> tuple:
        return tuple(replace(s, start=s.start - start) for s in spans if s.start >= start)

    def held(spans: Sequence) -> tuple:
        """Also what began before, from the beginning on."""
        begun = [s for s in spans if s.start < start < s.end]
        begun = [replace(s, start=0.0, length=s.end - start) for s in begun]
        return (*begun, *later(spans))

    sheet = replace(
        sheet,
        beats_per_bar=metre.beats_per_bar,
        division=metre.division,
        changes=tuple(m for m in later(sheet.changes) if m.start > 0),
        notes=later(sheet.notes),
        chords=held(sheet.chords),
        sections=held(sheet.sections),
        bars=later(sheet.bars),
        text=later(sheet.text),
    )
    first = round(start)
    pauses_s = None if grid.pauses_s is None else grid.pauses_s[first:]
    grid = replace(
        grid,
        beat_times_s=grid.beat_times_s[first:],
        beats_per_bar=metre.beats_per_bar,
        pauses_s=pauses_s,
    )
    return replace(score, sheet=sheet, grid=grid)


# --- which bar is which


def _bar_offset(sheet: LeadSheet, heard: LeadSheet) -> int:
    """The number of the record's bar upon which the sheet's first one lies."""
    written, played = bar_features(sheet), bar_features(heard)
    offsets = np.arange(-MOST_BEFORE, min(MOST_AFTER, len(played) - 1) + 1)
    found = np.array([_likeness(written, played, int(offset)) for offset in offsets])
    found = np.maximum(found[:, 0], found[:, 1:].max(1) - TRANSPOSED) - CLEAR * (offsets != 0)
    best = int(offsets[found.argmax()])
    if found.max() < LEAST_LIKENESS:
        raise ScoreError(
            "expected a score of the song that is to be in time with it, found another tune and "
            f"other chords (likeness {found.max():.2f}, of {LEAST_LIKENESS:g}): give its own record"
        )
    over = len(written) + best - len(played)
    if over > MOST_OVER:
        raise ScoreError(
            f"expected a score as long as the record's {len(played)} bars, found {over} more: "
            "write repeats as they are sung, or give the whole record"
        )
    return best


def _likeness(written: BarFeatures, played: BarFeatures, offset: int) -> np.ndarray:
    """(12,) mean cosine of chords and of tunes, of the bars that lie upon each other, with the
    sheet moved up by so many semitones; bars of the sheet that lie upon none count as unlike.
    """
    first, stop = max(0, -offset), min(len(written), len(played) - offset)
    if stop <= first:
        return np.zeros(12)
    here, there = written[first:stop], played[first + offset : stop + offset]
    sounding = max(1, int((written.chords.any((1, 2)) | written.tune.any((1, 2))).sum()))
    chords, their_chords = _centred(here.chords), _centred(there.chords)
    likeness = [
        _cosines(np.roll(chords, shift, 2), their_chords).sum()
        + _cosines(np.roll(here.tune, shift, 2), there.tune).sum()
        for shift in range(12)
    ]
    return np.array(likeness) / 2 / sounding


def _centred(chords: np.ndarray) -> np.ndarray:
    return chords - chords.mean(2, keepdims=True)


def _cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(N, ...) and (N, ...) -> (N,), 0 where one of them is silent."""
    ours, theirs = ours.reshape(len(ours), -1), theirs.reshape(len(theirs), -1)
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return (ours * theirs).sum(1) / np.maximum(norms, 1e-9)


# --- beats


def _beat_times_s(sheet: LeadSheet, heard: Score, offset: int) -> np.ndarray:
    """(n_beats + 1,) seconds: beats of a bar as those of the record's bar; other metres divide it
    as evenly as its beats. Outside the record beats are as long as most.
    """
    starts, lengths = bar_spans(sheet)
    beats = np.arange(round(sheet.n_beats) + 1)
    bar = (np.searchsorted(starts, beats, side="right") - 1).clip(0, len(starts) - 1)
    place = bar + (beats - starts[bar]) / lengths[bar] + offset  # in the record's bars
    edges = _whole_bars(lengths, heard.sheet, offset)
    bars = np.arange(len(edges))
    bar_beats = float(np.median(np.diff(edges)))
    outside = (place - bars[-1]).clip(0) - (-place).clip(0)
    heard_beats = np.interp(place, bars, edges) + bar_beats * outside
    times_s = _times_s(heard.grid, heard_beats)
    if times_s[0] < 0:
        _check_silent_before(sheet, starts, offset)
    times_s = times_s.clip(0)
    return times_s[0] + np.append(0.0, np.cumsum(np.diff(times_s).clip(LEAST_S)))


def _whole_bars(lengths: np.ndarray, heard: LeadSheet, offset: int) -> np.ndarray:
    """(M + 1,) beats at which the record's bars begin, and the end; the last bar, in which the
    record may stop, is as long as that of the sheet, whose bars have `lengths` (N,).
    """
    starts, heard_lengths = bar_spans(heard)
    first, last = max(0, -offset), len(starts) - 1 - offset
    if 0 <= last < len(lengths):
        there = heard_lengths[first + offset : last + offset + 1]
        ratio = float(np.median(lengths[first : last + 1] / there))
        heard_lengths[-1] = max(heard_lengths[-1], lengths[last] / ratio)
    return np.append(starts, starts[-1] + heard_lengths[-1])


def _times_s(grid: TimeGrid, beats: np.ndarray) -> np.ndarray:
    """Seconds of beats, also before the first and after the last."""
    usual_s = float(np.median(np.diff(grid.beat_times_s)))
    outside = (beats - (len(grid.beat_times_s) - 1)).clip(0) - (-beats).clip(0)
    return grid.time_s(beats) + usual_s * outside


def _check_silent_before(sheet: LeadSheet, starts: np.ndarray, offset: int) -> None:
    """ScoreError if there are notes in bars for which the record has no time."""
    n_bars = -offset
    if any(note.start < starts[min(n_bars, len(starts) - 1)] for note in sheet.notes):
        raise ScoreError(
            f"expected a score that begins with its record, found {n_bars} bars before it: "
            "take them out"
        )


# --- what the record tells of each bar


def _with_bars(sheet: LeadSheet, heard: LeadSheet, offset: int) -> LeadSheet:
    """As loud and as busy as the record's bars; outside it as its loud passages."""
    if not heard.bars:
        return sheet
    starts, lengths = bar_spans(sheet)
    usual = float(np.median([bar.strokes_per_s for bar in heard.bars]))
    shapes = []
    for number, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
        place = number + offset
        inside = 0 <= place < len(heard.bars)
        level_db = heard.bars[place].level_db if inside else 0.0
        strokes_per_s = heard.bars[place].strokes_per_s if inside else usual
        shapes.append(BarShape(start, length, level_db, strokes_per_s))
    return replace(sheet, bars=tuple(shapes))


def _with_groove(sheet: LeadSheet, heard: LeadSheet, offset: int) -> LeadSheet:
    """Sections without a groove of their own get that of the record there."""
    starts, heard_starts = sheet.bar_starts(), heard.bar_starts()

    def groove(section: Section) -> tuple[float, ...]:
        middle = np.searchsorted(starts, section.start + section.length / 2) - 1 + offset
        beat = float(heard_starts[int(middle.clip(0, len(heard_starts) - 1))])
        there = heard.section_at(beat)
        same = heard.metre_at(beat).parts_per_bar == sheet.metre_at(section.start).parts_per_bar
        return there.accents if there and same else ()

    sections = (replace(s, accents=s.accents or groove(s)) for s in sheet.sections)
    same = len(heard.accents) == sheet.metres[0].parts_per_bar
    accents = sheet.accents or (heard.accents if same else ())
    return replace(sheet, sections=tuple(sections), accents=accents)


def _lasting(score: Score) -> Score:
    """Long enough for the bars after the record's end."""
    audio, level = AudioConfig(), score.level
    n_frames = 1 + round(score.grid.length_s * audio.frame_rate)
    missing = n_frames - len(level.fade_db)
    if missing <= 0:
        return score
    level = replace(
        level,
        n_samples=(n_frames - 1) * audio.hop_length,
        fade_db=np.pad(level.fade_db, (0, missing)),
        loudness_db=np.pad(level.loudness_db, (0, missing)),
    )
    return replace(
        score, level=level, tuning_cents=np.pad(score.tuning_cents, (0, missing), mode="edge")
    )
