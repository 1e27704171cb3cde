"""Parts as `Notes`: from strokes in seconds to the arrays that the playing half reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from kcarol.model.instruments import INSTRUMENTS, NUMBERS, SLEIGH_BELLS, Instrument
from kcarol.model.notes import Notes
from kcarol.transcription.lead_sheet import Part

VELOCITY_DB = 40.0  # a decade of velocity, as General MIDI synthesisers attenuate
BY_PROGRAM = {instrument.program: instrument for instrument in INSTRUMENTS}
SLEIGH = INSTRUMENTS[NUMBERS[SLEIGH_BELLS]]


def notes_of(parts: Sequence[Part], frame_rate: float) -> Notes:
    """The strokes of all parts. KeyError for a part whose program no instrument has."""
    rows = [
        (
            NUMBERS[instrument_of(part).name],
            stroke.pitch,
            VELOCITY_DB * np.log10(stroke.velocity / 127) + part.gain_db,
            stroke.start_s * frame_rate,
            (stroke.start_s + stroke.length_s) * frame_rate,
        )
        for part in parts
        for stroke in part.strokes
    ]
    rows.sort(key=lambda row: row[3])
    return Notes.of_tensor(torch.tensor(rows, dtype=torch.float32).reshape(-1, 5))


def instrument_of(part: Part) -> Instrument:
    """Who plays a part. KeyError for a program that no instrument has."""
    return SLEIGH if part.is_drums else BY_PROGRAM[part.program]
