"""Facts about decisions: perfect hearing gives back the truth, poor hearing something regular."""

import numpy as np
import pytest
import torch

from kcarol.config import AudioConfig
from kcarol.corpus.arrangement import carol
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.dataset.labels import unpack
from kcarol.model.content import N_PITCHES, TUNE_CENTRE
from kcarol.model.logits import HEADS
from kcarol.transcription.decoding import (
    REST,
    DecodingConfig,
    bar_positions,
    decode,
    find_beats,
    find_chords,
    find_strokes,
    find_tune,
    half_beats,
    note_shares,
    peaks,
    places,
    register_shift,
    with_confidence,
)
from kcarol.transcription.lead_sheet import TimeGrid

AUDIO, CFG = AudioConfig(), DecodingConfig()
SONGS = {"Silent Night": 3, "Deck the Halls": 4, "The First Noel": 3, "Joy to the World": 4}


def test_the_register_is_that_in_which_carols_are_arranged():
    assert TUNE_CENTRE == carol.TUNE_CENTRE


def truth_of(title, drift=0.0, seed=0):
    sheet = tune(title)
    grid = TimeGrid.of(sheet, np.random.default_rng(seed) if drift else None, drift)
    return sheet_labels(
        sheet, grid, AUDIO, AUDIO.n_frames(round(min(grid.length_s, 40) * AUDIO.sample_rate))
    )


def logits_of(labels, firm=6.0, noise=0.0, seed=0):
    """What perfect heads would say, with noise on top."""
    t = unpack(torch.from_numpy(labels.packed()))
    one_hot, content = torch.nn.functional.one_hot, t.content
    said = {
        "tune": one_hot(t.tune, N_PITCHES + 1),
        "bass": one_hot(t.bass, 13),
        "onset": content.onset,
        "chord": content.chord,
        "beat": t.beat,
        "downbeat": t.downbeat,
        "accent": content.accent,
    }
    rng = np.random.default_rng(seed)
    logits = {name: ((2 * share.float() - 1) * firm).numpy() for name, share in said.items()}
    logits["energy"] = torch.logit(content.energy.clamp(1e-3, 1 - 1e-3)).numpy()
    return {
        name: (x + noise * rng.standard_normal(x.shape)).astype(np.float16)
        for name, x in logits.items()
    }


@pytest.fixture(scope="module", params=SONGS)
def song(request):
    labels = truth_of(request.param)
    return SONGS[request.param], labels, decode(logits_of(labels), AUDIO)


def test_of_sure_logits_the_weighed_content_is_the_decided_one(song):
    _, labels, transcription = song
    told = with_confidence(transcription, logits_of(labels, firm=12.0))
    for name, value in vars(transcription.content).items():
        differs = (getattr(told, name) - value).abs() > 0.05
        assert differs.float().mean() < 0.01, name


def test_doubts_are_told_and_weaker_marks_beside_the_chosen_ones():
    logits = logits_of(truth_of("Joy to the World"), firm=1.5, noise=1.0)
    transcription = decode(logits, AUDIO)
    told = with_confidence(transcription, logits)
    for field in vars(told).values():
        assert field.dtype == torch.float32 and field.abs().max() <= 1
    assert (
        torch.equal(told.phase, transcription.content.phase)
        and not told.tune[transcription.content.tune == 0].any()
    )
    sung = told.tune.sum(-1)[torch.from_numpy(transcription.tune >= 0)]
    assert 0 < sung.min() and sung.max() < 0.9
    assert not told.onset[transcription.content.onset == 0].any()
    doubted = (told.chord > 0) & (told.chord < 0.9)
    assert doubted.float().mean() > 0.1 and told.accent[transcription.content.accent == 0].any()
    for start, stop in half_beats(transcription.beats, len(told.chord)):
        assert torch.equal(
            told.chord[start:stop], told.chord[start : start + 1].expand(stop - start, -1)
        )


