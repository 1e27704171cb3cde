"""The carol arranger: what it plays follows from `Content`, and makes music."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from metres import ALL_METRES, changing_sheet, sheet_in

from kcarol.arrangement.arrange import (
    BASS_LOWEST,
    arrange_carol,
    harmony_spans,
    tune_shift,
    voicing,
)
from kcarol.arrangement.styles import BY_NAME, STYLES, Layer
from kcarol.config import TUNE_CENTRE, AudioConfig
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.transcription.lead_sheet import ACCENT, Chord, TimeGrid

CFG = AudioConfig()
SHEETS = [compose(np.random.default_rng(seed), 20.0, plain=True) for seed in range(2)] + [
    tune("Joy to the World")
]
MORE_SHEETS = [compose(np.random.default_rng(seed), 20.0) for seed in range(8)] + SHEETS
EVERYWHERE = [(name, sheet) for name in STYLES for sheet in SHEETS]
each = pytest.mark.parametrize(
    ("name", "sheet"), EVERYWHERE, ids=[f"{name}-{sheet.title}" for name, sheet in EVERYWHERE]
)


def layers_and_parts(name, sheet, grid=None):
    return list(
        zip(
            STYLES[name].layers,
            arrange_carol(sheet, grid or TimeGrid.of(sheet), STYLES[name])[:-1],
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
    ends = np.array([float(grid.time_s(chord.end)) for chord in harmony_spans(sheet)])
    starts = np.array([float(grid.time_s(chord.start)) for chord in harmony_spans(sheet)])
    for role in ("harmony", "bass", "toll"):
        for stroke in strokes_of(name, sheet, role):
            chord = int(np.searchsorted(starts, stroke.start_s + 1e-6)) - 1
            assert stroke.start_s + stroke.length_s <= ends[chord] + 1e-6


@each
def test_chords_struck_under_the_tune_lie_below_it(name, sheet):
    grid, notes = TimeGrid.of(sheet), sheet.notes
    begin = grid.time_s([note.start for note in notes]) - 1e-6
    end = grid.time_s([note.end for note in notes]) - 1e-6
    tune = np.array([note.pitch for note in notes]) + tune_shift(notes)
    for layer, part in layers_and_parts(name, sheet):
        if layer.role != "harmony" or layer.pattern == "arpeggio":
            continue
        start = np.array([stroke.start_s for stroke in part.strokes])[:, None]
        pitch = np.array([stroke.pitch for stroke in part.strokes])[:, None]
        is_under = (begin <= start) & (start < end)
        assert (pitch < tune)[is_under].all()


@each
def test_all_tones_of_a_chord_sound_while_it_lasts(name, sheet):
    grid = TimeGrid.of(sheet)
    strokes = strokes_of(name, sheet, "harmony")
    for chord in harmony_spans(sheet):
        begin, end = float(grid.time_s(chord.start)), float(grid.time_s(chord.end))
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
def test_carol_does_not_depend_on_what_content_leaves_out(name):
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


def test_a_sections_own_groove_is_labelled_and_other_sections_keep_the_sheets():
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


@pytest.fixture(
    scope="module", params=range(len(MORE_SHEETS)), ids=[sheet.title for sheet in MORE_SHEETS]
)
def song(request):
    sheet = MORE_SHEETS[request.param]
    return sheet, TimeGrid.of(sheet, np.random.default_rng(request.param))


def tune_parts(sheet, grid, style):
    """(layer, part) of the layers that play the tune wherever it is."""
    pairs = zip(style.layers, arrange_carol(sheet, grid, style)[:-1], strict=True)
    return [
        (layer, part) for layer, part in pairs if layer.role == "tune" and layer.from_energy == 0
    ]


@pytest.mark.parametrize("name", STYLES)
def test_carol_is_a_function_of_sheet_grid_and_style(song, name):
    sheet, grid = song
    again = TimeGrid(grid.beat_times_s.copy(), grid.beats_per_bar, grid.swing)
    assert arrange_carol(sheet, grid, STYLES[name]) == arrange_carol(
        replace(sheet), again, STYLES[name]
    )


@pytest.mark.parametrize("name", STYLES)
def test_tune_strokes_are_the_sheets_notes_moved_by_whole_octaves(song, name):
    sheet, grid = song
    assert tune_parts(sheet, grid, STYLES[name])
    for _, part in tune_parts(sheet, grid, STYLES[name]):
        assert len(part.strokes) == len(sheet.notes)
        shifts = {
            stroke.pitch - note.pitch
            for stroke, note in zip(part.strokes, sheet.notes, strict=True)
        }
        assert {shift % 12 for shift in shifts} == {0}
        starts = [stroke.start_s for stroke in part.strokes]
        assert np.allclose(starts, [grid.time_s(note.start) for note in sheet.notes], atol=1e-9)


@pytest.mark.parametrize("name", STYLES)
def test_where_the_tune_rests_the_carols_tune_is_silent(song, name):
    sheet, grid = song
    ends = [note.end for note in sheet.notes]
    rests = [
        (end, note.start)
        for end, note in zip(ends, sheet.notes[1:], strict=False)
        if note.start - end > 0.2
    ]
    for _, part in tune_parts(sheet, grid, STYLES[name]):
        for begin, end in ((float(grid.time_s(a)), float(grid.time_s(b))) for a, b in rests):
            assert not any(
                s.start_s < end - 1e-6 and s.start_s + s.length_s > begin + 1e-6
                for s in part.strokes
            )


@pytest.mark.parametrize("name", STYLES)
def test_no_note_of_a_carol_hangs_beyond_the_songs_end_or_out_of_the_keyboard(song, name):
    sheet, grid = song
    strokes = [
        stroke for part in arrange_carol(sheet, grid, STYLES[name]) for stroke in part.strokes
    ]
    longest_s = max(chord.length for chord in sheet.chords) * 60 / sheet.tempo_bpm * 1.2 + 2.0
    for stroke in strokes:
        assert 0 < stroke.length_s <= longest_s
        assert 0 <= stroke.start_s and stroke.start_s + stroke.length_s <= grid.length_s + 1e-6
        assert 0 <= stroke.pitch <= 127 and 1 <= stroke.velocity <= 127


def test_harmony_strokes_are_tones_of_the_chord_that_sounds(song):
    sheet, grid = song
    edges = [float(grid.time_s(chord.start)) for chord in sheet.chords]
    for name in STYLES:
        for layer, part in zip(
            STYLES[name].layers, arrange_carol(sheet, grid, STYLES[name])[:-1], strict=True
        ):
            for stroke in part.strokes if layer.role == "harmony" else ():
                chord = sheet.chords[int(np.searchsorted(edges, stroke.start_s + 1e-6)) - 1]
                assert stroke.pitch % 12 in chord.pitch_classes


def test_voicing_keeps_common_tones():
    for first, second in itertools.product(SHEETS[0].chords, SHEETS[1].chords):
        common = set(first.pitch_classes) & set(second.pitch_classes)
        kept = set(voicing(first.pitch_classes)) & set(voicing(second.pitch_classes))
        assert {pitch % 12 for pitch in kept} == common


def test_tune_lies_within_a_tritone_of_its_centre(song):
    sheet, _ = song
    assert (
        abs(np.median([note.pitch for note in sheet.notes]) + tune_shift(sheet.notes) - TUNE_CENTRE)
        <= 6
    )


@pytest.mark.parametrize(("beats", "division"), ALL_METRES)
def test_patterns_strike_on_the_beats_and_parts_of_the_metre(beats, division):
    sheet = sheet_in(beats, division)
    held = [Layer("bass", BY_NAME["piano"], name) for name in ("hold", "beat", "arpeggio")]
    spacings = (beats, 1, 1 / division)
    for layer, spacing in zip(held, spacings, strict=True):
        style = replace(STYLES["piano"], layers=(layer,))
        part, _ = arrange_carol(sheet, TimeGrid.of(sheet), style)
        starts = np.array([stroke.start_s for stroke in part.strokes]) * sheet.tempo_bpm / 60
        assert starts == pytest.approx(np.arange(0, 8 * beats - 1e-6, spacing))


def test_after_a_change_of_metre_a_held_bass_is_struck_at_every_bar():
    sheet = changing_sheet()
    style = replace(STYLES["piano"], layers=(Layer("bass", BY_NAME["piano"], "hold"),))
    part, _ = arrange_carol(sheet, TimeGrid.of(sheet), style)
    starts = np.array([stroke.start_s for stroke in part.strokes]) * sheet.tempo_bpm / 60
    assert starts == pytest.approx(sheet.bar_starts())


def test_in_a_pause_nothing_is_held():
    sheet = sheet_in(4, 2, n_bars=2)
    pauses_s = np.array([0, 0, 0, 2.0, 0, 0, 0, 0])
    times_s = np.concatenate([[0.0], np.cumsum(0.5 + pauses_s)])
    grid = TimeGrid(times_s, 4, pauses_s=pauses_s)
    for name in STYLES:
        for part in arrange_carol(sheet, grid, STYLES[name]):
            for stroke in part.strokes:
                assert stroke.start_s + stroke.length_s <= 2.01 or stroke.start_s >= 3.99
