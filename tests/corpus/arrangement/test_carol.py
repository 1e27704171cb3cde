"""Facts about the carol arranger: what it plays follows from what the player is told (`Content`),
and makes music.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.carol import BASS_LOWEST, arrange_carol, harmony_spans, tune_shift
from kcarol.corpus.arrangement.carol_styles import STYLES
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.transcription.lead_sheet import ACCENT, Chord, TimeGrid

CFG = AudioConfig()
SHEETS = [compose(np.random.default_rng(seed), 20.0) for seed in range(2)] + [
    tune("Joy to the World")
]
EVERYWHERE = [(name, sheet) for name in STYLES for sheet in SHEETS]
each = pytest.mark.parametrize(
    ("name", "sheet"), EVERYWHERE, ids=[f"{name}-{sheet.title}" for name, sheet in EVERYWHERE]
)


def layers_and_parts(name, sheet, grid=None):
    return list(
        zip(
            STYLES[name].layers,
            arrange_carol(sheet, grid or TimeGrid.of(sheet), STYLES[name]),
            strict=True,
        )
    )


def strokes_of(name, sheet, role):
    return [
        stroke
        for layer, part in layers_and_parts(name, sheet)
        if layer.role == role
        for stroke in part.strokes
    ]


@each
def test_no_stroke_of_the_accompaniment_sounds_past_its_chord(name, sheet):
    grid = TimeGrid.of(sheet)
    ends = np.array(
        [float(grid.time_s(chord.start + chord.length)) for chord in harmony_spans(sheet)]
    )
    starts = np.array([float(grid.time_s(chord.start)) for chord in harmony_spans(sheet)])
    for role in ("harmony", "bass", "toll"):
        for stroke in strokes_of(name, sheet, role):
            chord = int(np.searchsorted(starts, stroke.start_s + 1e-6)) - 1
            assert stroke.start_s + stroke.length_s <= ends[chord] + 1e-6


@each
def test_chords_struck_under_the_tune_lie_below_it(name, sheet):
    grid, shift = TimeGrid.of(sheet), tune_shift(sheet.notes)
    for layer, part in layers_and_parts(name, sheet):
        if layer.role != "harmony" or layer.pattern == "arpeggio":
            continue
        for stroke in part.strokes:
            for note in sheet.notes:
                begin, end = (
                    float(grid.time_s(note.start)),
                    float(grid.time_s(note.start + note.length)),
                )
                if begin - 1e-6 <= stroke.start_s < end - 1e-6:
                    assert stroke.pitch < note.pitch + shift


@each
def test_all_tones_of_a_chord_sound_while_it_lasts(name, sheet):
    grid = TimeGrid.of(sheet)
    strokes = strokes_of(name, sheet, "harmony")
    for chord in harmony_spans(sheet):
        begin, end = float(grid.time_s(chord.start)), float(grid.time_s(chord.start + chord.length))
        if chord.length >= 4:
            heard = {
                stroke.pitch % 12
                for stroke in strokes
                if begin - 1e-6 <= stroke.start_s < end - 1e-6
            }
            assert heard == set(chord.pitch_classes)


@each
def test_every_chords_bass_is_struck_where_mel_bands_tell_semitones_apart(name, sheet):
    spans, grid = harmony_spans(sheet), TimeGrid.of(sheet)
    starts = np.array([float(grid.time_s(chord.start)) for chord in spans])
    heard = {}
    for stroke in strokes_of(name, sheet, "bass"):
        number = int(np.searchsorted(starts, stroke.start_s + 1e-6)) - 1
        assert stroke.pitch % 12 == spans[number].bass_class
        heard.setdefault(number, set()).add(stroke.pitch)
    assert all(max(heard[number]) >= BASS_LOWEST for number in range(len(spans)))


@pytest.mark.parametrize("name", STYLES)
def test_strokes_on_the_grooves_accents_are_louder_than_those_beside(name):
    sheet = SHEETS[0]
    steady = replace(
        sheet,
        sections=(replace(sheet.sections[0], start=0.0, length=sheet.n_beats, energy=0.8),),
        swing=0.0,
    )
    grid = TimeGrid.of(steady)
    strokes = strokes_of(name, steady, "harmony")
    beats = np.interp(
        [stroke.start_s for stroke in strokes], grid.beat_times_s, np.arange(len(grid.beat_times_s))
    )
    eighths = np.round(2 * (beats % sheet.beats_per_bar)).astype(int) % (2 * sheet.beats_per_bar)
    velocity = np.array([stroke.velocity for stroke in strokes])
    accented = np.array(sheet.accents)[eighths] >= ACCENT
    if not accented.all():
        assert velocity[accented].min() > velocity[~accented].max()


@pytest.mark.parametrize("name", STYLES)
def test_carol_is_blind_to_what_the_player_is_not_told(name):
    """Names of sections, chord spellings and how far accents lie above the threshold are in no
    `Content`.
    """
    for sheet in SHEETS:
        sections = tuple(replace(section, name="anything") for section in sheet.sections)
        accents = tuple(0.97 if accent >= ACCENT else 0.03 for accent in sheet.accents)
        again = replace(
            sheet, title="another", sections=sections, accents=accents, key=(sheet.key + 5) % 12
        )
        grid = TimeGrid.of(sheet)
        assert arrange_carol(sheet, grid, STYLES[name]) == arrange_carol(again, grid, STYLES[name])
        size = CFG.n_frames(round(grid.length_s * CFG.sample_rate))
        assert np.array_equal(
            sheet_labels(sheet, grid, CFG, size).packed(),
            sheet_labels(again, grid, CFG, size).packed(),
        )


@pytest.mark.parametrize("name", STYLES)
def test_a_chord_cut_in_two_sounds_as_one(name):
    sheet = SHEETS[1]
    chord, half = sheet.chords[0], sheet.chords[0].length / 2
    halves = (replace(chord, length=half), replace(chord, start=chord.start + half, length=half))
    cut, grid = replace(sheet, chords=(*halves, *sheet.chords[1:])), TimeGrid.of(sheet)
    assert arrange_carol(sheet, grid, STYLES[name]) == arrange_carol(cut, grid, STYLES[name])


def test_chords_of_other_tones_or_another_bass_are_not_joined():
    sheet = replace(
        SHEETS[0],
        chords=(
            Chord(0, 4, 0),
            Chord(4, 4, 0, bass=4),
            Chord(8, 4, 9, "min"),
            Chord(12, 4, 9, "min"),
        ),
    )
    sheet = replace(sheet, sections=(replace(sheet.sections[0], start=0.0, length=16.0),))
    assert [(chord.start, chord.length) for chord in harmony_spans(sheet)] == [
        (0, 4),
        (4, 4),
        (8, 8),
    ]


def test_a_sections_own_groove_is_what_the_truth_marks_and_other_sections_keep_the_sheets():
    sheet = replace(
        SHEETS[0],
        sections=(
            replace(SHEETS[0].sections[0], start=0.0, length=8.0, accents=(0.0, 1.0) * 4),
            replace(SHEETS[0].sections[0], start=8.0, length=SHEETS[0].n_beats - 8.0),
        ),
    )
    grid = TimeGrid.of(sheet)
    labels = sheet_labels(sheet, grid, CFG, CFG.n_frames(round(grid.length_s * CFG.sample_rate)))
    eighths = [k / 2 for k in range(2 * int(sheet.n_beats))]
    expected = [
        beat
        for beat in eighths
        if (beat % 1 == 0.5 if beat < 8 else sheet.accents[int(2 * (beat % 4))] >= ACCENT)
    ]
    assert np.array_equal(
        np.flatnonzero(labels.accent), np.round(grid.time_s(expected) * CFG.frame_rate)
    )


def test_soft_sections_are_played_softer_and_by_fewer():
    for name in STYLES:
        sheet, loudness, voices = SHEETS[0], [], []
        for energy in (0.3, 0.9):
            steady = replace(
                sheet, sections=tuple(replace(section, energy=energy) for section in sheet.sections)
            )
            parts = [part.strokes for _, part in layers_and_parts(name, steady) if part.strokes]
            loudness.append(np.mean([stroke.velocity for stroke in itertools.chain(*parts)]))
            voices.append(len(parts))
        assert loudness[0] + 10 < loudness[1] and voices[0] <= voices[1]
