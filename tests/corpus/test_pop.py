"""Facts about the pop side of the parallel corpus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kcarol.corpus.arrangement.backline import bass_line, chord_part
from kcarol.corpus.arrangement.bands import BANDS, COMPS, synth_role
from kcarol.corpus.arrangement.grooves import GROOVES, NO_DRUMS
from kcarol.corpus.arrangement.humanise import TAIL_S
from kcarol.corpus.arrangement.pop import KINDS, arrange_pop
from kcarol.corpus.arrangement.score import Score, voicing_of
from kcarol.corpus.lead_sheet.editing import drums_alone
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section, TimeGrid

# what jitter (2.5 to 3 deviations of 20 ms), a grace note and laying back may add up to
LOOSE_S = 0.11
SEEDS = range(300)


def draw_sheet(seed: int) -> LeadSheet:
    """A plain song of 8 to 12 bars: intro without tune, verse, chorus; metre, key, tempo and swing
    by the seed.
    """
    rng = np.random.default_rng([7, seed])
    beats = 3 if seed % 4 == 3 else 4
    n_bars, key, swing = int(rng.integers(8, 13)), int(rng.integers(12)), 1 / 3 * (seed % 5 == 0)
    mode = ("major", "minor")[seed % 2]
    roots = (0, 7, 9, 5) if mode == "major" else (0, 8, 3, 10)
    qualities = ("maj", "maj", "min", "maj7") if mode == "major" else ("min", "maj", "maj", "7")
    chords = [
        Chord(beats * b, beats, (key + roots[b % 4]) % 12, qualities[b % 4]) for b in range(n_bars)
    ]
    if mode == "major":
        chords[4] = replace(chords[4], bass=(key + 4) % 12)  # the third in the bass
    notes = []
    for bar in range(2, n_bars):
        tones = [60 + (key + (0, 2, 4, 7, 9)[int(i)]) % 12 for i in rng.integers(0, 5, beats)]
        notes += [
            Note(bar * beats + i, 0.5 if i % 2 else 1.0, pitch)
            for i, pitch in enumerate(tones[: beats - 1])
        ]
    sections = (
        Section("intro", 0, 2 * beats, 0.35, sung=False),
        Section("verse", 2 * beats, 3 * beats, 0.5),
        Section("chorus", 5 * beats, (n_bars - 5) * beats, 0.9),
    )
    return LeadSheet(
        f"song {seed}",
        float(rng.uniform(70, 160)),
        beats,
        key,
        mode,
        tuple(notes),
        tuple(chords),
        sections,
        swing,
    )


def arrange(seed: int, hints=None):
    sheet = draw_sheet(seed)
    rng = np.random.default_rng(seed)
    grid = TimeGrid.of(sheet, rng)
    return sheet, grid, arrange_pop(sheet, grid, rng, hints)


@pytest.fixture(scope="module")
def songs():
    return [arrange(seed) for seed in SEEDS]


def tune_strokes(arrangement):
    return [stroke for name in arrangement.tune_parts for stroke in arrangement.part(name).strokes]


def test_every_note_of_the_sheet_is_struck_by_the_tune_at_its_pitch_and_time(songs):
    for sheet, grid, arrangement in songs:
        strokes = tune_strokes(arrangement)
        for note in sheet.notes:
            start, end = grid.time_s(note.start), grid.time_s(note.start + note.length)
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
    for sheet, grid, arrangement in songs[:60]:
        strokes = arrangement.part("chords").strokes
        for stroke in strokes:
            middle = stroke.start_s + 0.02
            sounding = [
                c
                for c in sheet.chords
                if grid.time_s(c.start) - 0.6 <= middle <= grid.time_s(c.start + c.length) + 0.2
            ]
            assert any(int(stroke.pitch) % 12 in c.pitch_classes for c in sounding)


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
    assert arrange(5)[2] == arrange(5)[2]
    sheet, grid, first = arrange(5)
    assert arrange_pop(sheet, grid, np.random.default_rng(99)) != first


def test_grooves_bands_programs_and_sounds_all_occur(songs):
    arrangements = [a for _, _, a in songs]
    assert {a.groove for a in arrangements} == set(GROOVES) | {"none"}
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
    assert np.mean([abs(a.tuning_cents) <= 15 for a in arrangements]) > 0.7


def test_grooves_are_in_the_metre_of_the_sheet(songs):
    for sheet, _, arrangement in songs:
        if arrangement.groove != "none":
            groove = GROOVES[arrangement.groove]
            assert groove.beats == sheet.beats_per_bar
            assert groove.steps != 3 or sheet.swing > 0


def test_groove_patterns_are_whole_bars():
    for groove in GROOVES.values():
        assert all(
            len(p) % (groove.beats * groove.steps) == 0
            for _, _, patterns in groove.lines
            for p in patterns
        )


def test_band_sums_to_zero_decibels_and_the_tune_lies_at_its_level(songs):
    for _, _, arrangement in songs:
        gains = {part.name: part.gain_db for part in arrangement.parts}
        band = [
            g
            for name, g in gains.items()
            if name not in ("lead", "lead2", "second", "double", "solo", "rap")
        ]
        assert 10 * np.log10(np.sum(10 ** (np.array(band) / 10))) == pytest.approx(0, abs=1e-6)
        assert gains[arrangement.tune_parts[0]] == pytest.approx(arrangement.tune_level_db)
        assert -10 <= arrangement.tune_level_db <= 8


def test_chorus_is_fuller_than_the_intro(songs):
    def density(sheet, grid, arrangement, section):
        start, end = grid.time_s(section.start), grid.time_s(section.start + section.length)
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


def test_hints_fix_the_groove_the_voice_and_the_sounds():
    hints = {
        "groove": "four-on-floor",
        "voice": "male",
        "sounds": {"bass": "synth", "riff": 11, "chords": 4},
        "band": "alone",
    }
    for seed in (0, 1, 2):
        _, _, arrangement = arrange(seed, hints)
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
    assert arrange(0, {"voice": None})[2].sounds["lead"] != "voice"


@pytest.mark.parametrize(
    "hints", [{"groove": "polka"}, {"sounds": {"bass": "tuba"}}, {"voice": "alien"}]
)
def test_unknown_hints_are_refused_with_what_was_expected(hints):
    with pytest.raises(ValueError, match="expected"):
        arrange(0, hints)


def test_tuned_strokes_are_moved_by_the_tuning_and_drums_are_not(songs):
    arrangement = next(a for _, _, a in songs if a.part("drums") and abs(a.tuning_cents) > 20)
    for part in arrangement.parts:
        moved = [
            new.pitch - old.pitch
            for new, old in zip(arrangement.tuned_strokes(part.name), part.strokes, strict=True)
        ]
        assert moved == pytest.approx(
            [0.0 if part.is_drums else arrangement.tuning_cents / 100] * len(moved)
        )
    with pytest.raises(ValueError, match="kazoo"):
        arrangement.tuned_strokes("kazoo")


def test_scale_of_a_section_follows_a_change_of_key():
    c_major = [Chord(4 * i, 4, r) for i, r in enumerate((0, 5, 7, 0))]
    d_major = [Chord(16 + 4 * i, 4, r) for i, r in enumerate((2, 7, 9, 2))]
    sections = (Section("verse", 0, 16), Section("chorus", 16, 16))
    sheet = LeadSheet(
        "up a tone",
        100,
        4,
        0,
        "major",
        (Note(0, 1, 64), Note(16, 1, 66)),
        (*c_major, *d_major),
        sections,
    )
    assert [sorted(scale) for scale in Score.of(sheet).scales] == [
        [0, 2, 4, 5, 7, 9, 11],
        [1, 2, 4, 6, 7, 9, 11],
    ]


def test_sheet_without_chords_is_refused():
    sheet = LeadSheet("empty", 100, 4, 0, "major", (), (), ())
    with pytest.raises(ValueError, match="chords"):
        Score.of(sheet)


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


def test_campfire_songs_are_a_guitar_a_voice_and_hardly_more():
    bands = [arrange(seed, {"band": "campfire"})[2] for seed in range(60)]
    assert np.median([len(a.parts) for a in bands]) <= 4
    assert all(a.part("chords") for a in bands)
    assert np.mean([a.voice is not None for a in bands]) > 0.75


def test_leaping_basses_alternate_root_and_fifth():
    sheet = draw_sheet(0)
    events = bass_line(Score.of(sheet), np.random.default_rng(3), ("two_feel",))
    score, leaps = Score.of(sheet), 0
    for beat, _, pitch, _, _ in events:
        chord = score.chord_at(beat)
        assert pitch % 12 in (chord.bass_class, chord.pitch_classes[2])
        leaps += pitch % 12 == chord.pitch_classes[2] != chord.bass_class
    assert leaps > 0.25 * len(events)


@pytest.mark.parametrize("way", ["picked", "stride", "strum"])
def test_guitars_and_stride_pianos_play_chord_tones_only(way):
    for seed in range(20):
        score = Score.of(draw_sheet(seed))
        events = chord_part(score, np.random.default_rng(seed), COMPS[way], -1.0)
        assert len(events) > len(score.bars)
        for beat, length, pitch, _, _ in events:
            chord = score.chord_at(beat)
            assert pitch % 12 in (*chord.pitch_classes, chord.bass_class)
            assert length > 0


@pytest.mark.parametrize("quality", ["maj7", "7", "6", "add9", "min7", "sus4"])
def test_a_guitar_has_every_tone_of_a_chord_under_five_fingers(quality):
    for root in range(12):
        chord = Chord(0, 4, root, quality)
        strings = voicing_of(chord, 60, "guitar")
        assert len(strings) == 5 and {pitch % 12 for pitch in strings} == set(chord.pitch_classes)
        assert all(3 <= gap <= 14 for gap in np.diff(strings))


@pytest.mark.parametrize("beats", [3, 4])
def test_where_chords_are_silent_drums_play_and_nobody_else(beats):
    seeds = [seed for seed in range(160) if (3 if seed % 4 == 3 else 4) == beats][:40]
    for seed in seeds:
        sheet = draw_sheet(seed)
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
