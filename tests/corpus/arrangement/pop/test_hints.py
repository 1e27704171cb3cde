"""Hints to the arranger."""

import pytest
from pop_songs import arranged


def test_hints_fix_the_groove_the_voice_and_the_sounds():
    hints = {
        "groove": "four-on-floor",
        "voice": "male",
        "sounds": {"bass": "synth", "riff": 11, "chords": 4},
        "band": "alone",
    }
    for seed in (0, 1, 2):
        _, _, arrangement = arranged(seed, hints)
        assert (arrangement.groove, arrangement.voice, arrangement.band) == (
            "four_on_floor",
            "male",
            "alone",
        )
        assert arrangement.sounds["lead"] == "voice" and arrangement.sounds["bass"] == "synth"
        assert arrangement.part("chords").program == 4
        assert arrangement.sounds["chords"] == "soundfont"
        assert arrangement.part("riff").program == 11
        assert arrangement.part("drums") is not None
    assert arranged(0, {"voice": None})[2].sounds["lead"] != "voice"


@pytest.mark.parametrize(
    "hints", [{"groove": "gavotte"}, {"sounds": {"bass": "tuba"}}, {"voice": "alien"}]
)
def test_unknown_hints_are_refused_with_what_was_expected(hints):
    with pytest.raises(ValueError, match="expected"):
        arranged(0, hints)
