"""The carol's arranger: a deterministic function of lead sheet, time grid and style.

Everything it plays follows from what is audible in the song: tune and chords, form, loudness and
strokes of every bar.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.arrangement.counterpoint.added_lines import counter_line, descant
from kcarol.arrangement.counterpoint.fills import echo
from kcarol.arrangement.counterpoint.tune import on_beats, rung
from kcarol.arrangement.dynamics import velocities
from kcarol.arrangement.figures import Tone, Voices, tones_of
from kcarol.arrangement.percussion import sleigh_line, sleigh_tones
from kcarol.arrangement.plan import BarPlan, plan
from kcarol.arrangement.rhythm import SYLLABLE, heard_onsets, stroke_heard, strokes_of
from kcarol.arrangement.styles import CarolStyle, Line
from kcarol.arrangement.voices import four_parts
from kcarol.model.instruments import Instrument
from kcarol.transcription.lead_sheet import LeadSheet, Part, Stroke, SungVowel, TimeGrid

SHORTEST_S = 0.01  # of a stroke: beats that a first bar lacks are shorter


def arrange_carol(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle) -> tuple[Part, ...]:
    """What every instrument of the carol plays; instruments that never do are left out."""
    four = four_parts(sheet)
    voices = Voices(
        {
            "s": four.soprano,
            "r": rung(four.soprano, sheet.tempo_bpm),
            "k": on_beats(four.soprano),
            "a": four.alto,
            "t": four.tenor,
            "b": four.bass,
            "u": four.upper,
            "c": counter_line(four, sheet),
            "d": descant(four, sheet),
            "e": echo(four, sheet),
        }
    )
    bars = plan(sheet, grid, four.soprano)
    lines = list(style.lines)
    strokes = _strokes_beside(lines, bars, voices, style, sheet)
    tones = [_parted(tones_of(line, bars, voices, strokes), grid) for line in lines]
    lines.append(sleigh_line(style))
    tones.append(sleigh_tones(lines[-1], bars, strokes))
    text = _text(sheet, grid)
    return tuple(
        _part(line, some, forces, grid, text)
        for line, some, forces in zip(lines, tones, velocities(lines, tones, bars), strict=True)
        if some
    )


def _strokes_beside(
    lines: Sequence[Line],
    bars: Sequence[BarPlan],
    voices: Voices,
    style: CarolStyle,
    sheet: LeadSheet,
) -> list[tuple[float, ...]]:
    """Places to strike, beside what the lines play where nothing is to be struck."""
    unstruck: list[tuple[float, ...]] = [()] * len(bars)
    starts = {
        (tone.start, line.instrument.name)
        for line in lines
        for tone in tones_of(line, bars, voices, unstruck)
    }
    if any(line.is_tune and line.has_text for line in lines):
        starts |= {(vowel.start, SYLLABLE) for vowel in sheet.text}
    weights = [stroke_heard(bar, lines) for bar in bars]
    return strokes_of(bars, style.rhythm, heard_onsets(bars, starts), weights)


def _parted(tones: Sequence[Tone], grid: TimeGrid) -> list[Tone]:
    """Tones that end before pauses and begin anew after them."""
    pauses_s = np.zeros(0) if grid.pauses_s is None else grid.pauses_s
    for pause in (np.flatnonzero(pauses_s > 0) + 1.0).tolist():
        over = [tone for tone in tones if tone.start < pause < tone.end]
        rest = [tone._replace(start=pause, length=tone.end - pause) for tone in over]
        cut = [t._replace(length=min(t.end, pause) - t.start) if t in over else t for t in tones]
        tones = cut + rest
    return list(tones)


def _text(sheet: LeadSheet, grid: TimeGrid) -> tuple[SungVowel, ...]:
    """The song's text in seconds."""
    return tuple(
        SungVowel(float(grid.time_s(v.start)), float(grid.end_s(v.end)), v.vowel, v.begins)
        for v in sheet.text
    )


def _part(
    line: Line,
    tones: Sequence[Tone],
    forces: Sequence[int],
    grid: TimeGrid,
    text: tuple[SungVowel, ...],
) -> Part:
    start_s = np.asarray(grid.time_s([tone.start for tone in tones]))
    end_s = np.asarray(grid.end_s([tone.start + line.lift * tone.length for tone in tones]))
    rows = sorted(
        (start, end, _within(tone.pitch + line.shift, line.instrument), force)
        for start, end, tone, force in zip(
            start_s.tolist(), end_s.tolist(), tones, forces, strict=True
        )
    )
    instrument = line.instrument
    return Part(
        f"{instrument.name} {line.voices} {line.figure}",
        _strokes(rows),
        instrument.program or 0,
        is_drums=instrument.program is None,
        pan=instrument.pan if line.pan is None else line.pan,
        text=text if line.has_text else (),
    )


def _strokes(rows: Sequence[tuple[float, float, int, int]]) -> tuple[Stroke, ...]:
    """A key that is struck again ends before; at once again, it is struck once."""
    strokes: list[Stroke] = []
    next_start: dict[int, float] = {}
    for start, end, pitch, force in reversed(rows):
        end = min(end, next_start.get(pitch, end))
        next_start[pitch] = start
        if end - start > SHORTEST_S:
            strokes.append(Stroke(start, end - start, pitch, force))
    return tuple(reversed(strokes))


def _within(pitch: int, instrument: Instrument) -> int:
    """The pitch by as few octaves as bring it into an instrument's range."""
    up = max(0, -(-(instrument.lowest - pitch) // 12))
    down = max(0, -(-(pitch - instrument.highest) // 12))
    return pitch + 12 * (up - down)
