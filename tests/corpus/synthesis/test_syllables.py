"""Notes as lines of one voice."""

from kcarol.corpus.synthesis.syllables import sung_lines
from kcarol.transcription.lead_sheet import Stroke


def test_lines_hold_one_note_at_a_time_and_lose_none():
    chords = [Stroke(t, 0.5, p, 80) for t in (0.0, 0.45, 1.0) for p in (60, 64, 67)]
    lines = sung_lines(chords, 2.0)
    assert len(lines) == 3 and sum(map(len, lines)) == len(chords)
    for line in lines:
        assert all(
            a.start_s + a.length_s <= b.start_s + 1e-9 for a, b in zip(line, line[1:], strict=False)
        )
