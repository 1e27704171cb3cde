"""Facts about listening: levels, excerpts, players, comparison, and a blind test that is blind,
fair and kept.
"""

import base64
import csv
import io
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import soundfile

from kcarol.audio.loudness import loudness_lufs
from kcarol.config import AudioConfig
from kcarol.notebook import listening_test as blindtest
from kcarol.notebook import players as listen
from kcarol.notebook import plotting

RATE = AudioConfig.sample_rate
SYSTEMS = ("kcarol", "reference", "song", "other carol", "dull")


def tone(seconds=1.0, hz=440.0, amplitude=0.1):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(
        np.float32
    )


def embedded(page):
    """Sounds that a page holds, in order."""
    found = re.findall(r'src="data:audio/wav;base64,([^"]+)"', page)
    return [
        soundfile.read(io.BytesIO(base64.b64decode(data)), dtype="float32")[0] for data in found
    ]


# --- sound


def test_matched_sounds_are_equally_loud_and_never_clip():
    spiky = tone(2, amplitude=0.02)
    spiky[::4000] = 0.9
    found = listen.matched({"loud": tone(2, 300, 0.9), "soft": tone(2, 900, 0.01), "spiky": spiky})
    levels = [loudness_lufs(wave) for wave in found.values()]
    assert np.ptp(levels) < 0.1 and max(levels) <= listen.LOUDEST_LUFS + 0.1
    assert max(np.abs(wave).max() for wave in found.values()) <= 1


def test_matching_leaves_silence_silent_and_takes_sounds_too_short_for_lufs():
    waves = {
        "none": np.zeros(RATE, np.float32),
        "short": tone(0.1, amplitude=0.5),
        "long": tone(1, amplitude=0.1),
    }
    found = listen.matched(waves)
    assert not found["none"].any()
    assert np.std(found["short"]) == pytest.approx(np.std(found["long"]), rel=0.01)


def test_excerpt_is_the_span_asked_for_with_faded_ends():
    wave = np.arange(10 * RATE, dtype=np.float32)
    piece = listen.excerpt(wave, 2.0, 3.0)
    ramp = round(listen.FADE_S * RATE)
    assert (
        len(piece) == 3 * RATE
        and (piece[ramp:-ramp] == wave[2 * RATE : 5 * RATE][ramp:-ramp]).all()
    )
    assert piece[0] == piece[-1] == 0 and wave[2 * RATE] > 0


@pytest.mark.parametrize(
    ("start_s", "length_s", "n"),
    [(9.5, 3.0, 3 * RATE), (-1.0, 2.0, 2 * RATE), (0.0, 99.0, 10 * RATE)],
)
def test_excerpt_stays_inside_the_wave(start_s, length_s, n):
    assert len(listen.excerpt(np.ones(10 * RATE, np.float32), start_s, length_s)) == n


# --- players


def test_players_hold_what_they_are_given_at_one_loudness():
    shown = listen.players(
        {"loud": tone(2, 300, 0.9), "soft": tone(2, 900, 0.01)}, {"soft": "a <caption>"}
    )
    sounds = embedded(shown.page)
    assert [len(wave) for wave in sounds] == [2 * RATE] * 2
    assert abs(loudness_lufs(sounds[0]) - loudness_lufs(sounds[1])) < 0.2
    peaks = [int(np.abs(np.fft.rfft(wave)).argmax()) / 2 for wave in sounds]
    assert peaks == [300, 900]
    assert "a &lt;caption&gt;" in shown.page and shown.page.count("<img alt=") == 2
    assert repr(shown) == "players: loud, soft (2.0 s each, one loudness)"


def test_players_can_be_used_without_seeing_them():
    page = listen.players({'a "b"': tone(), "c": tone()}).page
    assert page.count("<audio controls") == 2 and 'aria-label="a &quot;b&quot;"' in page
    assert '<button type="button"' in page and 'aria-live="polite"' in page
    assert not re.search(r"<img(?![^>]*alt=\"[^\"]+\")", page)


