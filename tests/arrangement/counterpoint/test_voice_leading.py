"""Costs of voicings and of the ways between them."""

import numpy as np

from kcarol.arrangement.counterpoint.harmony import SoundingChord
from kcarol.arrangement.counterpoint.voice_leading import Slot, motion_cost, voicings_of

LEADING_NOTE = 11  # of C major


def slot(root: int, quality: str = "maj", tune: int | None = None) -> Slot:
    chord = SoundingChord(0.0, 4.0, root, quality)
    return Slot(0.0, 4.0, chord, () if tune is None else (tune,), tune, LEADING_NOTE)


def cost(before: list[int], after: list[int], slots: tuple[Slot, Slot]) -> float:
    return float(motion_cost(np.array([before]), np.array([after]), slots, is_free=False)[0, 0])


def test_the_cheapest_voicing_has_the_whole_chord_and_its_root_twice():
    voicings, costs = voicings_of(slot(0, tune=72))
    assert sorted((voicings[costs.argmin()] % 12).tolist()) == [0, 0, 4, 7]


def test_the_leading_note_is_not_doubled():
    voicings, costs = voicings_of(slot(7, tune=71))
    assert (voicings[costs.argmin()] % 12 == LEADING_NOTE).sum() == 1


def test_a_seventh_sounds_once():
    voicings, costs = voicings_of(slot(7, "7", tune=74))
    assert sorted((voicings[costs.argmin()] % 12).tolist()) in ([2, 5, 7, 11], [2, 5, 11, 11])


def test_parallel_octaves_cost_more_than_contrary_motion():
    slots = slot(0, tune=72), slot(2, "min", tune=74)
    assert cost([72, 67, 64, 48], [74, 69, 65, 50], slots) > cost(
        [72, 67, 64, 48], [74, 65, 62, 53], slots
    )
