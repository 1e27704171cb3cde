"""Facts about sections: where the music changes they begin, and what comes again has one label."""

from dataclasses import replace

import numpy as np
import pytest
from forms import SECTION_BARS, bars_of

from kcarol.transcription.form import sections as module
from kcarol.transcription.form.sections import find_sections, lasting_changes
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre


def sheet_of(n_beats, changes=()):
    chords = (Chord(0.0, float(n_beats), 0),)
    return LeadSheet("form", 120, 4, 0, "major", (), chords, (), changes=changes)


def sections_of(form, **given):
    bars = bars_of(form, **given)
    return find_sections(bars, sheet_of(4 * len(bars)))


@pytest.mark.parametrize("form", ["iACACBC", "AABA", "iAACiACCo"])
@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_sections_begin_where_the_music_changes(form, noise):
    found = sections_of(form, noise=noise)
    assert [s.start for s in found] == [4 * SECTION_BARS * i for i in range(len(form))]
    assert all(a.end == b.start for a, b in zip(found[:-1], found[1:], strict=True))


def test_one_label_is_one_music():
    form = "iACACBCC"
    found = sections_of(form, lifts=(7,))
    for one, first in zip(found, form, strict=True):
        for other, second in zip(found, form, strict=True):
            assert (one.label == other.label) == (first == second)


def test_names_follow_the_form():
    assert [s.name for s in sections_of("ACsAC")] == ["verse", "chorus", "solo", "verse", "chorus"]


def test_a_song_without_tune_has_sections_too():
    found = sections_of("iiii")
    assert found[-1].end == 128 and not any(s.sung for s in found)


@pytest.mark.parametrize("n_bars", [1, 2, 3, 5])
def test_the_shortest_songs_are_one_section(n_bars):
    assert [(s.start, s.length) for s in sections_of("A", n_bars=n_bars)] == [(0, 4.0 * n_bars)]


def test_silence_is_covered():
    bars = bars_of("AA", noise=0.0)
    flat = {name: np.zeros_like(values) for name, values in vars(bars).items()}
    found = find_sections(replace(bars, **flat | {"n_beats": bars.n_beats}), sheet_of(64))
    assert found[0].start == 0 and found[-1].end == 64 and not any(s.sung for s in found)


def test_another_metre_that_lasts_begins_a_section_and_a_single_bar_does_not():
    lasting = sheet_of(64, (Metre(32.0, 3),))
    assert lasting_changes(lasting) == [32.0]
    single = sheet_of(64, (Metre(32.0, 3), Metre(35.0, 4)))
    assert lasting_changes(single) == []


def test_a_longer_piece_is_parted_and_labels_are_not_shared(monkeypatch):
    monkeypatch.setattr(module, "MOST_BARS", 16)
    found = sections_of("AABB")
    assert [s.start for s in found] == [0, 32, 64, 96]
    assert found[1].label == found[0].label and found[2].label == found[3].label
    assert found[1].label != found[2].label
