"""Sheets in all metres, for tests of those who write and label in them."""

from kcarol.corpus.lead_sheet.metres import METRES, composed_accents
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, Section

ALL_METRES = [(kind.beats, kind.division) for kind in METRES.values()]


def sheet_in(beats: int, division: int, n_bars: int = 8, tempo_bpm: float = 90.0) -> LeadSheet:
    """A chord a bar, the tune on each part of the first beat, the usual groove."""
    n_beats = float(n_bars * beats)
    roots = (0, 9, 5, 7)
    chords = tuple(Chord(float(beats * i), beats, roots[i % 4]) for i in range(n_bars))
    notes = tuple(
        Note(chord.start + k / division, 1 / division, 60 + chord.root)
        for chord in chords
        for k in range(division)
    )
    return LeadSheet(
        f"{beats} beats of {division}",
        tempo_bpm,
        beats,
        0,
        "major",
        notes,
        chords,
        (Section("verse", 0.0, n_beats, 0.8),),
        accents=composed_accents(beats, division)[0],
        division=division,
    )


def changing_sheet() -> LeadSheet:
    """Four bars of 4/4, four of 7/8 (seven beats), four of 12/8: sections with grooves of their
    own.
    """
    metres = [Metre(0.0, 4), Metre(16.0, 7), Metre(44.0, 4, 3)]
    ends = [16.0, 44.0, 60.0]
    chords = []
    for metre, end in zip(metres, ends, strict=True):
        n_bars = int(end - metre.start) // metre.beats_per_bar
        chords += [
            Chord(metre.start + metre.beats_per_bar * i, metre.beats_per_bar, (0, 5, 7, 0)[i % 4])
            for i in range(n_bars)
        ]
    sections = tuple(
        Section(
            name,
            metre.start,
            end - metre.start,
            0.8,
            accents=composed_accents(metre.beats_per_bar, metre.division)[0],
        )
        for name, metre, end in zip(("verse", "chorus", "bridge"), metres, ends, strict=True)
    )
    notes = tuple(Note(chord.start, 1.0, 60 + chord.root) for chord in chords)
    return LeadSheet(
        "changing",
        100.0,
        4,
        0,
        "major",
        notes,
        tuple(chords),
        sections,
        accents=sections[0].accents,
        changes=tuple(metres[1:]),
    )