def test_at_most_eight_seconds_are_embedded_and_urls_not_at_all():
    [wave] = embedded(listen.players({"song": tone(20)}).page)
    assert len(wave) == 8 * RATE
    with pytest.raises(ValueError, match="at most 8 s"):
        listen.players({"song": tone(20)}, length_s=9)
    page = listen.players({"file": "../data/a&b.mp3"}).page
    assert 'src="../data/a&amp;b.mp3"' in page and not embedded(page) and "<button" not in page
    with pytest.raises(ValueError, match="at least one sound"):
        listen.players({})


# --- comparison


class Convert:
    """Stands for a converter: counts its work, and makes styles tell apart."""

    styles = {"bells": 0, "choir": 1}

    def __init__(self):
        self.calls = []

    def convert(self, wave, style, strength):
        self.calls.append((style, strength))
        return tone(len(wave) / RATE, 500 if style == "bells" else 700, 0.3)


def test_comparison_cuts_song_and_carol_at_the_same_place_and_converts_once():
    song = np.concatenate([tone(10, 200), tone(10, 400)])
    convert = Convert()
    comparison = listen.Comparison({"a": song}, convert)
    for start_s in (0, 12):
        pair = comparison.waves("a", "choir", 1.0, start_s)
        assert list(pair) == ["song", "carol, choir"]
        assert [len(wave) for wave in pair.values()] == [8 * RATE] * 2
        assert np.abs(np.fft.rfft(pair["song"])).argmax() / 8 == (200 if not start_s else 400)
    assert convert.calls == [("choir", 1.0)] and comparison.last_start_s("a") == 12


def test_comparison_reads_files_and_refuses_nothing_to_compare(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(3), RATE)
    assert len(listen.Comparison({"a": tmp_path / "a.wav"}, Convert()).song("a")) == 3 * RATE
    with pytest.raises(ValueError, match="expected songs and styles"):
        listen.Comparison({"a": tone()}, Convert().convert)


def test_choices_of_the_comparison_change_sound_and_picture():
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    box = listen.compare({"low": tone(20, 200), "short": tone(9, 300)}, Convert())
    song, style, strength, start, page = box.children
    first = page.value
    style.value = "choir"
    assert np.array_equal(embedded(first)[0], embedded(page.value)[0])
    assert not np.array_equal(embedded(first)[1], embedded(page.value)[1])
    pictures = [
        re.findall(r'src="data:image/png;base64,([^"]+)"', value) for value in (first, page.value)
    ]
    assert pictures[0][1] != pictures[1][1]
    start.value = 11.0
    song.value = "short"
    assert (
        start.max == start.value == 1.0
        and np.abs(np.fft.rfft(embedded(page.value)[0])).argmax() / 8 == 300
    )
    strength.value = 0.5
    assert "strength 0.5" in page.value


def test_a_file_that_cannot_be_read_is_named_in_the_comparison(tmp_path):
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    (tmp_path / "b.wav").write_text("no sound")
    box = listen.compare({"a": tone(9), "b": tmp_path / "b.wav"}, Convert())
    with pytest.raises(ValueError, match="b.wav"):
        listen.Comparison({"b": tmp_path / "b.wav"}, Convert()).song("b")
    box.children[0].value = "b"
    assert "b.wav" in box.children[-1].value and not embedded(box.children[-1].value)


# --- blind test


def stimuli():
    return {
        song: {name: tone(0.5, 200 + 50 * i + j) for i, name in enumerate(SYSTEMS)}
        for j, song in enumerate(("one", "two"))
    }


def test_abx_is_drawn_from_the_seed_and_balanced():
    draw = lambda seed: blindtest.draw_abx(["one", "two"], ("kcarol", "reference"), 16, seed)  # noqa: E731
    assert draw(3) == draw(3) != draw(4)
    assert Counter(trial.x for trial in draw(3)) == {"kcarol": 8, "reference": 8}
    assert Counter(trial.song for trial in draw(3)) == {"one": 8, "two": 8}
    assert (
        {trial.a for trial in draw(3)} == {trial.b for trial in draw(3)} == {"kcarol", "reference"}
    )
    assert all({trial.a, trial.b} == {"kcarol", "reference"} for trial in draw(3))


