"""MusicXML of other programs, read by music21."""
