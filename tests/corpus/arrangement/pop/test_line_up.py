"""Who plays in a song."""

import numpy as np
import pytest
from pop_songs import LOOSE_S, arranged, plain_song

from kcarol.corpus.arrangement.pop.arrange import arrange_pop
from kcarol.corpus.lead_sheet.editing import drums_alone
from kcarol.transcription.lead_sheet import TimeGrid


def test_campfire_songs_are_a_guitar_a_voice_and_hardly_more():
    bands = [arranged(seed, {"band": "campfire"})[2] for seed in range(60)]
    assert np.median([len(a.parts) for a in bands]) <= 4
    assert all(a.part("chords") for a in bands)
    assert np.mean([a.voice is not None for a in bands]) > 0.75


@pytest.mark.parametrize("beats", [3, 4])
def test_where_chords_are_silent_drums_play_and_nobody_else(beats):
    seeds = [seed for seed in range(160) if (3 if seed % 4 == 3 else 4) == beats][:40]
    for seed in seeds:
        sheet = plain_song(seed)
        sheet = drums_alone(sheet, (0, 4)[seed % 2], 2, energy=0.6)
        grid, alone = TimeGrid.of(sheet), [chord for chord in sheet.chords if chord.silent]
        start_s, end_s = (
            grid.time_s(alone[0].start),
            grid.time_s(alone[-1].start + alone[-1].length),
        )
        arrangement = arrange_pop(sheet, grid, np.random.default_rng(seed))
        inside = {
            part.name
            for part in arrangement.parts
            for stroke in part.strokes
            if start_s + LOOSE_S < stroke.start_s < end_s - LOOSE_S
        }
        assert "drums" in inside and inside <= {"drums", "percussion"}
