"""Drawing cases."""

import subprocess
import sys

import numpy as np
import pytest

from kcarol.corpus.cases.draw import draw_case, draw_cases


def test_the_same_seed_gives_the_same_cases():
    first, again = (draw_case("short", 1, seed=5) for _ in range(2))
    assert np.array_equal(first.wave, again.wave) and first.tune == again.tune
    assert not np.array_equal(first.wave[:1000], draw_case("short", 1, seed=6).wave[:1000])


def test_the_same_number_is_the_same_song_in_another_tuning():
    plain, moved = draw_case("steady", 0), draw_case("40 to 50 cents", 0)
    assert np.array_equal(plain.beats_s, moved.beats_s) and plain.tune == moved.tune
    assert plain.tuning_cents == (0, 0) and 40 <= abs(moved.tuning_cents[0]) <= 50


def test_kinds_are_drawn_in_order_and_at_most_as_many_as_asked_for():
    names = [case.name for case in draw_cases(["short", "noise"], most=2)]
    assert names == ["short 1", "short 2", "noise 1", "noise 2"]
    assert len(list(draw_cases(["short"]))) == 3


def test_an_unknown_kind_is_refused_before_anything_is_drawn():
    with pytest.raises(ValueError, match="polka"):
        draw_cases(["short", "polka"])


def test_answers_are_complete():
    case = draw_case("changes", 0)
    assert len(case.beats_s) == len(case.positions) == len(case.metres) == len(case.divisions)
    assert (np.diff(case.beats_s) > 0).all() and (case.positions < case.metres).all()
    assert len(set(zip(case.metres, case.divisions, strict=True))) == 2
    assert case.wave.dtype == np.float32 and np.abs(case.wave).max() <= 1
    assert case.parts_s[0][0] == case.beats_s[0] and case.parts_s[-1][1] <= case.length_s


def test_noise_has_no_answers_but_that_there_is_nothing():
    case = draw_case("noise", 0)
    assert not len(case.beats_s) and not case.tune and not case.chords and not case.parts_s


def test_no_sampler_and_no_speech_is_needed():
    """In a process in which neither can be loaded."""
    program = (
        "import sys\n"
        "sys.modules.update(fluidsynth=None, pyworld=None, espeakng_loader=None)\n"
        "from kcarol.corpus.cases.draw import draw_cases\n"
        "print(len(list(draw_cases(['full band', 'a cappella', 'rap'], most=1))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "3", done.stderr


def test_the_cases_stay_what_they_are():
    """Or tables that were printed before cannot be compared with those printed from now on."""
    case = draw_case("full band", 0)
    assert len(case.beats_s) == 40 and case.length_s == pytest.approx(22.75, abs=0.01)
    assert [note.pitch for note in case.tune[:6]] == [63, 59, 58, 59, 58, 63]
    assert np.sqrt(np.mean(case.wave**2)) == pytest.approx(0.1129, rel=0.02)
