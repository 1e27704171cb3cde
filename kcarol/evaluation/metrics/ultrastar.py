"""Sung notes from UltraStar transcriptions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DELAY_S = 0.07  # transcriptions are early by this much against the audio
MELISMA = "~"  # in place of text: the note is sung on the vowel before


@dataclass(frozen=True)
class SungNote:
    start_s: float
    length_s: float
    midi: int
    begins: bool = True  # a syllable; a melisma's later notes do not


def read_ultrastar(path: Path | str) -> list[SungNote]:
    """Sung notes: seconds = GAP / 1000 + start * 15 / BPM + DELAY_S, MIDI = 60 + pitch.

    Pitch class and timing are usable, the octave is not. Freestyle and rap lines carry no pitch
    and are left out. Raises ValueError naming file and line for other formats.
    """
    path = Path(path)
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    found = re.findall(r"^#(\w+):(.*)$", text, re.MULTILINE)
    tags = {key.upper(): value.strip().replace(",", ".") for key, value in found}
    try:
        unit_s = 15 / float(tags["BPM"])
        gap_s = float(tags.get("GAP") or 0) / 1000 + DELAY_S
    except (KeyError, ValueError, ZeroDivisionError):
        raise ValueError(
            f"{path}: expected '#BPM:' with a number above 0, found {tags.get('BPM')!r}"
        ) from None
    # in a relative file the notes of each line count from the line's own beginning
    relative = tags.get("RELATIVE", "").upper() == "YES"
    line_start, notes = 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        kind, *values = line.split() or [""]
        try:
            if kind in (":", "*"):
                start, length, pitch = (int(value) for value in values[:3])
                start_s = gap_s + (line_start + start) * unit_s
                begins = not "".join(values[3:]).startswith(MELISMA)
                notes.append(SungNote(start_s, length * unit_s, 60 + pitch, begins))
            elif relative and kind == "-":
                line_start += int(values[-1])
        except (ValueError, IndexError):
            raise ValueError(
                f"{path}:{number}: expected ': start length pitch text', found {line!r}"
            ) from None
    return notes