def test_perfect_hearing_gives_back_the_tune(song):
    _, labels, transcription = song
    assert np.array_equal(transcription.tune, labels.tune)
    assert transcription.tune_shift % 12 == 0
    assert torch.equal(transcription.content.tune.sum(-1) > 0, torch.from_numpy(labels.tune >= 0))


def test_perfect_hearing_gives_back_every_onset(song):
    _, labels, transcription = song
    assert np.array_equal(
        np.flatnonzero(transcription.content.onset[:, 0]), np.flatnonzero(labels.onset)
    )


def test_perfect_hearing_gives_back_chords_and_bass(song):
    _, labels, transcription = song
    wanted = labels.content()
    for name in ("chord", "bass"):
        same = (getattr(transcription.content, name) == getattr(wanted, name)).all(-1)
        assert same.float().mean() > 0.99, name


def test_perfect_hearing_gives_back_every_beat_within_a_frame(song):
    _, labels, transcription = song
    beats = np.flatnonzero(labels.beat)
    nearest = np.abs(beats[:, None] - transcription.beats[None]).min(1)
    assert nearest.max() <= 1
    # the song may ring on after the last beat
    assert len(transcription.beats[transcription.beats <= beats[-1] + 1]) == len(beats)


def test_perfect_hearing_gives_back_the_metre_and_the_bars(song):
    metre, labels, transcription = song
    downbeats = np.flatnonzero(labels.downbeat)
    found = transcription.downbeats[transcription.downbeats <= np.flatnonzero(labels.beat)[-1] + 1]
    assert len(found) == len(downbeats) and np.abs(found - downbeats).max() <= 1
    assert (
        np.median(np.diff(np.searchsorted(transcription.beats, transcription.downbeats))) == metre
    )


def test_perfect_hearing_gives_back_the_phases(song):
    _, labels, transcription = song
    inside = slice(0, int(np.flatnonzero(labels.beat)[-1]))
    error = (transcription.content.phase - labels.content().phase)[inside].abs()
    assert error.max() < 0.45 and error.mean() < 0.05  # a frame is 0.3 of a radian of a fast beat


def test_perfect_hearing_gives_back_accents_and_energy(song):
    _, labels, transcription = song
    assert np.array_equal(transcription.content.accent[:, 0] > 0, labels.accent)
    assert np.abs(transcription.content.energy[:, 0].numpy() - labels.energy).mean() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_noisy_hearing_of_a_wandering_tempo_still_gives_tune_and_beats(seed):
    labels = truth_of("Deck the Halls", drift=0.01, seed=seed)
    transcription = decode(logits_of(labels, firm=3.0, noise=1.0, seed=seed), AUDIO)
    beats = np.flatnonzero(labels.beat)
    nearest = np.abs(beats[:, None] - transcription.beats[None]).min(1)
    assert (nearest <= 3).mean() > 0.95 and abs(len(transcription.beats) - len(beats)) <= 2
    assert (transcription.tune == labels.tune).mean() > 0.9


def bars_at(marks, like):
    """The downbeat head's activation where bars begin at `marks`."""
    activation = np.full(len(like), 0.02)
    activation[marks] = 0.8
    return activation


@pytest.mark.parametrize("bpm", [62, 84, 100, 128, 150, 176])
def test_beats_are_found_at_any_usual_tempo(bpm):
    period = 60 / bpm * AUDIO.frame_rate
    marks = np.round(np.arange(5, 1800, period)).astype(int)
    activation = np.full(1800, 0.02)
    activation[marks] = 0.9
    found = find_beats(activation, bars_at(marks[::4], activation), AUDIO, CFG)
    assert len(found) == len(marks) and np.abs(found - marks).max() <= 1


def test_beats_go_on_through_an_intro_a_break_and_an_ending_without_any():
    marks = np.arange(6, 3000, 32)
    activation = np.full(3000, 0.02)
    activation[[m for m in marks if 500 < m < 1200 or 1700 < m < 2500]] = 0.9
    found = find_beats(activation, bars_at(marks[::4], activation), AUDIO, CFG)
    assert len(found) == len(marks) and np.abs(found - marks).max() <= 1


