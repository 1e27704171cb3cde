"""Chords as text: with times, as tools of music information retrieval read them; bar by bar, as
people do.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from kcarol.audio.files import write_text
from kcarol.score.chord_names import (
    HARTE_NO_CHORD,
    chord_name,
    harte_label,
    key_signature,
    tone_name,
)
from kcarol.score.notated import Bar, Notated, notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import LeadSheet

BARS_A_LINE = 4
SAME = "%"  # a bar in which the chord of the one before goes on
HELD = "."  # a beat, or a part of one, in which a chord goes on
FINEST = 4  # parts of a beat


def write_chord_list(score: Score, path: Path) -> None:
    """By the ending: .lab for tools, .txt for people."""
    write_text(path, lab_text(score) if path.suffix.lower() == ".lab" else chord_sheet(score))


def lab_text(score: Score) -> str:
    """Start and end in seconds of the record and Harte's label of each chord, a line each.

    Without a gap from 0 to the end of the last beat: N before the first, and in pauses.
    """
    fifths = key_signature(score.sheet)
    spans: list[tuple[float, float, str]] = []
    now_s = 0.0
    for chord in score.sheet.chords:
        start_s, end_s = score.grid.time_s(chord.start), score.grid.end_s(chord.end)
        spans.append((now_s, float(start_s), HARTE_NO_CHORD))
        spans.append((float(start_s), float(end_s), harte_label(chord, fifths)))
        now_s = float(end_s)
    rows = [(f"{start:.3f}", f"{end:.3f}", label) for start, end, label in spans]
    return "".join("\t".join(row) + "\n" for row in rows if row[0] != row[1])


def chord_sheet(score: Score) -> str:
    """A heading, then under each section's name and time four bars a line: | C | Am7 . F G7 |.

    Where chords change within a bar, it has a place for each of its beats.
    """
    sheet, paper = score.sheet, notate(score)
    fifths, heading = key_signature(sheet), key_metre_tempo(sheet, paper)
    lines = [sheet.title, heading] if sheet.title else [heading]
    sections = _sections(paper)
    named = {start for _, start, _ in sections}
    bars = [(bar, _bar_text(bar, paper, fifths, bar.start in named)) for bar in paper.bars]
    width = max(len(text) for _, text in bars)
    for name, start, end in sections:
        texts = [text.ljust(width) for bar, text in bars if start <= bar.start < end]
        minutes, seconds = divmod(int(paper.time_s(start)), 60)
        lines += ["", f"[{name}] {minutes}:{seconds:02}"]
        for first in range(0, len(texts), BARS_A_LINE):
            lines.append("| " + " | ".join(texts[first : first + BARS_A_LINE]) + " |")
    return "\n".join(lines) + "\n"


def key_metre_tempo(sheet: LeadSheet, paper: Notated) -> str:
    """F# minor, 4/4, 124 beats a minute."""
    numerator, denominator = paper.bars[0].time_signature
    key = f"{tone_name(sheet.key, key_signature(sheet))} {sheet.mode}"
    return f"{key}, {numerator}/{denominator}, {sheet.tempo_bpm:.0f} beats a minute"


def _sections(paper: Notated) -> list[tuple[str, Fraction, Fraction]]:
    """Name, start and end."""
    if not paper.sections:
        return [("song", Fraction(0), paper.length)]
    return [(section.name, section.start, section.end) for section in paper.sections]


def _bar_text(bar: Bar, paper: Notated, fifths: int, begins_section: bool) -> str:
    """C, C . F . or %."""
    chords = [chord for chord in paper.chords if chord.start < bar.end and chord.end > bar.start]
    if len(chords) == 1:
        is_new = begins_section or chords[0].start >= bar.start
        return chord_name(chords[0], fifths) if is_new else SAME
    starts = [max(chord.start, bar.start) - bar.start for chord in chords]
    parts = next(n for n in range(1, FINEST + 1) if n == FINEST or _are_whole(starts, bar.beat / n))
    texts = [HELD] * max(1, round(bar.length / bar.beat * parts))
    for start, chord in zip(starts, chords, strict=True):
        texts[min(int(start / bar.beat * parts), len(texts) - 1)] = chord_name(chord, fifths)
    return " ".join(texts)


def _are_whole(lengths: Sequence[Fraction], unit: Fraction) -> bool:
    return all((length / unit).denominator == 1 for length in lengths)