def test_answers_in_abx_do_not_follow_a_pattern():
    all_labels = [
        "".join(t.labels for t in blindtest.draw_abx(["one"], ("p", "q"), 8, seed))
        for seed in range(40)
    ]
    assert (
        len(set(all_labels)) > 30 and 0.4 < np.mean([t == "A" for t in "".join(all_labels)]) < 0.6
    )


def test_ratings_hide_all_systems_of_each_song_in_random_order():
    trials = blindtest.draw_ratings(["one", "two", "three"], SYSTEMS, 1)
    assert sorted(trial.song for trial in trials) == ["one", "three", "two"]
    assert (
        all(sorted(trial.order) == sorted(SYSTEMS) for trial in trials)
        and len({trial.order for trial in trials}) > 1
    )


@pytest.mark.parametrize(
    "wrong", [([], ("a", "b"), 4), (["s"], ("a", "a"), 4), (["s"], ("a", "b"), 0)]
)
def test_nothing_to_tell_apart_is_refused(wrong):
    with pytest.raises(blindtest.BlindTestError, match="expected songs"):
        blindtest.draw_abx(*wrong, seed=0)


def test_every_answer_is_in_the_file_at_once_and_two_listeners_share_it(tmp_path):
    out = tmp_path / "new" / "results.csv"
    for listener in ("ann", "bo"):
        test = blindtest.AbxTest(blindtest.draw_abx(["one"], ("p", "q"), 3, 5), out, 5, listener)
        assert test.answer(test.trial.labels) is True
        assert test.answer({"A": "B", "B": "A"}[test.trial.labels]) is False
        test.answer(test.trial.labels)
        assert test.done
        with pytest.raises(blindtest.BlindTestError, match="expected A or B"):
            test.answer("A")
    rows = blindtest.read_results(out)
    assert [(row["listener"], row["score"]) for row in rows] == [
        (who, s) for who in ("ann", "bo") for s in (1, 0, 1)
    ]
    assert out.read_text().splitlines()[0] == ",".join(blindtest.COLUMNS)


def test_other_csv_files_are_neither_appended_to_nor_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n1,2\n")
    test = blindtest.AbxTest(blindtest.draw_abx(["one"], ("p", "q"), 1, 0), path)
    with pytest.raises(blindtest.BlindTestError, match="give another name"):
        test.answer("A")
    with pytest.raises(blindtest.BlindTestError, match="expected a CSV"):
        blindtest.read_results(path)
    assert path.read_text() == "step,loss\n1,2\n" and not test.done


def test_scores_go_to_the_systems_behind_the_numbers(tmp_path):
    test = listen.start_test(stimuli(), tmp_path / "r.csv", "rating", seed=2)
    order = test.trial.order
    test.answer([{axis: 10 * i for axis in blindtest.AXES} for i in range(len(order))])
    found = {row["system"]: row["score"] for row in blindtest.read_results(tmp_path / "r.csv")}
    assert found == {system: 10.0 * i for i, system in enumerate(order)}


@pytest.mark.parametrize(
    "scores", [[], [{"tune kept": 1}] * 5, [dict.fromkeys(blindtest.AXES, 101)] * 5]
)
def test_incomplete_scores_are_refused_and_not_written(tmp_path, scores):
    test = listen.start_test(stimuli(), tmp_path / "r.csv", "rating")
    with pytest.raises(blindtest.BlindTestError, match="expected"):
        test.answer(scores)
    assert not (tmp_path / "r.csv").exists() and test.number == 0


def test_abx_summary_tells_hearing_from_guessing():
    rows = lambda right: [{"test": "abx", "score": int(i < right)} for i in range(16)]  # noqa: E731
    heard, guessed = blindtest.abx_summary(rows(14)), blindtest.abx_summary(rows(8))
    assert heard["p"] == pytest.approx(sum([120, 16, 1]) / 2**16)  # 16 over 14, 15, 16
    assert guessed["p"] > 0.5 and guessed["low"] < 0.5 < guessed["high"] and heard["low"] > 0.5
    assert blindtest.abx_line(heard).startswith("14 of 16 right, 88 %".replace(" %", "%"))


