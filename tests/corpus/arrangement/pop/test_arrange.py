"""Facts about the pop side of the parallel corpus."""

from dataclasses import replace

import numpy as np
import pytest
from pop_songs import LOOSE_S, arranged

from kcarol.corpus.arrangement.humanise import TAIL_S
from kcarol.corpus.arrangement.pop.arrange import arrange_pop
from kcarol.corpus.arrangement.pop.bands import BANDS, synth_role
from kcarol.corpus.arrangement.pop.grooves import GROOVES, NO_DRUMS
from kcarol.corpus.arrangement.pop.hints import KINDS
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, Section, TimeGrid

SEEDS = range(300)
UNACCOMPANIED = "unaccompanied"  # the band without chords


@pytest.fixture(scope="module")
def songs():
    return [arranged(seed) for seed in SEEDS]


def tune_strokes(arrangement):
    return [stroke for name in arrangement.tune_parts for stroke in arrangement.part(name).strokes]


def test_every_note_of_the_sheet_is_struck_by_the_tune_at_its_pitch_and_time(songs):
    for sheet, grid, arrangement in songs:
        strokes = tune_strokes(arrangement)
        for note in sheet.notes:
            start, end = grid.time_s(note.start), grid.time_s(note.end)
            near = [
                s for s in strokes if s.pitch == note.pitch and abs(s.start_s - start) < LOOSE_S
            ]
            assert near, (sheet.title, note)
            assert near[0].start_s + near[0].length_s < end + LOOSE_S


def test_tune_rests_where_the_sheet_rests(songs):
    for sheet, grid, arrangement in songs:
        starts = grid.time_s(np.array([note.start for note in sheet.notes]))
        for stroke in tune_strokes(arrangement):
            assert np.abs(starts - stroke.start_s).min() < LOOSE_S
        graces = len(tune_strokes(arrangement)) - len(sheet.notes)
        assert 0 <= graces <= len(sheet.notes) / 2


def test_sung_parts_have_one_note_at_a_time(songs):
    sung = [
        part for _, _, a in songs for part in a.parts if a.sounds[part.name] in ("voice", "rap")
    ]
    assert len(sung) > 150
    for part in sung:
        starts = np.array([s.start_s for s in part.strokes])
        ends = starts + np.array([s.length_s for s in part.strokes])
        assert (np.diff(starts) >= 0).all()
        assert (starts[1:] - ends[:-1] > -0.006).all(), part.name


def test_bass_has_the_chords_bass_on_most_first_beats(songs):
    hits = bars = 0
    for sheet, grid, arrangement in songs:
        if arrangement.part("bass") is None:
            continue
        for chord in sheet.chords:
            start = grid.time_s(chord.start)
            near = [s for s in arrangement.part("bass").strokes if abs(s.start_s - start) < 0.06]
            hits += any(int(s.pitch) % 12 == chord.bass_class for s in near)
            bars += 1
    assert bars > 1000
    assert hits / bars > 0.7


def test_chord_parts_play_tones_of_their_chords(songs):
    with_chords = [song for song in songs if song[2].part("chords")]
    for sheet, grid, arrangement in with_chords[:60]:
        begin = grid.time_s([chord.start for chord in sheet.chords]) - 0.6
        end = grid.time_s([chord.end for chord in sheet.chords]) + 0.2
        for stroke in arrangement.part("chords").strokes:
            middle = stroke.start_s + 0.02
            sounding = np.flatnonzero((begin <= middle) & (middle <= end))
            tones = {pc for i in sounding for pc in sheet.chords[i].pitch_classes}
            assert int(stroke.pitch) % 12 in tones


def test_strokes_stay_within_the_song_and_the_velocities_of_midi(songs):
    for _, grid, arrangement in songs:
        for part in arrangement.parts:
            assert part.strokes
            for stroke in part.strokes:
                assert 0 <= stroke.start_s <= grid.length_s
                assert 0 < stroke.length_s
                assert stroke.start_s + stroke.length_s <= grid.length_s + TAIL_S
                assert 1 <= stroke.velocity <= 127
                assert 12 <= stroke.pitch <= 127


def test_same_seed_gives_the_same_arrangement_and_another_seed_another():
    assert arranged(5)[2] == arranged(5)[2]
    sheet, grid, first = arranged(5)
    assert arrange_pop(sheet, grid, np.random.default_rng(99)) != first


def test_grooves_bands_programs_and_sounds_all_occur(songs):
    arrangements = [a for _, _, a in songs]
    usual = {name for name, groove in GROOVES.items() if groove.beats in (3, 4)}
    usual -= {name for name, groove in GROOVES.items() if groove.division == 3}
    assert {a.groove for a in arrangements} == usual | {"none"}
    assert {a.band for a in arrangements} == set(BANDS)
    assert {kind for a in arrangements for kind in a.sounds.values()} == set(KINDS)
    programs = {
        p.program
        for a in arrangements
        for p in a.parts
        if a.sounds[p.name] == "soundfont" and not p.is_drums
    }
    assert len(programs) >= 90
    assert len({p.program for a in arrangements for p in a.parts if p.name == "drums"}) == 7


def test_shares_of_voices_and_drums_are_those_intended(songs):
    arrangements = [a for _, _, a in songs]
    assert 0.55 < np.mean([a.voice is not None for a in arrangements]) < 0.8
    assert NO_DRUMS < np.mean([a.groove == "none" for a in arrangements]) < 0.2
    assert {a.voice for a in arrangements} == {"female", "male", None}
    assert max(abs(a.tuning_cents) for a in arrangements) <= 50
    assert 0.45 < np.mean([abs(a.tuning_cents) <= 15 for a in arrangements]) < 0.7


