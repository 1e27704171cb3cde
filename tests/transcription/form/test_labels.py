"""Facts about labels and names of sections."""

import numpy as np
from forms import SECTION_BARS, bars_of

from kcarol.transcription.form.labels import (
    section_labels,
    section_means,
    section_names,
    sung_sections,
)


def labelled(form, **given):
    bars, starts = bars_of(form, **given), SECTION_BARS * np.arange(len(form))
    return bars, starts, section_labels(bars, starts)


def test_labels_are_the_number_of_the_first_section_of_that_music():
    assert labelled("iACACBC")[2].tolist() == [0, 1, 2, 1, 2, 5, 2]


def test_a_tone_higher_is_the_same_music():
    assert labelled("ACAC", lifts=(3,))[2].tolist() == [0, 1, 0, 1]


def test_half_of_a_section_is_the_same_music_and_less_is_not():
    bars, starts = bars_of("AA"), np.array([0, 8, 12])
    assert section_labels(bars, starts).tolist() == [0, 0, 2]
    assert section_labels(bars, np.array([0, 8, 11])).tolist()[:2] == [0, 1]


def test_the_loud_music_that_returns_is_the_chorus():
    assert section_names(*labelled("ACAC")) == ["verse", "chorus"] * 2


def test_names_follow_the_form():
    assert section_names(*labelled("iAPCAPCBCo")) == [
        *("intro", "verse", "prechorus", "chorus", "verse", "prechorus", "chorus"),
        *("bridge", "chorus", "outro"),
    ]


def test_one_sung_music_is_a_verse_and_no_singing_is_none():
    assert section_names(*labelled("iAAo")) == ["intro", "verse", "verse", "outro"]
    assert section_names(*labelled("iji")) == ["intro", "solo", "solo"]


def test_sections_know_their_means_and_whether_they_are_sung():
    bars, starts, _ = labelled("iA", noise=0.0)
    assert sung_sections(bars, starts).tolist() == [False, True]
    assert section_means(np.arange(16.0), starts).tolist() == [3.5, 11.5]
