"""Which notes of a carol's choirs a choir of the song's voice sings, line by line.

It sings while the singer does. In rests, and in lines that have no words in any choir (descants,
counter-lines, echoes), the carol's own choirs stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kcarol.arrangement.groups import voices_of
from kcarol.arrangement.played_notes import VELOCITY_DB, instrument_of
from kcarol.transcription.lead_sheet import Part, Stroke

SOPRANO, ALTO, TENOR, BASS = "soprano", "alto", "tenor", "bass"
LINES = {"b": BASS, "t": TENOR, "a": ALTO, "u": SOPRANO, "s": SOPRANO}  # the lowest first
SHORTEST_S = 0.4  # of what is left of a stroke that reaches into a rest


@dataclass(frozen=True)
class SungNote:
    """A note of one line."""

    start_s: float
    end_s: float
    pitch: float  # MIDI
    level_db: float  # re the hardest stroke


Lines = Mapping[str, Sequence[SungNote]]  # by name, notes sorted by their beginnings


def is_choir(part: Part) -> bool:
    """Whether a choir plays a part that a choir of the song's voice can sing."""
    return instrument_of(part).vowel != "" and set(voices_of(part)) <= set(LINES)


def given_to_voice(parts: Sequence[Part], phrases_s: np.ndarray) -> tuple[Lines, tuple[Part, ...]]:
    """The lines that are sung in the phrases (N, 2) of a voice, and the parts as they stay."""
    lines: dict[str, list[SungNote]] = {name: [] for name in LINES.values()}
    left = []
    for part in parts:
        if not is_choir(part):
            left.append(part)
            continue
        rests = []
        for stroke, line in zip(part.strokes, _lines_of(part), strict=True):
            sung, rest = _divided(stroke, phrases_s)
            lines[line] += [_sung_note(some, part) for some in sung]
            rests += rest
        if rests:
            rests.sort(key=lambda stroke: stroke.start_s)
            left.append(replace(part, strokes=tuple(rests)))
    return {name: _unison(notes) for name, notes in lines.items()}, tuple(left)


def _lines_of(part: Part) -> Iterator[str]:
    """Of each stroke: of strokes that sound together, the lowest is the lowest voice's."""
    voices = [voice for voice in LINES if voice in voices_of(part)]
    starts = np.array([stroke.start_s for stroke in part.strokes])
    ends = starts + [stroke.length_s for stroke in part.strokes]
    pitches = np.array([stroke.pitch for stroke in part.strokes])
    for start, end, pitch in zip(starts, ends, pitches, strict=True):
        middle = (start + end) / 2
        lower = (starts <= middle) & (ends > middle) & (pitches < pitch)
        yield LINES[voices[min(int(lower.sum()), len(voices) - 1)]]


def _divided(stroke: Stroke, phrases_s: np.ndarray) -> tuple[list[Stroke], list[Stroke]]:
    """What of a stroke lies in phrases, and what of it lies in rests and is not too short."""
    end_s = stroke.start_s + stroke.length_s
    inside = phrases_s.clip(stroke.start_s, end_s)
    inside = inside[inside[:, 1] > inside[:, 0]]
    if not len(inside):
        return [], [stroke]
    outside = np.concatenate([[stroke.start_s], inside.flatten(), [end_s]]).reshape(-1, 2)
    outside = outside[outside[:, 1] - outside[:, 0] >= SHORTEST_S]
    return _spans_of(stroke, inside), _spans_of(stroke, outside)


def _spans_of(stroke: Stroke, spans_s: np.ndarray) -> list[Stroke]:
    return [replace(stroke, start_s=a, length_s=b - a) for a, b in spans_s.tolist()]


def _sung_note(stroke: Stroke, part: Part) -> SungNote:
    level_db = VELOCITY_DB * float(np.log10(stroke.velocity / 127)) + part.gain_db
    return SungNote(stroke.start_s, stroke.start_s + stroke.length_s, stroke.pitch, level_db)


def _unison(notes: Sequence[SungNote]) -> tuple[SungNote, ...]:
    """Sorted; notes that several parts begin together are one, as loud as all of them."""
    together: dict[tuple[float, float], SungNote] = {}
    for note in sorted(notes, key=lambda note: (note.start_s, note.end_s)):
        key = (note.start_s, note.pitch)
        if key in together:
            power = 10 ** (note.level_db / 10) + 10 ** (together[key].level_db / 10)
            note = replace(note, level_db=10 * float(np.log10(power)))
        together[key] = note
    return tuple(together.values())
