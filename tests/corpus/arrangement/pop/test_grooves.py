"""Drum patterns."""

from kcarol.corpus.arrangement.pop.grooves import GROOVES


def test_groove_patterns_are_whole_bars():
    for groove in GROOVES.values():
        assert all(
            len(p) % (groove.beats * groove.steps) == 0
            for line in groove.lines
            for p in line.patterns
        )
