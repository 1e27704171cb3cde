"""Sleigh bells."""

from dataclasses import replace

from songs import song

from kcarol.arrangement.percussion import sleigh_line, sleigh_tones
from kcarol.arrangement.plan import plan
from kcarol.arrangement.styles import STYLES
from kcarol.transcription.lead_sheet import TimeGrid


def shakes(sheet, style):
    bars = plan(sheet, TimeGrid.of(sheet), sheet.notes)
    strokes = [(bar.start, bar.start + 1.5) for bar in bars]
    return [tone.start for tone in sleigh_tones(sleigh_line(STYLES[style]), bars, strokes)]


def test_they_play_with_the_band_in_full_scenes_only():
    at = shakes(song(), "orchestra")
    assert at and all(16 <= start < 32 or start >= 48 for start in at)
    assert at[:2] == [16.0, 17.5]


def test_styles_without_sleigh_bells_have_them_under_drums_alone():
    sheet = song()
    assert shakes(sheet, "choir") == []
    chords = tuple(replace(c, silent=c.start < 4) for c in sheet.chords)
    assert shakes(replace(sheet, chords=chords), "choir") == [0.0, 2.0, 3.0]