def test_beats_follow_a_tempo_that_rises_by_a_tenth():
    marks = np.cumsum(np.linspace(36, 32, 60)).round().astype(int)
    activation = np.full(2200, 0.05)
    activation[marks] = 0.8
    found = find_beats(activation, bars_at(marks[::4], activation), AUDIO, CFG)
    assert np.abs(marks[:, None] - found[None]).min(1).max() <= 1


@pytest.mark.parametrize("first", [5, 27])
def test_eighths_are_no_beats_where_they_are_fast_and_weaker(first):
    beats, activation = np.arange(first, 2400, 44), np.full(2400, 0.02)
    activation[5::22], activation[beats] = 0.5, 0.9  # 170 a minute, every other one stronger
    found = find_beats(activation, bars_at(beats[::4], activation), AUDIO, CFG)
    inner = found[(found > 100) & (found < 2300)]
    assert np.median(np.diff(inner)) == 44 and np.abs(inner[:, None] - beats).min(1).max() <= 1


def test_weak_strokes_on_the_off_beats_do_not_double_the_tempo():
    activation = np.full(1800, 0.02)
    activation[5::30], activation[20::30] = 0.9, 0.3
    bars = bars_at(np.arange(5, 1800, 120), activation)
    assert np.abs(find_beats(activation, bars, AUDIO, CFG) - np.arange(5, 1800, 30)).max() <= 1


@pytest.mark.parametrize("bar, tempo", [(4, 1), (8, 2)])
def test_beats_of_which_only_every_eighth_begins_a_bar_are_eighths(bar, tempo):
    marks, activation = np.arange(5, 2400, 26), np.full(2400, 0.02)
    # 144 a minute, hardly one stronger than the next
    activation[marks], activation[marks[::2]] = 0.85, 0.92
    found = find_beats(activation, bars_at(marks[::bar], activation), AUDIO, CFG)
    assert (
        np.median(np.diff(found)) == 26 * tempo
        and np.abs(found[:, None] - marks[::tempo]).min(1).max() <= 1
    )


def test_without_beats_the_grid_is_even():
    beats = find_beats(np.zeros(1000), np.zeros(1000), AUDIO, CFG)
    assert np.ptp(np.diff(beats)) <= 1
    assert np.isclose(np.diff(beats).mean(), 60 / CFG.fallback_bpm * AUDIO.frame_rate, rtol=0.03)


@pytest.mark.parametrize("n_frames", [1, 2, 5, 37, 60, 250, 251])
@pytest.mark.parametrize("seed", [0, 1])
def test_hearing_of_any_length_and_any_nonsense_gives_content_of_that_length(n_frames, seed):
    rng = np.random.default_rng(seed)
    transcription = decode(
        {name: rng.normal(0, 3, (n_frames, n)).astype(np.float16) for name, n in HEADS.items()},
        AUDIO,
    )
    assert {name: len(x) for name, x in vars(transcription.content).items()} == dict.fromkeys(
        vars(transcription.content), n_frames
    )
    for x in vars(transcription.content).values():
        assert torch.isfinite(x).all() and x.abs().max() <= 1
    assert (transcription.beats < n_frames).all() and (np.diff(transcription.beats) > 0).all()
    circle = (
        transcription.content.phase[:, :2].square() + transcription.content.phase[:, 2:].square()
    )
    assert torch.allclose(circle, torch.ones_like(circle), atol=1e-5)


def test_a_decision_is_the_same_twice():
    logits = logits_of(truth_of("Silent Night"), noise=2.0)
    one, two = decode(logits, AUDIO), decode(logits, AUDIO)
    assert all(
        torch.equal(a, b)
        for a, b in zip(vars(one.content).values(), vars(two.content).values(), strict=True)
    )


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_bars_are_counted_from_the_downbeats(metre, first):
    beats = np.arange(0, 40) * 30
    downbeat = np.full(1300, 0.05)
    downbeat[beats[first::metre]] = 0.9
    position, found = bar_positions(downbeat, beats, CFG)
    assert found == metre and np.array_equal(position, (np.arange(40) - first) % metre)


