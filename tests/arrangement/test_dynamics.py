"""How hard strokes are."""

import numpy as np
from songs import song

from kcarol.arrangement.dynamics import velocities
from kcarol.arrangement.figures import Voices, tones_of
from kcarol.arrangement.plan import plan
from kcarol.arrangement.played_notes import VELOCITY_DB
from kcarol.arrangement.styles import BY_NAME, Line
from kcarol.transcription.lead_sheet import TimeGrid


def forces_of(sheet, *lines):
    bars = plan(sheet, TimeGrid.of(sheet), sheet.notes)
    voices = Voices({"s": sheet.notes})
    tones = [tones_of(line, bars, voices, [()] * len(bars)) for line in lines]
    return tones, velocities(lines, tones, bars)


def test_a_voice_alone_is_as_much_softer_as_the_song():
    (tones,), (forces,) = forces_of(song(), Line(BY_NAME["flute"], "s", "sing", range(4)))
    means = [
        np.mean([f for t, f in zip(tones, forces, strict=True) if 16 * i <= t.start < 16 * i + 12])
        for i in (0, 1)
    ]
    assert abs(VELOCITY_DB * np.log10(means[1] / means[0]) - 10) < 1


def test_who_plays_alone_plays_louder_than_in_company():
    flute = Line(BY_NAME["flute"], "s", "sing", range(4))
    others = [Line(BY_NAME[name], "s", "sing", range(1, 4)) for name in ("horn", "oboe", "choir")]
    sheet = song(levels_db=(-12.0, 0.0, -12.0, 0.0))
    alone = forces_of(sheet, flute)[1][0]
    (tones, *_), (forces, *_) = forces_of(sheet, flute, *others)
    verse, chorus = (
        np.mean(
            [
                f - a
                for t, f, a in zip(tones, forces, alone, strict=True)
                if start <= t.start < start + 12
            ]
        )
        for start in (0, 16)
    )
    assert verse > chorus


def test_accents_of_the_song_are_struck_harder():
    (tones,), (forces,) = forces_of(
        song(levels_db=(0.0,) * 4), Line(BY_NAME["piano"], "s", "sing", range(4))
    )
    force = {t.start: f for t, f in zip(tones, forces, strict=True)}
    assert force[4.0] > force[6.0] > force[5.0]
