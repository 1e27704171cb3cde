"""Scores of transcriptions against the right answers."""

from dataclasses import replace

import numpy as np
import pytest

from kcarol.audio.loudness import Loudness
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.corpus.cases.draw import draw_case
from kcarol.dataset.cases import Case, SoundingChord
from kcarol.evaluation.conformance import (
    FRAME_RATE,
    beat_f,
    compare,
    compare_carol,
    evaluate_cases,
    tune_by_frame,
)
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.lead_sheet import Stroke
from kcarol.transcription.song_level import SongLevel
from kcarol.transcription.transcription import Transcription
from kcarol.transcription.tuning import estimate_tuning

RATE = AudioConfig.sample_rate
LENGTH_S = 12.0
TUNE = tuple(Stroke(k, 0.9, 60 + k, 90) for k in range(12))
CHORDS = tuple(
    SoundingChord(2 * k, 2 * k + 2, (root, (root + 4) % 12, (root + 7) % 12))
    for k, root in enumerate((0, 5, 7, 0, 5, 7))
)


def a_case(**changed):
    """Twelve seconds in 3/4 at 120, then in 6/8 at 60."""
    first, second = np.arange(0, 6, 0.5), np.arange(6, 12, 1.0)
    plain = {
        "name": "plain 1",
        "group": "tempo",
        "kind": "plain",
        "wave": np.zeros(int(LENGTH_S * RATE), np.float32),
        "beats_s": np.concatenate([first, second]),
        "positions": np.concatenate([np.arange(12) % 3, np.arange(6) % 2]),
        "metres": np.repeat([3, 2], [12, 6]),
        "divisions": np.repeat([2, 3], [12, 6]),
        "tune": TUNE,
        "chords": CHORDS,
        "tuning_cents": (0.0, 0.0),
        "parts_s": ((0.0, 6.0), (6.0, 12.0)),
    }
    return Case(**plain | changed)


def perfect(case, late_s=0.0, semitones=0, cents=0.0):
    """The transcription that is right in all, moved in time, pitch or tuning."""
    n_frames = AudioConfig().n_frames(len(case.wave))
    tune = tune_by_frame(case, n_frames)
    chord = np.zeros((n_frames, 12), np.float32)
    for sounding in case.chords:
        span = slice(round(sounding.start_s * FRAME_RATE), round(sounding.end_s * FRAME_RATE))
        chord[span, [(c + semitones) % 12 for c in sounding.pitch_classes]] = 0.9
    flat = np.zeros(n_frames, np.float32)
    time_s = np.arange(n_frames) / FRAME_RATE
    return Transcription(
        beats=np.round((case.beats_s + late_s) * FRAME_RATE).astype(int),
        positions=case.positions,
        metres=case.metres,
        divisions=case.divisions,
        tune=np.where(tune >= 0, tune + semitones, -1),
        tune_probability=flat,
        tune_shift=0,
        onset=flat,
        chord=chord,
        bass=np.zeros((n_frames, 12), np.float32),
        strokes=flat,
        energy=flat,
        onset_rate=flat,
        tuning_cents=(case.tuning_at(time_s) + cents).astype(np.float32),
        vowel=np.full(n_frames, NO_VOWEL),
        syllable=np.zeros(n_frames, int),
        level=SongLevel(len(case.wave), Loudness(-20.0, -20.0), flat, flat),
    )


def test_what_is_right_in_all_scores_1():
    figures = compare(perfect(a_case()), a_case())
    assert figures.pop("cents") == 0
    assert set(figures) == {"beat", "beat_min", "downbeat", "metre", "tune", "chord"}
    assert all(value == 1 for value in figures.values())


def test_beats_between_the_beats_score_0():
    figures = compare(perfect(a_case(), late_s=0.2), a_case())
    assert figures["beat"] == figures["beat_min"] == figures["downbeat"] == 0
    assert figures["tune"] == 1


def test_70_ms_late_is_right():
    right_s = np.arange(10.0)
    assert beat_f(right_s, right_s + 0.069) == 1 and beat_f(right_s, right_s + 0.075) == 0
    assert beat_f(right_s, np.zeros(0)) == 0


def test_the_worst_part_counts():
    case = a_case()
    wrong = perfect(case)
    halved = np.concatenate([wrong.beats[:12], wrong.beats[12:] + 30])
    figures = compare(replace(wrong, beats=halved), case)
    assert figures["beat_min"] == 0 and 0.6 < figures["beat"] < 0.7


def test_what_is_told_between_the_parts_does_not_count():
    case = a_case(parts_s=((0.0, 5.0), (6.0, 12.0)))
    heard = perfect(case)
    extra = np.round(np.array([5.2, 5.3, 5.7]) * FRAME_RATE).astype(int)
    beats = np.sort(np.concatenate([heard.beats, extra]))
    ones = np.ones(len(beats), int)
    heard = replace(heard, beats=beats, positions=ones, metres=2 * ones, divisions=2 * ones)
    assert compare(heard, case)["beat"] == 1


def test_a_metre_counts_with_its_division():
    case = a_case()
    straight = replace(perfect(case), divisions=np.full(18, 2))
    assert compare(straight, case)["metre"] == pytest.approx(12 / 18)
    assert compare(replace(straight, metres=np.full(18, 4)), case)["metre"] == 0


