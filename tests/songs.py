"""A song in four sections for tests of the arranger: verse, chorus, verse, chorus."""

from kcarol.transcription.lead_sheet import BarShape, Chord, LeadSheet, Note, Section

BARS = 4  # of each section
LEVELS_DB = (-10.0, 0.0, -8.0, 1.0)  # of its sections
STROKES_PER_S = (1.0, 5.0, 2.0, 6.0)
ROOTS = (0, 9, 5, 7)


def song(levels_db=LEVELS_DB, strokes_per_s=STROKES_PER_S, last_chord=0) -> LeadSheet:
    """16 bars of 4/4 at 100 beats a minute; the tune sings on the first three beats of a bar."""
    roots = [*ROOTS * BARS][:-1] + [last_chord]
    chords = tuple(
        Chord(4.0 * bar, 4.0, root, "min" if root == 9 else "maj") for bar, root in enumerate(roots)
    )
    notes = tuple(
        Note(chord.start + beat, 1.0, 60 + chord.pitch_classes[beat])
        for chord in chords
        for beat in range(3)
    )
    sections = tuple(
        Section(name, 16.0 * i, 16.0, label=name) for i, name in enumerate(("verse", "chorus") * 2)
    )
    bars = tuple(
        BarShape(4.0 * bar, 4.0, levels_db[bar // BARS], strokes_per_s[bar // BARS])
        for bar in range(16)
    )
    accents = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0)
    return LeadSheet(
        "song", 100.0, 4, 0, "major", notes, chords, sections, accents=accents, bars=bars
    )
