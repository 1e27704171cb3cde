"""What is missing is named; renders do not depend on one another."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kcarol.config import install_command
from kcarol.synthesis import render
from kcarol.transcription.lead_sheet import Part, Stroke

MISSING = render.available((render.VALIDATION_SOUNDFONT,))
NO_CAROL_SOUNDS = render.available((render.CAROL_SOUNDFONT,))
needs_synth = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
needs_carol_sounds = pytest.mark.skipif(NO_CAROL_SOUNDS is not None, reason=str(NO_CAROL_SOUNDS))
corpus = pytest.mark.corpus


def another_package(**names):
    module = ModuleType("fluidsynth")
    vars(module).update(names)
    return module


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="none"),
        pytest.param(another_package(), id="another package"),
        pytest.param(another_package(Synth=dict), id="with a class of this name"),
    ],
)
def test_a_missing_synthesiser_gives_one_line_with_the_install_command(
    monkeypatch, tmp_path, found
):
    monkeypatch.setitem(sys.modules, "fluidsynth", found)
    for name in render.SOUNDFONTS:
        (tmp_path / name).touch()
    monkeypatch.setenv("KCAROL_SOUNDFONTS", str(tmp_path))
    message = render.available()
    assert "\n" not in message and "apt install libfluidsynth3)" in message
    assert install_command("corpus") in message and "install pip install" not in message


@pytest.mark.parametrize(
    "text", ["print 'of another Python'", "import ctypes; ctypes.CDLL('no such library')", "1 / 0"]
)
def test_a_package_of_this_name_that_cannot_be_imported_gives_one_line(tmp_path, monkeypatch, text):
    (tmp_path / "fluidsynth.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    monkeypatch.setattr(render, "find_soundfont", Path)
    message = render.available()
    assert (
        "could not be loaded" in message
        and "\n" not in message
        and install_command("corpus") in message
    )


@pytest.mark.parametrize("name", render.SOUNDFONTS)
def test_a_missing_soundfont_is_named_with_its_debian_package(monkeypatch, name):
    monkeypatch.setattr(render, "FOLDERS", ())
    monkeypatch.delenv("KCAROL_SOUNDFONTS", raising=False)
    message = render.available([name])
    assert name in message and render.SOUNDFONTS[name] in message and "\n" not in message


def test_training_and_validation_share_no_soundfont():
    assert render.VALIDATION_SOUNDFONT not in (*render.TRAINING_SOUNDFONTS, render.CAROL_SOUNDFONT)


@corpus
@needs_synth
def test_a_render_does_not_depend_on_what_was_rendered_before():
    tune = Part("tune", tuple(Stroke(k / 4, 0.3, 60 + k, 100) for k in range(8)), program=24)
    held = Part("held", (Stroke(0.1, 3.0, 60, 110),), program=48)
    first = render.render_parts((tune,), 1.0, 16_000, render.VALIDATION_SOUNDFONT)
    render.render_parts((tune, held), 0.513, 16_000, render.VALIDATION_SOUNDFONT)
    again = render.render_parts((tune,), 1.0, 16_000, render.VALIDATION_SOUNDFONT)
    np.testing.assert_array_equal(again, first)


PLAY = """
import hashlib
from kcarol.synthesis import render
from kcarol.transcription.lead_sheet import Part, Stroke
part = Part("held", (Stroke(0.1, 0.5, 60, 110),), program=48)
wave = render.render_parts((part,), 0.5, 16_000, render.CAROL_SOUNDFONT)
print(abs(wave).max() > 0.01, hashlib.sha256(wave.tobytes()).hexdigest())
"""


@corpus
@needs_carol_sounds
@pytest.mark.parametrize(
    "before", ["import ctypes; [ctypes.CDLL(None).rand() for _ in range(7)]", "import soundfile"]
)
def test_a_render_does_not_depend_on_what_ran_before_in_the_process(before):
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.splitlines()[-1]
        for code in (PLAY, before + PLAY)
    }
    assert len(outputs) == 1 and "True" in outputs.pop()


@corpus
@needs_synth
def test_rests_are_silent():
    silence = render.render_parts((Part("rests", ()),), 0.5, 16_000, render.VALIDATION_SOUNDFONT)
    assert not silence.any()


@corpus
@needs_synth
def test_notes_are_played_in_the_tuning_of_their_time():
    rate, organ = 16_000, 19
    strokes = tuple(Stroke(2.0 * k, 1.5, 69, 100) for k in range(3))
    wave = render.render_parts(
        (Part("held", strokes, program=organ),),
        6.0,
        rate,
        render.VALIDATION_SOUNDFONT,
        tuning_cents=lambda time_s: -40 + 20 * time_s,
    ).mean(axis=0)
    cents = []
    for k in range(3):
        note = wave[round((2 * k + 0.3) * rate) :][:rate]
        spectrum = np.abs(np.fft.rfft(note * np.hanning(rate), 16 * rate))
        near = slice(16 * 400, 16 * 480)
        cents.append(1200 * np.log2((400 + spectrum[near].argmax() / 16) / 440))
    assert cents == pytest.approx([-40, 0, 40], abs=4)


@needs_synth
def test_pieces_are_the_whole(monkeypatch):
    soundfont = render.VALIDATION_SOUNDFONT
    notes = Part("notes", tuple(Stroke(k / 10, 0.3, 60 + k, 100) for k in range(12)), program=73)
    whole = render.render_parts([notes], 1.7, 16_000, soundfont)
    monkeypatch.setattr(render, "PIECE_SAMPLES", 10 * render.BLOCK)
    pieces = list(render.stream_parts([notes], len(whole[0]), 16_000, soundfont))
    assert len(pieces) > 10
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)


def test_carols_are_played_by_the_best_soundfont_there_is(monkeypatch, tmp_path):
    monkeypatch.setattr(render, "FOLDERS", (str(tmp_path),))
    monkeypatch.delenv("KCAROL_SOUNDFONTS", raising=False)
    assert render.best_soundfont() == render.CAROL_SOUNDFONT
    for name in ("TimGM6mb.sf2", "FluidR3_GM.sf2", render.CAROL_SOUNDFONT):
        (tmp_path / name).touch()
        assert render.best_soundfont() == name
