"""The instruments of a carol, in the order in which the player's weights count them."""

from __future__ import annotations

from dataclasses import dataclass

SLEIGH_BELLS = "sleigh_bells"
SLEIGH_KEY = 60  # the one key on which unpitched bells are written


@dataclass(frozen=True)
class Instrument:
    """Who plays, in which range, and where the seat is."""

    name: str
    program: int | None  # General MIDI, from 0; None: not in General MIDI
    lowest: int  # MIDI, written and sounding
    highest: int  # MIDI, inclusive
    pan: float = 0.0  # -1 left to 1 right
    rings: bool = False  # struck or plucked: the note decays however long it is held
    most_notes: int = 10  # that its players strike together, or hold
    vowel: str = ""  # of VOWELS, that its samples sing; empty: no choir

    @property
    def n_keys(self) -> int:
        return self.highest - self.lowest + 1


INSTRUMENTS = (
    Instrument("celesta", 8, 60, 108, -0.5, rings=True, most_notes=8),
    Instrument("glockenspiel", 9, 72, 108, 0.6, rings=True, most_notes=4),
    Instrument("music_box", 10, 60, 96, -0.6, rings=True, most_notes=8),
    Instrument("vibraphone", 11, 53, 89, 0.4, rings=True, most_notes=4),
    Instrument("tubular_bells", 14, 53, 84, 0.7, rings=True, most_notes=2),
    Instrument("piano", 0, 28, 103, 0.0, rings=True),
    Instrument("harp", 46, 28, 103, -0.7, rings=True, most_notes=8),
    Instrument("guitar", 24, 40, 83, 0.5, rings=True, most_notes=6),
    Instrument("organ", 19, 36, 96, 0.0),
    Instrument("choir", 52, 41, 84, 0.0, most_notes=8, vowel="a"),
    Instrument("oohs", 53, 41, 84, -0.4, most_notes=8, vowel="u"),
    Instrument("strings", 48, 28, 96, 0.0),
    Instrument("violin", 40, 55, 98, -0.6, most_notes=2),
    Instrument("cello", 42, 36, 76, 0.5, most_notes=2),
    Instrument("pizzicato", 45, 28, 91, 0.5, rings=True),
    Instrument("flute", 73, 60, 96, -0.3, most_notes=2),
    Instrument("oboe", 68, 58, 91, 0.3, most_notes=2),
    Instrument("clarinet", 71, 50, 91, -0.5, most_notes=2),
    Instrument("horn", 60, 34, 77, -0.7, most_notes=4),
    Instrument("trumpet", 56, 52, 84, 0.6, most_notes=3),
    Instrument("trombone", 57, 34, 72, 0.7, most_notes=3),
    Instrument("timpani", 47, 36, 60, 0.3, rings=True, most_notes=2),
    Instrument(SLEIGH_BELLS, None, SLEIGH_KEY, SLEIGH_KEY, 0.2, rings=True, most_notes=1),
)
NUMBERS = {instrument.name: number for number, instrument in enumerate(INSTRUMENTS)}
N_KEYS = sum(instrument.n_keys for instrument in INSTRUMENTS)
