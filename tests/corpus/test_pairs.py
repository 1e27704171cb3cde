"""Facts about the parallel corpus: carols, truth, pairs, the small pair set, the pool and the demo
set.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kcarol.audio.features import Features
from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.carol import arrange_carol, tune_shift, voicing
from kcarol.corpus.arrangement.carol_styles import STYLES, draw_style
from kcarol.corpus.arrangement.sleigh_bells import sleigh_bells
from kcarol.corpus.dataset import rendering
from kcarol.corpus.dataset.demo_set import DemoSong, demo_labels, file_name, label_events
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.dataset.pairs import VALIDATION_SEED, make_pairs
from kcarol.corpus.dataset.rendering import build
from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS, demo_carol
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.corpus.synthesis import render
from kcarol.dataset.labels import N_PACKED, load_labels
from kcarol.dataset.pair_set import load_pair_set
from kcarol.dataset.shards import ROW_FRAMES, Shard, stored_shards
from kcarol.model.content import TUNE_CENTRE
from kcarol.training.batches import PairBatches, WaveBatches
from kcarol.transcription.lead_sheet import TimeGrid

CFG = AudioConfig()
DATA = Path(__file__).resolve().parents[2] / "data"
# training needs more
MISSING = render.available((render.CAROL_SOUNDFONT, render.VALIDATION_SOUNDFONT))
needs_synth = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
corpus = pytest.mark.corpus
SHEETS = [compose(np.random.default_rng(seed), 20.0) for seed in range(8)] + [
    tune("Joy to the World")
]


@pytest.fixture(scope="module", params=range(len(SHEETS)), ids=[sheet.title for sheet in SHEETS])
def song(request):
    sheet = SHEETS[request.param]
    return sheet, TimeGrid.of(sheet, np.random.default_rng(request.param))


def tune_parts(sheet, grid, style):
    """(layer, part) of the layers that play the tune wherever it is."""
    pairs = zip(style.layers, arrange_carol(sheet, grid, style), strict=True)
    return [
        (layer, part) for layer, part in pairs if layer.role == "tune" and layer.from_energy == 0
    ]


# --- carol ----------------------------------------------------------------------------------------
# -------------------


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
        assert len(shifts) == 1 and shifts.pop() % 12 == 0
        starts = [stroke.start_s for stroke in part.strokes]
        assert np.allclose(starts, [grid.time_s(note.start) for note in sheet.notes], atol=1e-9)


@pytest.mark.parametrize("name", STYLES)
def test_where_the_tune_rests_the_carols_tune_is_silent(song, name):
    sheet, grid = song
    ends = [note.start + note.length for note in sheet.notes]
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
            STYLES[name].layers, arrange_carol(sheet, grid, STYLES[name]), strict=True
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


def test_sleigh_bells_follow_the_beat_of_a_wandering_grid():
    sheet = replace(
        SHEETS[0], sections=tuple(replace(s, energy=0.9) for s in SHEETS[0].sections), swing=0.0
    )
    grid = TimeGrid.of(sheet, np.random.default_rng(3), drift=0.03)
    bells = sleigh_bells(
        sheet, grid, STYLES["bells"], CFG.sample_rate, round(grid.length_s * CFG.sample_rate)
    )
    before = [
        np.abs(bells[round(t * 16_000) - 160 : round(t * 16_000)]).max()
        for t in grid.beat_times_s[1:-1]
    ]
    after = [
        np.abs(bells[round(t * 16_000) : round(t * 16_000) + 800]).max()
        for t in grid.beat_times_s[1:-1]
    ]
    assert np.mean(after) > 3 * np.mean(before)


def test_styles_without_sleigh_bells_have_none():
    grid = TimeGrid.of(SHEETS[0])
    assert not sleigh_bells(SHEETS[0], grid, STYLES["choir"], 16_000, 16_000).any()


def test_drawn_styles_vary_and_some_are_the_style_itself():
    drawn = {draw_style(np.random.default_rng(seed), "organ") for seed in range(12)}
    assert len(drawn) > 4 and STYLES["organ"] in drawn


# --- truth ----------------------------------------------------------------------------------------
# -------------------


def test_truth_frames_match_the_grid(song):
    sheet, grid = song
    labels = sheet_labels(sheet, grid, CFG, CFG.n_frames(round(grid.length_s * CFG.sample_rate)))
    frames = np.round(grid.beat_times_s[:-1] * CFG.frame_rate).astype(int)
    assert np.array_equal(np.flatnonzero(labels.beat), np.unique(frames))
    assert np.array_equal(
        np.flatnonzero(labels.downbeat), np.unique(frames[:: sheet.beats_per_bar])
    )
    for note in sheet.notes:
        middle = round(float(grid.time_s(note.start + note.length / 2)) * CFG.frame_rate)
        assert labels.tune[middle] == note.pitch
        assert labels.onset[round(float(grid.time_s(note.start)) * CFG.frame_rate)]
    for chord in sheet.chords:
        middle = round(float(grid.time_s(chord.start + chord.length / 2)) * CFG.frame_rate)
        assert set(np.flatnonzero(labels.chord[middle])) == set(chord.pitch_classes)
        assert labels.bass[middle] == chord.bass_class
    assert 0 <= labels.beat_position.min() and labels.bar_position.max() < 1


# --- pairs


@pytest.fixture(scope="module")
def short_pairs():
    return {seed: make_pairs(seed, CFG, 4.0) for seed in (VALIDATION_SEED + 2, VALIDATION_SEED + 3)}


@corpus
@needs_synth
def test_same_seed_gives_the_same_bytes(short_pairs):
    def digest(pairs):
        return [
            hashlib.sha256(
                p.pop.tobytes() + p.carol.tobytes() + p.labels.packed().tobytes()
            ).digest()
            for p in pairs
        ]

    first, second = short_pairs
    assert digest(make_pairs(first, CFG, 4.0)) == digest(short_pairs[first])
    assert digest(short_pairs[second]) != digest(short_pairs[first])


@corpus
@needs_synth
def test_pop_carol_and_truth_are_equally_long_and_audible(short_pairs):
    for pair in itertools.chain(*short_pairs.values()):
        assert len(pair.pop) == len(pair.carol) and pair.pop.dtype == pair.carol.dtype == np.float32
        assert len(pair.labels.tune) == CFG.n_frames(len(pair.pop))
        for wave in (pair.pop, pair.carol):
            assert np.isfinite(wave).all() and 0.01 < np.abs(wave).max() <= 1


@corpus
@needs_synth
def test_songs_of_one_seed_are_different_songs_in_one_style(short_pairs):
    for first, second in short_pairs.values():
        assert first.style == second.style and first.title != second.title


def test_validation_shares_no_title_with_training(monkeypatch):
    from kcarol.corpus.dataset import pairs

    monkeypatch.setattr(
        pairs, "make_pair", lambda sheet, style, rng, cfg, soundfont, _: (sheet.title, soundfont)
    )
    drawn = [
        {pair for s in range(60) for pair in make_pairs(base + s, CFG)}
        for base in (0, VALIDATION_SEED)
    ]
    titles, fonts = [[{pair[i] for pair in side} for side in drawn] for i in (0, 1)]
    assert min(map(len, titles)) > 20 and not titles[0] & titles[1] and not fonts[0] & fonts[1]


# --- pool -----------------------------------------------------------------------------------------
# -------------------


def made_up_groups(n_groups: int, n_rows: int = 2, seed: int = 0) -> list[Shard]:
    """Noise whose loudness changes, and truth whose energy says the frame number."""
    rng, groups = np.random.default_rng(seed), []
    for _ in range(n_groups):
        level = rng.uniform(300, 6000, (2 * n_rows, 40)).repeat(
            ROW_FRAMES * CFG.hop_length // 40, axis=1
        )
        waves = (rng.standard_normal(level.shape) * level).clip(-32767, 32767).astype(np.int16)
        labels = np.zeros((n_rows, ROW_FRAMES + 1, N_PACKED), np.int16)
        labels[..., 6] = np.arange(ROW_FRAMES + 1)
        labels[..., 0] = 60 + rng.integers(0, 12, (n_rows, 1))
        groups.append(Shard(waves[:n_rows], waves[n_rows:], labels))
    return groups


@pytest.fixture(scope="module")
def groups():
    return made_up_groups(2)


@pytest.fixture(scope="module")
def pair_pool(groups):
    return PairBatches(groups, CFG, capacity=4, batch_size=4, window_frames=64, seed=5)


def test_batch_is_a_function_of_seed_and_step(groups, pair_pool):
    again = PairBatches(groups, CFG, capacity=4, batch_size=4, window_frames=64, seed=5)
    for step in (0, 7):
        first, second = pair_pool.batch(step), again.batch(step)
        assert all(torch.equal(first[key], second[key]) for key in first)
    assert not torch.equal(pair_pool.batch(0)["features"], pair_pool.batch(1)["features"])
    again.seed = 6
    assert not torch.equal(pair_pool.batch(0)["features"], again.batch(0)["features"])


def test_windows_of_features_mels_and_truth_are_aligned(groups, pair_pool):
    pop = torch.from_numpy(np.concatenate([g.pop for g in groups])).float() / 32768
    carol = torch.from_numpy(np.concatenate([g.carol for g in groups])).float() / 32768
    features, mels = Features(CFG)(pop).half(), LogMel(CFG)(carol).half()
    batch = pair_pool.batch(3)
    rows, starts = pair_pool.draw(3)
    for i, (row, start) in enumerate(zip(rows, starts[0], strict=True)):
        window = slice(int(start), int(start) + 64)
        assert batch["labels"][i, 0, 6] == start  # the truth says its frame number
        assert torch.equal(batch["features"][i], features[row, window])
        assert torch.equal(batch["carol_mel"][i], mels[row, window])


def test_reference_is_another_song_of_the_same_group(pair_pool):
    assert pair_pool.style_partner.tolist() == [1, 0, 3, 2]


def test_ranks_partition_the_batch(groups, pair_pool):
    waves = WaveBatches(groups, CFG, capacity=4, batch_size=4, window_frames=64, seed=5)
    for pool in (pair_pool, waves):
        whole = pool.batch(2)
        parts = [pool.batch(2, rank, 3) for rank in range(3)]
        assert all(
            torch.equal(torch.cat([part[key] for part in parts]), whole[key]) for key in whole
        )


def test_a_full_pool_makes_room_by_dropping_the_oldest(groups):
    pool = PairBatches(made_up_groups(3, seed=1), CFG, capacity=4, batch_size=2, window_frames=32)
    third = made_up_groups(3, seed=1)[2]
    assert pool.filled == 4 and np.array_equal(pool.labels[:2, :, 0].numpy(), third.labels[..., 0])


def test_an_empty_pool_names_the_way_out():
    with pytest.raises(ValueError, match="kcarol corpus"):
        PairBatches([], CFG, capacity=2, batch_size=1, window_frames=32)


def test_an_error_while_filling_reaches_the_trainer():
    def broken():
        yield made_up_groups(1)[0]
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        PairBatches(broken(), CFG, capacity=4, batch_size=2, window_frames=32)


def test_vocoder_batches_have_the_length_of_their_frames(groups):
    wave = WaveBatches(groups, CFG, capacity=4, batch_size=3, window_frames=33).batch(0)["wave"]
    assert wave.shape == (3, 32 * CFG.hop_length)


def test_build_goes_on_where_it_stopped(monkeypatch, tmp_path):
    asked = []

    def rendered(seeds, cfg, jobs):
        for seed in seeds:
            asked.append(seed)
            yield seed, made_up_groups(1, seed=seed)[0]

    monkeypatch.setattr(rendering, "rendered_shards", rendered)
    two_pairs_hours = 2 * ROW_FRAMES / CFG.frame_rate / 3600
    assert build(tmp_path, two_pairs_hours, seed=10, jobs=1)[0] == 2
    finished = next(tmp_path.iterdir()).stat().st_mtime_ns
    assert build(tmp_path, 2 * two_pairs_hours, seed=10, jobs=1)[0] == 2
    assert asked == [10, 11] and finished in [
        path.stat().st_mtime_ns for path in tmp_path.iterdir()
    ]
    assert build(tmp_path, 2 * two_pairs_hours, seed=10, jobs=1)[0] == 0
    loaded = list(stored_shards(tmp_path))
    assert [
        np.array_equal(g.pop, made_up_groups(1, seed=10 + i)[0].pop) for i, g in enumerate(loaded)
    ] == [True, True]


# --- what comes with the project
# -------------------------------------------------------------------------------------


def test_pair_set_fills_a_pool():
    groups = load_pair_set(DATA / "pairs" / "train")
    pool = PairBatches(groups, CFG, capacity=2 * len(groups), batch_size=2, window_frames=128)
    batch = pool.batch(0)
    assert pool.filled == 2 * len(groups) and torch.isfinite(batch["features"]).all()


def test_demo_labels_agree_with_what_is_stored_beside_the_demo_carols():
    stored = load_labels(DATA / "demo_carols" / "labels.safetensors")
    for title, song in DEMO_SONGS.items():
        name = file_name(title)
        events = json.loads((DATA / "demo_carols" / f"{name}.truth.json").read_text())
        assert events == label_events(song)
        labels = demo_labels(title)
        # shares may be rounded to the next unit on another machine
        assert np.abs(labels.packed() - stored[name]).max() <= 1
        assert len(np.flatnonzero(labels.beat)) == len(events["beats_s"])
        assert [labels.tune[round((a + b) / 2 * CFG.frame_rate)] for a, b, _ in events["tune"]] == [
            p for *_, p in events["tune"]
        ]


def test_demo_files_are_small_stereo_and_as_long_as_their_sheets():
    import soundfile

    songs = sorted((DATA / "raw" / "kpop").iterdir())
    assert len(songs) == 6 and {path.suffix for path in songs} == {".mp3", ".ogg"}
    lengths = {
        file_name(song.sheet.title): DemoSong.of(song).length_s
        for song in (*DEMO_SONGS.values(), demo_carol())
    }
    for path in [*songs, *(DATA / "raw" / "carol").iterdir()]:
        info = soundfile.info(path)
        assert path.stat().st_size < 1 << 20 and (info.samplerate, info.channels) == (44_100, 2)
        assert 30 <= info.duration <= 60 and abs(info.duration - lengths[path.stem]) < 0.1
