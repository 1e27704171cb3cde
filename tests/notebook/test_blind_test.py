"""Facts about the blind test in a notebook: it gives nothing away, and its buttons work."""

import csv
import re

import numpy as np
import pytest

from kcarol.audio.loudness import loudness_lufs
from kcarol.notebook.blind_test import blind_test, start_test, trial_waves
from kcarol.notebook.listening_results import BlindTestError, read_results
from kcarol.notebook.listening_test import draw_abx
from kcarol.notebook.players import GROUP

SYSTEMS = ("kcarol", "reference", "song", "other carol", "dull")


@pytest.fixture
def widgets():
    return pytest.importorskip(
        "ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'"
    )


def pages(box):
    """The HTML of a blind test, in order."""
    found = []
    for child in box.children:
        found += pages(child) if hasattr(child, "children") else [str(getattr(child, "value", ""))]
    return [page for page in found if "<" in page]


def test_a_trial_gives_nothing_away(stimuli, tmp_path):
    test = start_test(stimuli, tmp_path / "a.csv", "abx", seed=1)
    waves = trial_waves(test, stimuli)
    assert list(waves) == ["A", "B", "X"] and np.array_equal(waves["X"], waves[test.trial.answer])
    rating = start_test(stimuli, tmp_path / "r.csv", "rating", seed=1)
    assert list(trial_waves(rating, stimuli)) == ["the song (open)", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("kind", ["abx", "rating"])
def test_its_pages_name_no_system_and_show_no_picture(widgets, stimuli, tmp_path, kind):
    page = "".join(pages(blind_test(stimuli, tmp_path / "a.csv", kind, seed=1)))
    assert "<audio" in page
    assert not [word for word in ("kcarol<", "reference", "dull", "<img") if word in page]


def test_abx_takes_our_carol_and_the_reference(stimuli, tmp_path):
    test = start_test(stimuli, tmp_path / "a.csv")
    assert {test.trial.a, test.trial.b} == {"kcarol", "reference"} and len(test.trials) == 4


def test_stimuli_that_do_not_fit_are_refused(stimuli, tmp_path):
    with pytest.raises(ValueError, match="abx or rating"):
        start_test(stimuli, tmp_path / "a.csv", "taste")
    del stimuli["two"]["dull"]
    with pytest.raises(ValueError, match="two: dull"):
        start_test(stimuli, tmp_path / "a.csv")


def test_buttons_write_answers_and_end_in_a_summary(widgets, stimuli, tmp_path):
    box = blind_test(stimuli, tmp_path / "a.csv", seed=7)
    trials = draw_abx(["one", "two"], ("kcarol", "reference"), 4, 7)
    for number, trial in enumerate(trials, start=1):
        assert f"Trial {number} of 4" in box.children[0].value
        box.children[1].children["AB".index(trial.answer)].click()
    assert "4 of 4 right" in box.children[0].value
    assert len(read_results(tmp_path / "a.csv")) == 4


def test_an_answer_that_cannot_be_saved_is_said_and_not_counted(widgets, stimuli, tmp_path):
    box = blind_test(stimuli, tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n")
    for _ in range(2):
        box.children[1].children[0].click()
    assert "Trial 1 of 4" in box.children[0].value and len(box.children) == 3
    assert "not saved" in box.children[2].value and "give another name" in box.children[2].value


def test_a_file_of_another_kind_is_refused_before_anybody_listens(stimuli, tmp_path):
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n")
    with pytest.raises(BlindTestError, match="expected a CSV"):
        start_test(stimuli, tmp_path / "a.csv")


def test_a_cell_that_runs_again_goes_on_and_a_finished_test_stays_finished(
    widgets, stimuli, tmp_path
):
    box = blind_test(stimuli, tmp_path / "a.csv", seed=7)
    box.children[1].children[0].click()
    again = blind_test(stimuli, tmp_path / "a.csv", seed=7)
    assert "Trial 2 of 4" in again.children[0].value
    for _ in range(3):
        again.children[1].children[0].click()
    for box in (again, blind_test(stimuli, tmp_path / "a.csv", seed=7)):
        assert "of 4 right" in box.children[0].value
        assert "another seed begins another test" in box.children[0].value
    assert "Trial 1 of 4" in blind_test(stimuli, tmp_path / "a.csv", seed=8).children[0].value


def test_sliders_are_saved_by_the_button(widgets, stimuli, embedded, tmp_path):
    box = blind_test(stimuli, tmp_path / "r.csv", "rating", seed=7, n_trials=1)
    head, columns, save = box.children
    players = [head, *(column.children[0] for column in columns.children)]
    assert [len(embedded(player.value)) for player in players] == [1] * 6
    for i, column in enumerate(columns.children):
        for slider in column.children[1:]:
            slider.value = 10 * i + 5
    save.click()
    with (tmp_path / "r.csv").open() as file:
        tune = [float(row["score"]) for row in csv.DictReader(file) if row["axis"] == "tune kept"]
    assert tune == [5, 15, 25, 35, 45] and "sound quality" in box.children[0].value


def test_players_of_a_rating_are_one_group_at_one_loudness(widgets, tone, embedded, tmp_path):
    waves = {name: tone(0.5, 200 + 50 * i, 0.01 * 3**i) for i, name in enumerate(SYSTEMS)}
    box = blind_test({"one": waves}, tmp_path / "r.csv", "rating")
    levels = [loudness_lufs(sound) for page in pages(box) for sound in embedded(page)]
    assert len(levels) == 6 and np.ptp(levels) < 0.2
    assert GROUP in box._dom_classes and all(GROUP in page for page in pages(box))


def test_nothing_is_saved_before_every_slider_has_been_set(widgets, stimuli, tmp_path):
    head, columns, save = blind_test(stimuli, tmp_path / "r.csv", "rating").children
    sliders = [slider for column in columns.children for slider in column.children[1:]]
    assert save.disabled and not any(slider.readout for slider in sliders)
    for slider in sliders[1:]:
        slider.value = 70
    assert save.disabled and sliders[1].readout and not sliders[0].readout
    sliders[0].value = 70
    sliders[0].value = 0  # which is a mark too
    assert not save.disabled and sliders[0].readout


@pytest.mark.parametrize("kind", ["abx", "rating"])
def test_what_to_do_is_said_in_two_sentences(widgets, stimuli, tmp_path, kind):
    [text] = re.findall("<p>([^<]+)</p>", pages(blind_test(stimuli, tmp_path / "a.csv", kind))[0])
    assert len(re.findall(r"[.] [A-Z]|[.]$", text)) == 2
