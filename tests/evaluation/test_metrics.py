"""Facts about the metrics and the evaluation table, on sounds whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kcarol.audio.encoding import save_audio
from kcarol.config import AudioConfig
from kcarol.evaluation import baselines as anchors
from kcarol.evaluation import evaluate as evaluation
from kcarol.evaluation import metrics
from kcarol.evaluation.report import Table

RATE = metrics.SAMPLE_RATE


def tones(pitches: list[list[int]], note_s: float = 0.5, decay_s: float = 0.3) -> np.ndarray:
    """Chords of struck tones with three partials, one after the other: (T,) float32."""
    t = np.arange(int(note_s * RATE)) / RATE
    envelope = np.exp(-t / decay_s) * np.minimum(1, t / 0.005)
    hz = [[440 * 2 ** ((midi - 69) / 12) for midi in chord] for chord in pitches]
    notes = [
        sum(np.sin(2 * np.pi * f * k * t) / k for f in chord for k in (1, 2, 3)) * envelope
        for chord in hz
    ]
    return metrics.set_level(np.concatenate(notes))


TUNE = [72, 74, 76, 77, 79, 77, 76, 74, 72, 76, 79, 84]
# below the tune register, their partials too
CHORDS = [[48, 52, 55], [41, 45, 48], [43, 47, 50]] * 4


@pytest.fixture(scope="module")
def song() -> np.ndarray:
    return tones([[note, *chord] for note, chord in zip(TUNE, CHORDS, strict=True)])


@pytest.fixture(scope="module")
def song_chroma(song) -> np.ndarray:
    return metrics.chromagram(song)


def truth_of(n_frames: int, note_s: float = 0.5) -> SimpleNamespace:
    """Ground truth of `song`, at hop 256."""
    index = np.minimum(
        (np.arange(n_frames) * metrics.TRUTH_HOP / RATE / note_s).astype(int), len(TUNE) - 1
    )
    classes = [np.isin(np.arange(12), np.array(chord) % 12) for chord in CHORDS]
    onset = np.r_[True, np.diff(index) > 0]
    return SimpleNamespace(
        tune=np.array(TUNE)[index], onset=onset, chord=np.array(classes)[index], beat=onset
    )


# --- content ---


def test_chroma_similarity_of_a_copy_is_one(song_chroma):
    assert metrics.chroma_similarity(song_chroma, song_chroma) == pytest.approx(1, abs=1e-5)


def test_chroma_similarity_of_a_flat_output_is_zero(song_chroma):
    assert metrics.chroma_similarity(song_chroma, np.ones_like(song_chroma)) == pytest.approx(
        0, abs=1e-6
    )


def test_chroma_similarity_is_not_fooled_by_noise(song_chroma, song):
    noise = metrics.chromagram(
        np.random.default_rng(0).normal(0, 0.1, len(song)).astype(np.float32)
    )
    assert abs(metrics.chroma_similarity(song_chroma, noise)) < 0.15


def test_chroma_similarity_falls_when_the_song_is_transposed(song_chroma):
    assert metrics.chroma_similarity(song_chroma, np.roll(song_chroma, 1, axis=0)) < 0.2


def test_silent_source_frames_do_not_count(song_chroma):
    with_pause = np.concatenate([song_chroma, np.zeros((12, 50), np.float32)], axis=1)
    assert metrics.chroma_similarity(with_pause, with_pause) == pytest.approx(1, abs=1e-5)


def test_retrieval_is_mean_reciprocal_rank():
    matrix = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.3, 0.4, 0.2]])
    assert metrics.retrieval(matrix) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert metrics.retrieval(matrix, np.array([0, 0, 1])) == pytest.approx(1)


def test_constant_output_is_no_better_than_the_last_rank():
    assert metrics.retrieval(np.zeros((4, 4))) == pytest.approx(1 / 4)


def test_retrieval_chance_as_in_the_design():
    assert round(metrics.retrieval_chance(11), 2) == 0.27
    assert round(metrics.retrieval_chance(15), 2) == 0.22


def sung(shift: int = 0) -> list[metrics.SungNote]:
    return [metrics.SungNote(0.5 * i, 0.5, pitch + shift) for i, pitch in enumerate(TUNE[:-1])]


def test_notes_that_are_played_are_found_and_moved_ones_are_not():
    chroma = metrics.chromagram(tones([[note] for note in TUNE]))
    assert metrics.note_at_k(chroma, sung(), 1)["note"] == 1
    assert metrics.note_at_k(chroma, sung(12), 1)["note"] == 1  # octaves do not matter
    assert metrics.note_at_k(chroma, sung(1), 1)["note"] == 0
    assert metrics.note_at_k(chroma, sung(), 1)["const"] < 0.5


def test_a_drone_has_no_more_note_than_const():
    chroma = np.tile(np.linspace(0, 1, 12)[:, None], (1, 400))
    found = metrics.note_at_k(chroma, sung(), 3)
    assert found["note"] == found["const"]


def test_flat_chroma_hits_no_note_and_shift_is_the_mean_of_all_other_classes(song_chroma):
    assert metrics.note_at_k(np.ones((12, 400)), sung(), 3) == {"note": 0, "shift": 0, "const": 0}
    found = metrics.note_at_k(song_chroma, sung(), 3)
    assert found["shift"] == pytest.approx((3 - found["note"]) / 11)


def test_notes_beyond_the_sound_are_left_out():
    late = [metrics.SungNote(100.0, 1.0, 60)]
    assert np.isnan(metrics.note_at_k(np.ones((12, 100)), late, 3)["note"])


# --- UltraStar ---


def test_ultrastar_times_and_pitches(tmp_path):
    path = tmp_path / "song.ultrastar.txt"
    path.write_text(
        "#TITLE:x\n#BPM:300,0\n#GAP:1000\n: 0 4 0 La\n* 8 2 -3 la\n- 12\nF 20 2 0 (talk)\nE\n"
    )
    assert metrics.read_ultrastar(path) == [
        metrics.SungNote(pytest.approx(1.07), pytest.approx(0.2), 60),
        metrics.SungNote(pytest.approx(1.47), pytest.approx(0.1), 57),
    ]


def test_relative_ultrastar_lines_count_from_their_own_start(tmp_path):
    path = tmp_path / "song.txt"
    path.write_text("#BPM:150\n#RELATIVE:YES\n: 0 4 0 La\n- 8 10\n: 0 4 0 la\n: 4 1 2 la\nE\n")
    assert [round(note.start_s, 2) for note in metrics.read_ultrastar(path)] == [0.07, 1.07, 1.47]


@pytest.mark.parametrize(
    ("text", "said"), [("#GAP:0\n: 0 1 0 a", "BPM"), ("#BPM:120\n: 0 one 0 a", ":2: expected")]
)
def test_what_is_not_ultrastar_is_named_with_its_line(tmp_path, text, said):
    (tmp_path / "bad.txt").write_text(text)
    with pytest.raises(ValueError, match=said):
        metrics.read_ultrastar(tmp_path / "bad.txt")


# --- time ---


def test_onset_correlation_of_a_copy_is_one_within_the_lag_and_low_beyond():
    envelope = np.random.default_rng(0).random(500).astype(np.float32)
    assert metrics.onset_correlation(envelope, envelope) == pytest.approx(1)
    assert metrics.onset_correlation(envelope, np.roll(envelope, 2)) == pytest.approx(1)
    assert metrics.onset_correlation(np.roll(envelope, 2), envelope) == pytest.approx(1)
    assert metrics.onset_correlation(envelope, np.roll(envelope, 5)) < 0.3


def test_onset_correlation_with_a_constant_is_zero():
    assert metrics.onset_correlation(np.random.default_rng(0).random(50), np.ones(50)) == 0


def test_onset_f_of_a_copy_is_one_and_of_silence_zero(song):
    assert metrics.onset_f(song, song) == 1
    assert metrics.onset_f(song, np.zeros_like(song)) == 0


def test_beats_within_70_ms_agree():
    beats = np.arange(5, 30, 0.5)
    assert metrics.beat_f(beats, beats + 0.05) == 1
    assert metrics.beat_f(beats, beats + 0.2) == 0


def test_chords_of_known_triads_are_named_and_agree():
    chroma = metrics.chromagram(
        tones([[48, 52, 55], [45, 48, 52], [53, 57, 60]], note_s=2, decay_s=2)
    )
    edges = np.array([0.2, 1.8, 3.8, 5.8])
    assert metrics.chord_labels(chroma, edges)[0::2] == ["C:maj", "F:maj"]
    assert metrics.chord_labels(chroma, edges)[1] == "A:min"
    assert metrics.chord_agreement(chroma, chroma, np.arange(0, 6, 0.5)) == 1
    assert metrics.chord_agreement(chroma, np.roll(chroma, 1, axis=0), np.arange(0, 6, 0.5)) == 0


# --- blur and seams ---


def test_blur_lowers_crest(song):
    noise = np.random.default_rng(0).normal(0, 0.1, len(song)).astype(np.float32)
    assert metrics.crest_db(song) > metrics.crest_db(song + noise) + 6
    assert metrics.crest_db(noise) < 15
    assert np.isnan(metrics.crest_db(np.zeros(RATE, np.float32)))


def test_struck_tones_have_more_attack_than_noise(song):
    noise = np.random.default_rng(0).normal(0, 0.1, len(song)).astype(np.float32)
    assert metrics.attack(metrics.onset_envelope(song)) > 2 * metrics.attack(
        metrics.onset_envelope(noise)
    )


def test_a_cut_shows_as_a_seam_and_a_steady_sound_does_not():
    t = np.arange(4 * RATE) / RATE
    steady = (
        0.1 * np.sin(2 * np.pi * 440 * t) + np.random.default_rng(0).normal(0, 0.01, len(t))
    ).astype(np.float32)
    cut = np.where(t < 2, steady, 0.1 * np.sin(2 * np.pi * 1320 * t)).astype(np.float32)
    assert metrics.seam_ratio(steady, [2.0]) == pytest.approx(1, abs=0.2)
    assert metrics.seam_ratio(cut, [2.0]) > 2
    assert np.isnan(metrics.seam_ratio(steady, []))


# --- style ---


@pytest.fixture(scope="module")
def reference() -> metrics.StyleReference:
    rng = np.random.default_rng(0)
    return metrics.StyleReference.fit(rng.normal(1, 1, (80, 69)), rng.normal(0, 1, (60, 69)))


def test_style_is_one_for_pop_and_near_zero_for_carols(reference):
    assert reference.style(reference.pop) == pytest.approx(1)
    assert reference.style(reference.carol) == pytest.approx(0, abs=1e-9)
    assert reference.p_carol(reference.carol) > 0.9 > 0.1 > reference.p_carol(reference.pop)


def test_farthest_names_what_was_moved(reference):
    moved = reference.carol.copy()
    moved[:, metrics.style_names().index("percussive")] += 9
    name, z = reference.farthest(moved)[0]
    assert name == "percussive" and z > 3


def test_style_windows_have_69_named_values_and_leave_silence_out(song):
    assert metrics.style_windows(song).shape == (1, 69)
    assert len(metrics.style_names()) == 69
    assert metrics.style_windows(np.zeros(RATE * 10, np.float32)).shape == (0, 69)


def test_style_reference_survives_a_file_and_refuses_another_shape(reference, tmp_path):
    np.savez(tmp_path / "r.npz", pop=reference.pop, carol=reference.carol)
    loaded = metrics.StyleReference.load(tmp_path / "r.npz")
    assert loaded.p_carol(reference.pop) == reference.p_carol(reference.pop)
    np.savez(tmp_path / "bad.npz", pop=reference.pop)
    with pytest.raises(ValueError, match="found no carol"):
        metrics.StyleReference.load(tmp_path / "bad.npz")
    with pytest.raises(ValueError, match="69 values"):
        metrics.StyleReference.fit(reference.pop[:, :5], reference.carol)


# --- known targets ---


def test_mse_ratio_of_the_mean_is_one_and_of_the_target_zero():
    target = np.random.default_rng(0).normal(3, 2, (50, 8))
    mean, std = target.mean(0), target.std(0)
    assert metrics.mse_ratio(
        np.broadcast_to(mean, target.shape), target, mean, std
    ) == pytest.approx(1)
    assert metrics.mse_ratio(target, target, mean, std) == 0


def test_lsd_ignores_level_and_is_zero_for_a_copy(song):
    assert metrics.lsd_db(song, 0.3 * song) == pytest.approx(0, abs=0.01)
    assert (
        metrics.lsd_db(song, np.random.default_rng(0).normal(size=len(song)).astype(np.float32))
        > 10
    )


def test_tune_and_chord_are_found_where_they_are_played(song):
    register, full = metrics.tune_and_full_chroma(song)
    labels = truth_of(register.shape[1])
    assert metrics.tune_share(register, labels.tune, labels.onset) > 0.9
    assert metrics.chord_share(full, labels.chord) > 0.75
    assert metrics.tune_share(register, labels.tune + 1, labels.onset) < 0.2
    assert metrics.chord_share(full, np.roll(labels.chord, 1, axis=1)) < 0.4


def test_a_tune_below_the_register_does_not_count():
    low = tones([[note - 36] for note in TUNE])
    played = tones([[note] for note in TUNE])
    tune = truth_of(1 + len(low) // metrics.TRUTH_HOP).tune
    assert metrics.tune_share(metrics.tune_and_full_chroma(played)[0], tune) == 1
    assert metrics.tune_share(metrics.tune_and_full_chroma(low)[0], tune) < 0.8


def test_no_tune_and_no_chord_is_not_a_number():
    assert np.isnan(metrics.tune_share(np.ones((12, 10)), np.full(10, -1)))
    assert np.isnan(metrics.chord_share(np.ones((12, 10)), np.zeros((10, 12), bool)))


# --- anchors ---


def test_eq_moves_the_mean_spectrum_to_the_target(song):
    bright = np.diff(np.random.default_rng(0).normal(size=len(song) + 1)).astype(np.float32)
    noise = np.random.default_rng(1).normal(size=len(song)).astype(np.float32)
    wanted = anchors.band_levels([bright])[1]
    before, after = (
        np.std(np.log(anchors.band_levels([w])[1] / wanted))
        for w in (noise, anchors.equalised(noise, wanted))
    )
    assert after < 0.2 * before
    assert len(anchors.equalised(song, wanted)) == len(song)


def test_constant_mel_has_the_mel_it_was_given_at_all_times():
    cfg = AudioConfig()
    log_mel = np.linspace(0, -4, cfg.n_mels)
    found = evaluation.log_mel_of(
        anchors.constant_mel(log_mel, 4 * RATE, cfg), evaluation.LogMel(cfg)
    )[8:-8]
    difference = found.mean(axis=0)[4:-4] - log_mel[4:-4]
    assert np.std(difference) < 0.15
    assert metrics.crest_db(anchors.constant_mel(log_mel, 4 * RATE, cfg)) < 25


# --- the table ---


def test_table_keeps_missing_cells_empty_in_every_format(tmp_path):
    other = Table("t", [{"system": "b", "y": float("nan")}])
    table = Table("t", [{"system": "a", "sound": "", "x": 0.5}]).joined(other)
    assert table.columns == ["system", "sound", "x", "y"]
    assert "| a |  | 0.50 | – |" in table.to_markdown()
    assert table.to_csv().splitlines() == ["system,sound,x,y", "a,,0.5,", "b,,,"]
    written = table.write(tmp_path)
    assert json.loads(written[0].read_text())["rows"][1] == {"system": "b", "y": None}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["table.csv", "table.json", "table.md"]
    with pytest.raises(KeyError, match="expected one of"):
        table.find("c")


def test_checked_refuses_what_is_not_a_finite_wave():
    for bad in (np.zeros(0), np.zeros((2, 5)), np.array([0.0, np.nan])):
        with pytest.raises(ValueError, match="song: expected a finite wave"):
            evaluation.checked(bad, "song")


def test_analysis_is_kept_by_content(song, tmp_path, monkeypatch):
    first = evaluation.analyse(song, tmp_path)
    monkeypatch.setattr(evaluation.Analysis, "of", lambda wave: pytest.fail("analysed twice"))
    again = evaluation.analyse(song.copy(), tmp_path)
    assert np.array_equal(first.chroma, again.chroma) and first.crest == again.crest
    assert [p.suffix for p in tmp_path.iterdir()] == [".npz"]


# --- evaluation ---


def pair(shift: int, name: str) -> dict:
    carol = tones(
        [
            [note + shift, *(c + shift for c in chord)]
            for note, chord in zip(TUNE, CHORDS, strict=True)
        ]
    )
    noise = np.random.default_rng(shift).normal(0, 0.05, len(carol)).astype(np.float32)
    labels = truth_of(1 + len(carol) // metrics.TRUTH_HOP)
    labels.tune, labels.chord = labels.tune + shift, np.roll(labels.chord, shift, axis=1)
    return {"pop": carol + noise, "carol": carol, "labels": labels, "name": name, "style": "bells"}


def test_synthetic_table_orders_target_ours_and_cheats(tmp_path):
    pairs = [pair(0, "one"), pair(5, "two")]
    carols = {id(p["pop"]): p["carol"] for p in pairs}
    perfect = evaluation.evaluate_synthetic(
        lambda wave, style: carols[id(wave)], pairs, out_dir=tmp_path
    )
    ours, copy, mean, wrong = (perfect.find(name) for name in ("kcarol", "copy", "mean", "wrong"))
    assert (
        ours["mse"] < 1e-6 and ours["lsd"] < 1e-3 and ours["onset_f"] == 1 and ours["length"] == 0
    )
    assert copy["lsd"] == pytest.approx(1) and mean["mse"] == pytest.approx(1)
    assert ours["tune"] > 0.9 > 0.4 > wrong["tune"]
    page = (tmp_path / "synthetic.html").read_text()
    assert (
        'src="audio/synthetic/kcarol/one.wav"' in page
        and (tmp_path / "audio/synthetic/kcarol/one.wav").exists()
    )


def test_real_table_of_a_copying_converter_is_the_copy_anchor(tmp_path):
    (tmp_path / "pop").mkdir()
    (tmp_path / "carol").mkdir()
    for name, shift in (("one", 0), ("two", 6)):
        save_audio(tmp_path / "pop" / f"{name}.wav", tones([[note + shift] for note in TUNE]))
    save_audio(tmp_path / "other.wav", pair(3, "other")["pop"])
    save_audio(tmp_path / "carol" / "bells.wav", pair(0, "bells")["carol"])
    lines = [f": {i * 4} 4 {pitch - 60} la" for i, pitch in enumerate(TUNE[:-1])]
    (tmp_path / "pop" / "one.ultrastar.txt").write_text(
        "\n".join(["#BPM:120", "#GAP:-70", *lines, "E"])
    )
    table = evaluation.evaluate(
        lambda wave, style: wave,
        tmp_path / "out",
        real_dir=tmp_path,
        real={
            "distractors": [tmp_path / "other.wav"],
            "styles": ("a", "b"),
            "joins_s": lambda n: [3.0],
        },
    )
    ours, copy, mean, wrong = (table.find(name) for name in ("kcarol", "copy", "mean", "wrong"))
    assert ours["sound"] == "all" and ours["n"] == 4 and copy["n"] == 2
    for row in (ours, copy):
        assert row["retrieval"] == 1 and row["triad"] == pytest.approx(1) == row["onset"]
        assert (
            row["chroma"] > 0.99
            and row["length"] == 0
            and row["loudness"] == pytest.approx(0, abs=0.1)
        )
        assert row["note@1"] == copy["note@1"] == 1 > row["const@1"]
    assert wrong["retrieval"] < 1 and mean["chroma"] < 0.3
    assert np.isfinite(ours["seam"]) and "style" not in ours  # no reference was given
    assert (tmp_path / "out" / "table.json").exists() and (tmp_path / "out" / "real.html").exists()
    assert table.settings["sources"] == 3


def test_a_folder_without_songs_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected audio files, found none"):
        evaluation.evaluate_real(lambda wave, style: wave, tmp_path)


def test_nothing_to_evaluate_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluation.evaluate(lambda wave, style: wave, tmp_path)


def test_eval_draws_no_pictures_and_reaches_into_no_model():
    source = "".join(Path(m.__file__).read_text() for m in (evaluation, metrics, anchors))
    for forbidden in (
        "plotting",
        "kcarol.vocoder.neural",
        "kcarol.model.transformer",
        "kcarol.conversion.converter",
        "matplotlib",
    ):
        assert f"import {forbidden}" not in source and f"from {forbidden}" not in source
