"""Drum patterns."""

import pytest
from metres import ALL_METRES

from kcarol.corpus.arrangement.pop.grooves import DRUMS, GROOVES, VELOCITIES


def test_groove_patterns_are_whole_bars():
    for groove in GROOVES.values():
        assert all(
            len(p) % (groove.beats * groove.steps) == 0
            for line in groove.lines
            for p in line.patterns
        )


def test_groove_patterns_are_of_known_drums_and_letters():
    for groove in GROOVES.values():
        for line in groove.lines:
            assert line.drum in DRUMS
            assert set("".join(line.patterns)) <= {*VELOCITIES, "."}


@pytest.mark.parametrize(("beats", "division"), ALL_METRES)
def test_every_metre_has_grooves_whose_steps_divide_its_parts(beats, division):
    fitting = [g for g in GROOVES.values() if (g.beats, g.division) == (beats, division)]
    assert len(fitting) >= 2
    assert all(g.steps in (2, 3, 4) if division == 2 else g.steps in (3, 6) for g in fitting)