def test_a_bar_that_is_a_beat_short_shifts_the_count_once():
    beats = np.arange(0, 64) * 30
    firsts = np.concatenate([np.arange(0, 32, 4), np.arange(35, 64, 4)])
    downbeat = np.full(2000, 0.02)
    downbeat[beats[firsts]] = 0.98
    position, metre = bar_positions(downbeat, beats, CFG)
    assert metre == 4 and np.array_equal(np.flatnonzero(position == 0), firsts)


def test_unclear_bars_are_counted_in_fours():
    assert bar_positions(np.full(1000, 0.3), np.arange(0, 30) * 30, CFG)[1] == 4


def test_a_single_beat_still_has_a_bar_of_four():
    position, metre = bar_positions(np.full(20, 0.9), np.array([0]), CFG)
    _, bar = places(np.array([0]), position, metre, 20)
    assert metre == 4 and bar.max() < 0.26


def test_places_rise_from_0_to_1_and_go_on_beyond_the_beats():
    beat, bar = places(np.array([20, 50, 80, 110, 140]), np.array([0, 1, 2, 3, 0]), 4, 200)
    assert (
        beat[20] == beat[50] == beat[170] == 0
        and np.isclose(beat[35], 0.5)
        and np.isclose(beat[5], 0.5)
    )
    assert bar[20] == bar[140] == 0 and np.isclose(bar[80], 0.5) and np.isclose(bar[5], 0.875)
    assert ((bar >= 0) & (bar < 1)).all()


def test_half_beats_cover_every_frame_once():
    spans = half_beats(np.array([7, 37, 68]), 100)
    assert spans[0][0] == 0 and spans[-1][1] == 100
    assert all(a[1] == b[0] for a, b in zip(spans[:-1], spans[1:], strict=True))
    assert {start for start, _ in spans} >= {7, 22, 37, 68}


def strokes_of(groove, strong, weak, bars=12, late=0):
    """Of steady bars of four beats, a groove (n, 8) or (8,): how likely each eighth is struck,
    (bars, 8), and the groove.

    `strong`, `weak`: the activation on strokes and beside them, one for all or one for each eighth
    but the last.
    """
    beats = np.arange(4 * bars) * 30
    struck = np.resize(groove, (bars, 8)).astype(bool)
    frames = (np.arange(8 * bars) * 15 + np.arange(8 * bars) % 2 * late)[:-1]
    activation = np.zeros(frames[-1] + 40)
    activation[frames] = np.where(struck.ravel()[:-1], strong, weak)
    strokes = find_strokes(activation, beats, np.arange(len(beats)) % 4, 4, CFG)
    assert not np.delete(strokes, frames).any()
    return np.append(strokes[frames], struck[-1, -1]).reshape(bars, 8), struck


