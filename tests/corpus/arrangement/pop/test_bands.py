"""Line-ups of pop bands."""

from kcarol.corpus.arrangement.pop.bands import BAND_SIDE_DB, BANDS, COMPS, PROGRAMS, TUNE_SIDE_DB
from kcarol.corpus.arrangement.pop.bass import BASS_LINES
from kcarol.corpus.arrangement.pop.grooves import GROOVES


def test_bands_name_only_what_there_is():
    parts = {*BAND_SIDE_DB, *TUNE_SIDE_DB}
    for band in BANDS.values():
        assert set(band.grooves) <= {*GROOVES, "none"} and set(band.comps) <= set(COMPS)
        assert set(band.lines) <= set(BASS_LINES) and set(band.extras) <= parts
        assert all(0 <= share <= 1 for share in (band.synth, band.voice, *band.extras.values()))


def test_programs_are_general_midis():
    rows = [*PROGRAMS.values(), *(c.programs for c in COMPS.values())]
    rows += [band.basses for band in BANDS.values()]
    assert all(0 <= program <= 127 for row in rows for program in row)