def test_bootstrap_interval_agrees_with_the_normal_one_and_its_seed():
    values = np.random.default_rng(0).normal(50, 10, 400)
    low, high = blindtest.bootstrap_interval(values, seed=1)
    assert (low, high) == blindtest.bootstrap_interval(values, seed=1)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.15) and high == pytest.approx(
        values.mean() + half, abs=0.15
    )
    assert blindtest.bootstrap_interval([3.0]) == (3.0, 3.0)
    with pytest.raises(blindtest.BlindTestError):
        blindtest.bootstrap_interval([])


def test_rating_summary_and_table_have_a_mean_for_each_system_and_axis(tmp_path):
    test = listen.start_test(stimuli(), tmp_path / "r.csv", "rating")
    while not test.done:
        test.answer(
            [
                {axis: 90 if system == "reference" else 20 for axis in blindtest.AXES}
                for system in test.trial.order
            ]
        )
    rows = blindtest.rating_summary(blindtest.read_results(tmp_path / "r.csv"))
    assert len(rows) == len(SYSTEMS) * len(blindtest.AXES) and {row["n"] for row in rows} == {2}
    assert {row["mean"] for row in rows if row["system"] == "reference"} == {90}
    line = next(
        line for line in blindtest.rating_table(rows).splitlines() if line.startswith("reference")
    )
    assert line.split() == ["reference", *["90", "[90,", "90]"] * 4]


def test_listeners_who_do_not_hear_the_hidden_reference_are_named():
    row = {"test": "rating", "system": "reference", "axis": "sound quality"}
    rows = [row | {"listener": "good", "score": 95}] * 9 + [row | {"listener": "good", "score": 80}]
    rows += [row | {"listener": "bad", "score": 95}] * 4 + [row | {"listener": "bad", "score": 20}]
    assert blindtest.unreliable_listeners(rows) == ["bad"]


def test_anchors_keep_lengths_and_the_dull_one_has_no_treble():
    reference = tone(1, 500) + tone(1, 6000)
    found = blindtest.with_anchors(tone(1), tone(1, 300), reference, tone(1, 200), RATE)
    assert tuple(found) == SYSTEMS and {len(wave) for wave in found.values()} == {RATE}
    spectrum = np.abs(np.fft.rfft(found["dull"])) / np.abs(np.fft.rfft(reference)).max()
    assert spectrum[500] > 0.99 and spectrum[6000] < 1e-3


def test_a_trial_gives_nothing_away(tmp_path):
    given = stimuli()
    test = listen.start_test(given, tmp_path / "a.csv", "abx", seed=1)
    waves = listen.trial_waves(test, given)
    assert list(waves) == ["A", "B", "X"] and np.array_equal(waves["X"], waves[test.trial.labels])
    rating = listen.start_test(given, tmp_path / "r.csv", "rating", seed=1)
    assert list(listen.trial_waves(rating, given)) == ["the song (open)", "1", "2", "3", "4", "5"]
    for page in (listen.trial_page(test, given), listen.trial_page(rating, given)):
        assert (
            "kcarol<" not in page
            and "reference" not in page
            and "dull" not in page
            and "<img" not in page
        )


def test_abx_takes_our_carol_and_the_reference_and_misses_none(tmp_path):
    test = listen.start_test(stimuli(), tmp_path / "a.csv")
    assert {test.trial.a, test.trial.b} == {"kcarol", "reference"} and len(test.trials) == 4
    broken = stimuli()
    del broken["two"]["dull"]
    with pytest.raises(ValueError, match="two: dull"):
        listen.start_test(broken, tmp_path / "a.csv")
    with pytest.raises(ValueError, match="abx or rating"):
        listen.start_test(stimuli(), tmp_path / "a.csv", "taste")


