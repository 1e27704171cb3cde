import pytest

from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import BarShape, Chord, LeadSheet, Note, Section


@pytest.fixture(scope="session")
def carol_score():
    """Eight bars in E flat: a verse and a chorus, with notes between sixteenths."""
    pitches = (67, 70, 72, 74, 75, 74, 72, 70)
    notes = [
        Note(4.0 * bar + 0.5 * i + (0.04 if i == 3 else 0.0), 0.46, pitch)
        for bar in range(8)
        for i, pitch in enumerate(pitches)
    ]
    chords = tuple(
        Chord(4.0 * bar, 4.0, root, quality)
        for bar, (root, quality) in enumerate([(3, "maj"), (0, "min"), (8, "maj"), (10, "7")] * 2)
    )
    sections = (Section("verse", 0.0, 16.0), Section("chorus", 16.0, 16.0, energy=1.0))
    bars = tuple(BarShape(4.0 * bar, 4.0, -6.0 if bar < 4 else 0.0, 4.0) for bar in range(8))
    sheet = LeadSheet("Eight bars", 120.0, 4, 3, "major", tuple(notes), chords, sections, bars=bars)
    return Score.of_sheet(sheet)
