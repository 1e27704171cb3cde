"""Facts about who belongs together in a carol."""

import pytest

from kcarol.arrangement.groups import GROUPS, group_of, grouped
from kcarol.arrangement.styles import STYLES
from kcarol.model.instruments import SLEIGH_KEY
from kcarol.transcription.lead_sheet import Part, Stroke

STROKE = (Stroke(0.0, 1.0, 60, 100),)


@pytest.mark.parametrize(
    "name, program, group",
    [
        ("celesta k sing", 8, "tune"),  # bells that ring the tune
        ("oboe c sing", 68, "second_tune"),
        ("tubular_bells d sing", 14, "second_tune"),
        ("tubular_bells b bar", 14, "bells"),
        ("timpani b pulse", 47, "bass"),
        ("piano tau broken", 0, "harmony"),
        ("choir uatb hold", 52, "harmony"),
    ],
)
def test_the_group_follows_from_voices_and_instrument(name, program, group):
    assert group_of(Part(name, STROKE, program)) == group


def test_groups_hold_every_part_once_and_none_is_empty():
    bells = Part("sleigh_bells  all", (Stroke(0.0, 0.1, SLEIGH_KEY, 90),), is_drums=True)
    tune, bass = Part("violin s sing", STROKE, 40), Part("cello b hold", STROKE, 42)
    assert grouped([bass, bells, tune]) == {"tune": (tune,), "bells": (bells,), "bass": (bass,)}


def test_every_style_has_a_tune_and_something_under_it():
    for style in STYLES.values():
        parts = [
            Part(f"any {line.voices} {line.figure}", STROKE, line.instrument.program)
            for line in style.lines
        ]
        found = {group_of(part) for part in parts}
        assert {"tune", "second_tune", "harmony"} <= found <= set(GROUPS), style.name