def test_buttons_of_the_blind_test_write_answers_and_end_in_a_summary(tmp_path):
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    box = listen.blind_test(stimuli(), tmp_path / "a.csv", seed=7)
    trials = blindtest.draw_abx(["one", "two"], ("kcarol", "reference"), 4, 7)
    for number, trial in enumerate(trials, start=1):
        assert f"Trial {number} of 4" in box.children[0].value
        box.children[1].children["AB".index(trial.labels)].click()
    assert (
        "4 of 4 right" in box.children[0].value
        and len(blindtest.read_results(tmp_path / "a.csv")) == 4
    )


def test_an_answer_that_cannot_be_saved_is_said_and_not_counted(tmp_path):
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n")
    box = listen.blind_test(stimuli(), tmp_path / "a.csv")
    for _ in range(2):
        box.children[1].children[0].click()
    assert "Trial 1 of 4" in box.children[0].value and len(box.children) == 3
    assert "not saved" in box.children[2].value and "give another name" in box.children[2].value


def test_sliders_of_the_blind_test_are_saved_by_the_button(tmp_path):
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    box = listen.blind_test(stimuli(), tmp_path / "r.csv", "rating", seed=7, n_trials=1)
    head, columns, save = box.children
    shown = [
        embedded(head.value),
        *(embedded(column.children[0].value) for column in columns.children),
    ]
    assert [len(sounds) for sounds in shown] == [1, 1, 1, 1, 1, 1], (
        "the open song, and a player above the sliders of each number"
    )
    for i, column in enumerate(columns.children):
        column.children[1].value = 10 * i
    save.click()
    with (tmp_path / "r.csv").open() as file:
        tune = [float(row["score"]) for row in csv.DictReader(file) if row["axis"] == "tune kept"]
    assert tune == [0, 10, 20, 30, 40] and "sound quality" in box.children[0].value


def test_players_of_a_rating_are_one_group_at_one_loudness(tmp_path):
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    given = {"one": {name: tone(0.5, 200 + 50 * i, 0.01 * 3**i) for i, name in enumerate(SYSTEMS)}}
    box = listen.blind_test(given, tmp_path / "r.csv", "rating")
    pages = [
        box.children[0].value,
        *(column.children[0].value for column in box.children[1].children),
    ]
    levels = [loudness_lufs(sound) for page in pages for sound in embedded(page)]
    assert len(levels) == 6 and np.ptp(levels) < 0.2
    assert listen.GROUP in box._dom_classes and all(listen.GROUP in page for page in pages)
    assert not any(system in page for page in pages for system in ("kcarol<", "reference", "dull"))


# --- notebooks


def test_a_long_description_is_printed_in_lines_that_jupyterlab_does_not_break(capsys):
    pytest.importorskip("IPython", reason="needs IPython: pip install 'kcarol[notebooks]'")
    figure = plotting.Picture().described(
        "log-mel of " + ", ".join(f"a very long-named sound {i}" for i in range(20))
    )
    listen.show(figure)
    lines = [
        line for line in capsys.readouterr().out.splitlines() if not line.startswith("<IPython")
    ]
    assert len(lines) > 3 and max(map(len, lines)) <= listen.PRINTED_COLUMNS
    assert " ".join(lines) == plotting.describe(figure)


def test_smoke_is_on_unless_it_is_turned_off(monkeypatch):
    for value, expected in {"1": True, "0": False, "": False}.items():
        monkeypatch.setenv("KCAROL_SMOKE", value)
        assert listen.is_smoke() is expected
    monkeypatch.delenv("KCAROL_SMOKE")
    assert listen.is_smoke() is True


def test_project_root_is_found_from_below_and_from_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert listen.project_root() == tmp_path
    monkeypatch.chdir("/")
    assert (listen.project_root() / "kcarol" / "listen.py").is_file()


def test_importing_needs_no_widgets():
    code = "import sys; import kcarol.notebook.players; print({'IPython', 'ipywidgets', 'matplotlib.pyplot'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
        == "set()"
    )
