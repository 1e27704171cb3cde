"""The tune on top."""

from dataclasses import replace

import numpy as np
from songs import song

from kcarol.arrangement.balance import TUNE_OVER_DB
from kcarol.arrangement.dynamics import velocities
from kcarol.arrangement.figures import Voices, tones_of
from kcarol.arrangement.plan import plan
from kcarol.arrangement.styles import BY_NAME, Line
from kcarol.transcription.lead_sheet import TimeGrid


def test_the_tune_is_louder_than_each_other_tone_in_all_its_octaves():
    sheet = song(levels_db=(0.0,) * 4)
    bars = plan(sheet, TimeGrid.of(sheet), sheet.notes)
    low = [replace(note, pitch=note.pitch - 24) for note in sheet.notes]
    voices = Voices({"s": sheet.notes, "b": low})
    tune = Line(BY_NAME["strings"], "s", "sing", range(4))
    basses = [Line(BY_NAME["strings"], "b", "sing", range(4), gain_db=db) for db in (0, 6)]
    lines = [tune, *basses]
    tones = [tones_of(line, bars, voices, [()] * len(bars)) for line in lines]
    sung, *others = (np.array(forces) / 127 for forces in velocities(lines, tones, bars))
    over = sung**2 / sum(forces**2 for forces in others)  # amplitudes: 40 dB a decade
    assert np.abs(20 * np.log10(over) - TUNE_OVER_DB).max() < 1.5
