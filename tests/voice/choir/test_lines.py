"""Notes that a choir of the song's voice sings."""

import numpy as np
import pytest

from kcarol.transcription.lead_sheet import Part, Stroke
from kcarol.voice.choir.lines import given_to_voice

CHOIR, OOHS, HARP = 52, 53, 46
WHOLE = np.array([[0.0, 10.0]])


def part(voices: str, *strokes: tuple[float, float, int], program: int = CHOIR) -> Part:
    played = tuple(Stroke(start, length, pitch, 64) for start, length, pitch in strokes)
    return Part(f"choir {voices} hold", played, program)


def spans(notes) -> list[tuple[float, float]]:
    return [(note.start_s, note.end_s) for note in notes]


def test_strokes_that_sound_together_are_voices_from_below():
    lines, left = given_to_voice([part("at", (0, 2, 60), (0, 1, 55), (1, 1, 57))], WHOLE)
    assert [note.pitch for note in lines["tenor"]] == [55, 57]
    assert [note.pitch for note in lines["alto"]] == [60]
    assert left == ()


def test_other_instruments_and_wordless_lines_stay():
    harp, descant = part("at", (0, 1, 60), program=HARP), part("d", (0, 1, 72))
    lines, left = given_to_voice([harp, descant], WHOLE)
    assert left == (harp, descant)
    assert not any(lines.values())


def test_rests_of_the_singer_are_the_choirs():
    choir = part("s", (0, 1, 60), (2, 4, 62), (7, 1, 64))
    lines, left = given_to_voice([choir], np.array([[0.0, 4.0], [7.2, 9.0]]))
    assert spans(lines["soprano"]) == [(0, 1), (2, 4), (7.2, 8)]
    assert [(s.start_s, s.length_s) for s in left[0].strokes] == [(4, 2)]


def test_two_choirs_in_unison_are_one_line_as_loud_as_both():
    one, _ = given_to_voice([part("s", (0, 1, 60))], WHOLE)
    both, _ = given_to_voice([part("s", (0, 1, 60)), part("s", (0, 1, 60), program=OOHS)], WHOLE)
    (note,) = both["soprano"]
    assert note.level_db == pytest.approx(one["soprano"][0].level_db + 3.01, abs=0.01)