def test_grooves_are_in_the_metre_of_the_sheet(songs):
    for sheet, _, arrangement in songs:
        if arrangement.groove != "none":
            groove = GROOVES[arrangement.groove]
            assert groove.beats == sheet.beats_per_bar
            assert groove.steps != 3 or sheet.swing > 0


def test_only_unaccompanied_songs_have_no_chords_and_plain_ones_are_never_unaccompanied(songs):
    for sheet, grid, arrangement in songs:
        if not arrangement.part("chords"):
            assert arrangement.band == UNACCOMPANIED
            rng = np.random.default_rng(0)
            assert arrange_pop(sheet, grid, rng, plain=True).band != UNACCOMPANIED


def test_band_sums_to_zero_decibels_and_the_tune_lies_at_its_level(songs):
    for _, _, arrangement in songs:
        gains = {part.name: part.gain_db for part in arrangement.parts}
        band = [
            g
            for name, g in gains.items()
            if name not in ("lead", "lead2", "second", "double", "solo", "rap")
        ]
        power = np.sum(10 ** (np.array(band) / 10))
        assert power == pytest.approx(1, abs=1e-6) or not band and arrangement.band == UNACCOMPANIED
        assert gains[arrangement.tune_parts[0]] == pytest.approx(arrangement.tune_level_db)
        assert -10 <= arrangement.tune_level_db <= 8


def test_chorus_is_fuller_than_the_intro(songs):
    def density(sheet, grid, arrangement, section):
        start, end = grid.time_s(section.start), grid.time_s(section.end)
        strokes = [
            s
            for p in arrangement.parts
            if p.name not in ("solo", "rap", *arrangement.tune_parts)
            for s in p.strokes
        ]
        return sum(start <= s.start_s < end for s in strokes) / (end - start)

    ratios = [
        density(*song, song[0].sections[2]) / (density(*song, song[0].sections[0]) + 0.1)
        for song in songs
    ]
    assert np.median(ratios) > 1.2


def test_the_tuning_of_some_songs_drifts_within_fifty_cents_and_of_plain_ones_never(songs):
    drifts = []
    for _, grid, arrangement in songs:
        ends = [arrangement.tuning_at(time_s) for time_s in (0.0, grid.length_s)]
        assert max(map(abs, ends)) <= 50 + 1e-6 and abs(ends[1] - ends[0]) <= 30 + 1e-6
        drifts.append(ends[1] != ends[0])
    assert 0.05 < np.mean(drifts) < 0.15
    sheet, grid, _ = songs[0]
    plain = [arrange_pop(sheet, grid, np.random.default_rng(k), plain=True) for k in range(30)]
    assert not any(arrangement.drift_cents_per_s for arrangement in plain)


def test_tuned_strokes_are_moved_by_the_tuning_of_their_time_and_drums_are_not(songs):
    arrangement = next(a for _, _, a in songs if a.part("drums") and a.drift_cents_per_s)
    for part in arrangement.parts:
        for new, old in zip(arrangement.tuned_strokes(part.name), part.strokes, strict=True):
            cents = 0.0 if part.is_drums else arrangement.tuning_at(old.start_s)
            assert new == replace(old, pitch=pytest.approx(old.pitch + cents / 100))
    with pytest.raises(ValueError, match="kazoo"):
        arrangement.tuned_strokes("kazoo")


def test_synth_role_of_every_synthesised_part_is_known(songs):
    names = {name for _, _, a in songs for name, kind in a.sounds.items() if kind == "synth"}
    assert {synth_role(name) for name in names} == {"lead", "chords", "pad", "bass", "arp"}


def test_second_guitar_plays_what_the_first_does_at_its_own_time(songs):
    doubled = [a for _, _, a in songs if a.part("chords3")]
    assert len(doubled) > 10
    for arrangement in doubled:
        first, again = (
            sorted(s.pitch for s in arrangement.part(name).strokes)
            for name in ("chords", "chords3")
        )
        assert first == again
    jittered = [a for a in doubled if a.part("chords").strokes != a.part("chords3").strokes]
    assert len(jittered) > len(doubled) / 2


@pytest.mark.parametrize("seed", range(12))
def test_a_sheet_whose_metre_changes_anywhere_is_arranged_to_its_end(seed):
    rng = np.random.default_rng(seed)
    metres, end = [], 0.0
    for beats, division in zip(rng.integers(1, 9, 4), rng.integers(2, 4, 4), strict=True):
        metres.append(Metre(end, int(beats), int(division)))
        end += float(beats * rng.integers(1, 4))
    beats, last = range(int(end)), Section("verse", 0.0, end, 0.9)
    sheet = LeadSheet(
        "odd",
        110.0,
        metres[0].beats_per_bar,
        0,
        "major",
        tuple(Note(float(beat), 0.9, 60 + beat % 12) for beat in beats),
        tuple(Chord(float(beat), 1.0, beat % 12) for beat in beats),
        (last,),
        division=metres[0].division,
        changes=tuple(metres[1:]),
    )
    grid = TimeGrid.of(sheet)
    arrangement = arrange_pop(sheet, grid, rng)
    assert len(tune_strokes(arrangement)) >= len(sheet.notes)
    starts_s = [stroke.start_s for part in arrangement.parts for stroke in part.strokes]
    assert 0 <= min(starts_s) and grid.length_s - 3 < max(starts_s) <= grid.length_s