GROOVE = [1, 0, 0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("strong, weak", [(0.95, 0.6), (0.75, 0.05), (0.8, 0.4)])
@pytest.mark.parametrize("late", [0, 5])
def test_strokes_stand_out_of_what_lies_beside_them_also_swung(strong, weak, late):
    found, struck = strokes_of(GROOVE, strong, weak, late=late)
    assert np.array_equal(found > 0.5, struck)


def test_a_stroke_is_likelier_the_surer_it_is_heard_and_the_less_lies_beside_it():
    of = lambda *levels: strokes_of(GROOVE, *levels)[0][:-1, [0, 3, 6]].min()  # noqa: E731
    assert of(0.9, 0.1) > of(0.7, 0.1) > of(0.7, 0.35) > of(0.4, 0.1)


def test_one_bar_that_is_not_heard_is_struck_as_the_bars_around():
    strong = np.full((12, 8), 0.9)
    strong[5] = 0.5
    found, struck = strokes_of(GROOVE, strong.ravel()[:-1], 1 - strong.ravel()[:-1])
    assert np.array_equal(found > 0.5, struck)


def test_a_new_groove_is_followed():
    grooves = np.repeat([GROOVE, [1, 0, 1, 0, 1, 0, 1, 0]], 20, axis=0)
    found, struck = strokes_of(grooves, 0.8, 0.2, bars=40)
    assert np.array_equal(
        np.delete(found > 0.5, range(16, 24), axis=0), np.delete(struck, range(16, 24), axis=0)
    )


@pytest.mark.parametrize("strong, weak, all_struck", [(0.85, 0.8, True), (0.3, 0.2, False)])
def test_eighths_that_sound_alike_are_struck_alike(strong, weak, all_struck):
    assert ((strokes_of(GROOVE, strong, weak)[0][:-1] > 0.5) == all_struck).all()


def test_a_span_has_two_to_four_pitch_classes_or_silence():
    probability = np.full((30, 12), 0.1, np.float32)
    probability[:10, :6] = 0.9
    probability[10:20, [0, 4]] = 0.9
    chords = find_chords(probability, [(0, 10), (10, 20), (20, 30)], CFG)
    assert [int(chords[i].sum()) for i in (0, 10, 20)] == [4, 2, 0]


def test_notes_shorter_than_the_shortest_are_no_tune():
    logits = np.full((40, N_PITCHES + 1), -8.0)
    logits[:, REST] = 8
    logits[10:12, [20, REST]] = [8, -8]
    logits[20:30, [25, REST]] = [8, -8]
    path, onsets = find_tune(logits, np.zeros(40), AUDIO, CFG)
    assert set(path.tolist()) == {REST, 25} and np.flatnonzero(onsets).tolist() == [20]


def test_a_pitch_sung_again_begins_again():
    logits = np.full((60, N_PITCHES + 1), -8.0)
    logits[:, 30] = 8
    onset = np.zeros(60)
    onset[[0, 30]] = 0.95
    assert np.flatnonzero(find_tune(logits, onset, AUDIO, CFG)[1]).tolist() == [0, 30]


def test_peaks_are_above_the_threshold_and_apart():
    marks = peaks(np.array([0, 0.6, 0.9, 0.6, 0, 0, 0, 0.3, 0, 0, 0, 0.7]), 0.5)
    assert np.flatnonzero(marks).tolist() == [2, 11]


def hearing_of(tune, rest):
    """Logits (F, P + 1) of a hearing that is sure of a tune's classes (F,) but for the share of a
    rest (F,).
    """
    shares = np.full((len(tune), N_PITCHES + 1), 1e-6)
    shares[np.arange(len(tune)), tune] = 1 - rest
    shares[:, REST] = np.where(tune == REST, 1, rest)
    return np.log(shares.clip(1e-6)).astype(np.float32)


def test_a_low_tune_is_raised_by_octaves_and_no_tune_by_none():
    low, silence = np.full(30, 2), np.full(30, REST)  # D2
    assert register_shift(low, hearing_of(low, np.zeros(30))) == 36
    assert register_shift(silence, hearing_of(silence, np.zeros(30))) == 0


def test_notes_that_are_rather_a_rest_do_not_decide_the_register():
    # two notes about D4, five of a bass that stands in for the tune
    tune = np.repeat([26, 28, 2, 4, 2, 4, 2], 10)
    rest = np.repeat([0.1, 0.1, 0.8, 0.8, 0.8, 0.8, 0.8], 10)
    assert register_shift(tune, hearing_of(tune, rest)) == 12
    assert register_shift(tune, hearing_of(tune, np.full(70, 0.8))) == 36


def test_each_note_has_one_share_of_its_own():
    tune, rest = np.repeat([26, REST, 28], 10), np.repeat([0.4, 0.0, 0.1], 10)
    rest[:5] = 0.2
    note, none = note_shares(tune, hearing_of(tune, rest))
    assert np.allclose(note, np.repeat([0.7, 0, 0.9], 10), atol=1e-3)
    assert np.allclose(none, np.repeat([0.3, 0, 0.1], 10), atol=1e-3)
