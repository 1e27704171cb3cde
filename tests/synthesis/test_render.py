"""What is missing is named; renders do not depend on one another."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kcarol.config import install_command
from kcarol.synthesis import render
from kcarol.transcription.lead_sheet import Part, Stroke

MISSING = render.available((render.VALIDATION_SOUNDFONT,))
needs_synth = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
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
    assert install_command("corpus") in message


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
def test_nothing_of_the_last_render_sounds_in_the_next():
    held = Part("held", (Stroke(0.1, 3.0, 60, 110),), program=48)
    render.render_parts((held,), 0.513, 16_000, render.VALIDATION_SOUNDFONT)
    rest = render.render_parts(
        (replace(held, strokes=()),), 0.5, 16_000, render.VALIDATION_SOUNDFONT
    )
    assert np.abs(rest).max() < 2e-4  # dither


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
def test_what_is_struck_after_the_end_does_not_sound_in_the_next_render():
    late = Part("late", tuple(Stroke(2.0 + k / 10, 1.0, 60 + k, 100) for k in range(20)))
    silent = Part("silent", (Stroke(0.5, 0.1, 60, 1),))
    soundfont = render.VALIDATION_SOUNDFONT
    render.render_parts([late], 1.0, 16_000, soundfont)
    assert np.abs(render.render_parts([silent], 0.4, 16_000, soundfont)).max() < 1e-4


@needs_synth
def test_pieces_are_the_whole(monkeypatch):
    soundfont = render.VALIDATION_SOUNDFONT
    notes = Part("notes", tuple(Stroke(k / 10, 0.3, 60 + k, 100) for k in range(12)), program=73)
    render.renew()
    whole = render.render_parts([notes], 1.7, 16_000, soundfont)
    monkeypatch.setattr(render, "PIECE_SAMPLES", 10 * render.BLOCK)
    render.renew()
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