def test_a_semitone_beside_is_wrong_in_tune_and_right_out_of_tune():
    case = a_case()
    figures = compare(perfect(case, semitones=1), case)
    assert figures["tune"] == figures["chord"] == 0
    flat = a_case(tuning_cents=(45.0, 45.0))
    figures = compare(perfect(flat, semitones=1, cents=-100), flat)
    assert figures["tune"] == figures["chord"] == 1 and figures["cents"] < 1e-3


def test_octaves_are_no_matter():
    case = a_case()
    assert compare(perfect(case, semitones=12), case)["tune"] == 1


def test_cents_are_told_within_a_semitone():
    case = a_case(tuning_cents=(-48.0, -48.0))
    assert compare(perfect(case, cents=30), case)["cents"] == pytest.approx(30, abs=1e-3)
    assert compare(perfect(case, cents=95), case)["cents"] == pytest.approx(5, abs=1e-3)


def test_a_tune_where_there_is_none_is_invented():
    noise = a_case(tune=(), chords=(), parts_s=(), beats_s=np.zeros(0), positions=np.zeros(0, int))
    heard = perfect(a_case())
    assert set(compare(heard, noise)) == {"invented"}
    assert compare(heard, noise)["invented"] == pytest.approx(0.9, abs=0.02)
    silent = replace(heard, tune=np.full(len(heard), -1))
    assert compare(silent, noise)["invented"] == 0


def test_a_carol_is_measured_in_rests_and_in_its_tuning():
    t = np.arange(int(LENGTH_S * RATE)) / RATE
    carol = sum(np.sin(2 * np.pi * 440 * k * 2 ** (20 / 1200) * t) / k for k in (1, 2, 3))
    rested = (carol * ((t < 4) | (t > 8))).astype(np.float32)
    case = a_case(rests_s=((4.5, 7.5),), tuning_cents=(20.0, 20.0))
    figures = compare_carol(rested, case)
    assert figures["rest_db"] < -60 and figures["carol_cents"] < 3
    figures = compare_carol(carol.astype(np.float32), replace(case, tuning_cents=(-10.0, -10.0)))
    assert abs(figures["rest_db"]) < 1 and figures["carol_cents"] == pytest.approx(30, abs=3)


def test_the_table_has_a_row_for_each_kind_and_one_for_the_group():
    cases = [
        a_case(),
        a_case(name="plain 2"),
        a_case(kind="late"),
        a_case(group="voice", kind="low"),
    ]
    late = iter([0, 0, 0.2, 0])
    table = evaluate_cases(lambda wave: perfect(a_case(), late_s=next(late)), cases)
    rows = [(row["group"], row["kind"], row["n"], row["beat"]) for row in table.rows]
    assert rows[0] == ("tempo", "plain", 2, 1) and rows[1] == ("tempo", "late", 1, 0)
    assert rows[2][:3] == ("tempo", "(all)", 3) and rows[2][3] == pytest.approx(2 / 3)
    assert rows[3] == ("voice", "low", 1, 1) and len(rows) == 4


def test_no_case_is_an_error():
    with pytest.raises(ValueError, match="found none"):
        evaluate_cases(perfect, [])


@pytest.fixture(scope="module")
def shipped():
    return Converter.load(device="cpu")


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("step", {"beat_min": 0.9}),
        ("glide", {"beat_min": 0.9}),
        ("medley", {"beat_min": 0.9}),
        ("without drums", {"beat_min": 0.9}),
        ("short", {"beat": 0.75}),
        ("3/4", {"downbeat": 0.8, "metre": 0.9}),
        ("5/4", {"downbeat": 0.8, "metre": 0.9}),
        ("12/8", {"beat": 0.9, "downbeat": 0.8}),
        ("40 to 50 cents", {"tune": 0.9, "chord": 0.8}),
        ("wide vibrato", {"tune": 0.8}),
        ("high voice", {"tune": 0.8}),
    ],
)
def test_the_shipped_weights_hear(shipped, kind, least):
    case = draw_case(kind, 0)
    figures = compare(shipped.transcribe(case.wave), case)
    assert all(figures[name] >= value for name, value in least.items()), figures


def test_the_shipped_weights_play_in_the_songs_tuning_and_rest_with_it(shipped):
    flat, paused = draw_case("40 to 50 cents", 0), draw_case("pause", 0)
    for case in (flat, paused):
        figures = compare_carol(shipped.mono_carol(case.wave), case)
        assert figures.get("carol_cents", 0) < 10 and figures.get("rest_db", -100) < -50, figures


def test_half_a_carol_lies_in_tune_under_its_song(shipped):
    """What the mix holds beside the song is the carol, a third of a semitone below A440."""
    song = draw_case("A = 432 Hz", 0).wave
    mix = shipped.mono_carol(song, strength=0.5)
    carol = mix - np.vdot(mix, song) / np.vdot(song, song) * song
    assert np.median(estimate_tuning(carol)) == pytest.approx(-31.8, abs=8)


def test_a_carol_for_comparison_is_at_a440_whatever_the_songs_tuning(shipped):
    song = draw_case("A = 432 Hz", 0).wave
    assert np.abs(estimate_tuning(shipped.carol_at_a440(song, "bells"))).max() < 8
