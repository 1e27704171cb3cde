"""Facts about the groove as it is heard: the carol strikes where the band does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kcarol.corpus.arrangement.pop.arrange import PopArrangement, arrange_pop
from kcarol.corpus.arrangement.realised_sheet import as_played, stroke_strength
from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.transcription.lead_sheet import Note, Part, Section, Stroke, TimeGrid

KICK, HAT = 36, 42


def sheet_of(swing=0.0):
    """Eight bars of four, the second half a section of its own."""
    sheet = compose(np.random.default_rng(3), 16.0, plain=True)
    assert sheet.beats_per_bar == 4
    half = 4.0 * (int(sheet.n_beats) // 8)
    sections = (Section("verse", 0.0, half), Section("chorus", half, sheet.n_beats - half, 0.9))
    return replace(sheet, sections=sections, swing=swing)


def part_of(
    name, sheet, grid, eighths, pitch=60, velocity=100, is_drums=False, gain_db=0.0, late_s=0.0
):
    """A part that strikes these eighths (whole or broken numbers) of every bar."""
    beats = [4 * bar + k / 2 for bar in range(int(sheet.n_beats) // 4) for k in eighths]
    strokes = tuple(
        Stroke(float(grid.time_s(beat)) + late_s, 0.1, pitch, velocity) for beat in beats
    )
    return Part(name, strokes, is_drums=is_drums, gain_db=gain_db)


def grooves(sheet, grid, *parts):
    arrangement = PopArrangement(parts, {}, "none", "alone", 0.0, 0.0, None)
    return [section.accents for section in as_played(sheet, arrangement, grid).sections]


def groove(*eighths):
    return tuple(float(k in eighths) for k in range(8))


@pytest.mark.parametrize("late_s", [0.0, -0.03, 0.03])
@pytest.mark.parametrize("swing", [0.0, 0.33])
def test_the_groove_is_what_the_kick_plays_whatever_the_sheet_says(swing, late_s):
    sheet = sheet_of(swing)
    grid = TimeGrid.of(sheet, np.random.default_rng(0), 0.01)
    kick = part_of("drums", sheet, grid, (0, 3, 6), KICK, is_drums=True, late_s=late_s)
    assert grooves(sheet, grid, kick) == [groove(0, 3, 6)] * 2


def test_light_drums_between_strokes_are_no_strokes_but_alone_they_are():
    sheet = sheet_of()
    grid = TimeGrid.of(sheet)
    hat = part_of("drums", sheet, grid, range(8), HAT, is_drums=True)
    kick = part_of("drums", sheet, grid, (0, 4), KICK, is_drums=True)
    both = replace(hat, strokes=hat.strokes + kick.strokes)
    assert grooves(sheet, grid, hat) == [groove(*range(8))] * 2
    assert grooves(sheet, grid, both) == [groove(0, 4)] * 2


def test_the_tunes_side_and_sixteenths_are_no_strokes_of_the_groove():
    sheet = sheet_of()
    grid = TimeGrid.of(sheet)
    chords = part_of("chords", sheet, grid, (0, 2))
    lead = part_of("lead", sheet, grid, (1, 5, 7), velocity=127, gain_db=12.0)
    between = part_of("riff", sheet, grid, (0.5, 4.5), velocity=127, gain_db=12.0)
    assert grooves(sheet, grid, chords, lead, between) == [groove(0, 2)] * 2


def test_each_section_has_its_own_groove_and_one_where_nobody_plays_its_first_beats():
    sheet = sheet_of()
    grid = TimeGrid.of(sheet)
    chords = part_of("chords", sheet, grid, (0, 2, 5))
    later = tuple(
        stroke
        for stroke in chords.strokes
        if stroke.start_s >= grid.time_s(sheet.sections[1].start) - 1e-6
    )
    assert grooves(sheet, grid, replace(chords, strokes=later)) == [groove(0), groove(0, 2, 5)]


def test_a_chord_of_many_tones_is_one_stroke():
    sheet = sheet_of()
    grid = TimeGrid.of(sheet)
    one = part_of("chords", sheet, grid, (0, 3))
    four = replace(
        one,
        strokes=tuple(replace(s, pitch=s.pitch + k) for s in one.strokes for k in (0, 4, 7, 12)),
    )

    def of(part):
        return stroke_strength(
            sheet, PopArrangement((part,), {}, "none", "alone", 0.0, 0.0, None), grid
        )

    assert np.array_equal(of(one), of(four))


def drawn(seed, length_s):
    """A sheet, what a band plays of it, and the grid, all drawn by seed."""
    rng = np.random.default_rng(seed)
    sheet = draw_sheet(rng, length_s)
    grid = TimeGrid.of(sheet, rng)
    return sheet, arrange_pop(sheet, grid, rng), grid


def energies(sheet, grid, *parts):
    return [
        s.energy
        for s in as_played(
            sheet, PopArrangement(parts, {}, "none", "alone", 0.0, 0.0, None), grid
        ).sections
    ]


def test_energy_rises_with_how_much_is_struck_and_how_hard_whatever_the_sheet_says():
    sheet = sheet_of()
    grid = TimeGrid.of(sheet)
    bass, kick = (
        part_of("bass", sheet, grid, (0, 4)),
        part_of("drums", sheet, grid, range(0, 8, 2), KICK, is_drums=True),
    )
    soft = replace(kick, strokes=tuple(replace(stroke, velocity=50) for stroke in kick.strokes))
    steps = [energies(sheet, grid, *parts) for parts in ((), (bass,), (bass, soft), (bass, kick))]
    assert steps == sorted(steps) and len({tuple(step) for step in steps}) == 4
    assert all(verse == pytest.approx(chorus, abs=0.02) for verse, chorus in steps)
    assert steps[0] == [0.1, 0.1] and max(steps[-1]) <= 1.0


def test_energies_as_played_are_spread_as_composed_ones_and_choruses_stay_fuller_than_verses():
    composed, played = [], []
    for seed in range(180):
        sheet, arrangement, grid = drawn(seed, 60.0)
        if arrangement.part("chords") is None:  # sung alone: as soft as can be
            continue
        heard = as_played(sheet, arrangement, grid)
        composed += [section.energy for section in sheet.sections]
        played += [section.energy for section in heard.sections]
    assert (
        abs(np.mean(played) - np.mean(composed)) < 0.05
        and abs(np.std(played) - np.std(composed)) < 0.05
    )
    assert np.corrcoef(composed, played)[0, 1] > 0.4


def test_in_every_section_strokes_of_the_groove_are_struck_harder_than_the_parts_between():
    strong, weak = [], []
    for seed in range(40):
        sheet, arrangement, grid = drawn(seed, 20.0)
        played, strength = (
            as_played(sheet, arrangement, grid),
            stroke_strength(sheet, arrangement, grid),
        )
        assert as_played(played, arrangement, grid) == played
        for section in played.sections:
            parts = played.part_starts()
            inside = (section.start - 1e-6 <= parts) & (parts < section.end - 1e-6)
            accented = np.array([played.is_accented(beat) for beat in parts[inside]])
            here = strength[inside]
            if not accented.all() and here.any():
                strong.append(here[accented].mean())
                weak.append(here[~accented].mean())
    assert (
        len(strong) > 50
        and (np.array(strong) > weak).all()
        and np.median(strong) > 1.5 * np.median(weak)
    )


def as_heard(sheet, *parts, solo=()):
    """The sheet as a band of these parts, and a solo of these notes, makes it heard."""
    return as_played(
        sheet,
        PopArrangement(parts, {}, "none", "alone", 0.0, 0.0, None, solo=solo),
        TimeGrid.of(sheet),
    )


def chords_of(sheet, quality):
    return replace(
        sheet,
        chords=tuple(replace(chord, root=0, bass=None, quality=quality) for chord in sheet.chords),
    )


@pytest.mark.parametrize(
    ("quality", "triad"),
    [("7", "maj"), ("maj7", "maj"), ("6", "maj"), ("add9", "maj"), ("min7", "min")],
)
def test_a_seventh_sixth_or_ninth_is_of_the_chord_where_an_accompanist_plays_it(quality, triad):
    sheet = chords_of(sheet_of(), quality)
    grid, eighths = TimeGrid.of(sheet), range(8)
    root = part_of("chords", sheet, grid, eighths, 60)
    added = part_of(
        "pad",
        sheet,
        grid,
        eighths,
        60 + {"7": 10, "maj7": 11, "6": 9, "add9": 2, "min7": 10}[quality],
    )
    sung = replace(added, name="lead")

    def qualities(*parts):
        return {chord.quality for chord in as_heard(sheet, *parts).chords}

    assert qualities(root, added) == {quality}
    assert qualities(root, sung) == qualities(root) == qualities() == {triad}


def test_triads_stay_what_they_are_whoever_plays_them():
    for quality in ("maj", "min", "dim", "sus4"):
        sheet = chords_of(sheet_of(), quality)
        assert (
            as_heard(sheet, part_of("bass", sheet, TimeGrid.of(sheet), (0,), 36)).chords
            == sheet.chords
        )


def test_a_solo_is_the_tune_where_nobody_sings_and_nowhere_else():
    sheet = sheet_of()
    verse, chorus = sheet.sections
    sheet = replace(
        sheet,
        sections=(verse, replace(chorus, sung=False)),
        notes=(Note(0.0, 1.0, 62), Note(2.0, 1.0, 64)),
    )
    within, outside = Note(chorus.start + 1, 2.0, 67), Note(verse.start + 3, 1.0, 66)
    assert as_heard(sheet, solo=(outside, within)).notes == (*sheet.notes, within)
    assert as_heard(sheet, solo=(outside,)).notes == sheet.notes


def test_drawn_songs_have_their_solos_in_the_tune_one_note_at_a_time():
    with_solo = 0
    for seed in range(60):
        sheet, arrangement, grid = drawn(seed, 60.0)
        notes = as_played(sheet, arrangement, grid).notes
        with_solo += len(notes) > len(sheet.notes)
        added = sorted(set(notes) - set(sheet.notes), key=lambda note: note.start)
        assert set(added) <= set(arrangement.solo)
        assert all(a.end <= b.start + 1e-6 for a, b in zip(added, added[1:], strict=False))
    assert with_solo >= 5
