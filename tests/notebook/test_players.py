"""Facts about players: level, labels, and who can use them."""

import re
import subprocess
import sys

import numpy as np
import pytest

from kcarol.audio.loudness import loudness_lufs
from kcarol.config import AudioConfig
from kcarol.notebook.players import players

RATE = AudioConfig.sample_rate


def test_players_hold_what_they_are_given_at_one_loudness(tone, embedded):
    waves = {"loud": tone(2, 300, 0.9), "soft": tone(2, 900, 0.01)}
    shown = players(waves, {"soft": "a <caption>"})
    sounds = embedded(shown.page)
    assert [len(wave) for wave in sounds] == [2 * RATE] * 2
    assert abs(loudness_lufs(sounds[0]) - loudness_lufs(sounds[1])) < 0.2
    assert [np.abs(np.fft.rfft(wave)).argmax() / 2 for wave in sounds] == [300, 900]
    assert "a &lt;caption&gt;" in shown.page and shown.page.count("<img alt=") == 2
    assert repr(shown) == (
        "Players: loud, soft (2.0 s each, one loudness). Run the cell to hear them."
    )
    assert {name: rows.shape for name, rows in shown.bands.items()} == dict.fromkeys(
        waves, (1 + 2 * RATE // AudioConfig.hop_length, AudioConfig.n_mels)
    )


def test_sounds_of_several_rates_and_widths_stand_side_by_side(tone, embedded):
    """As long, as high and as loud as they are, whatever their rates."""
    rates = {"44.1 kHz": 44_100, "48 kHz": 48_000, "16 kHz": RATE}
    waves = {
        name: np.tile(tone(2 * rate / RATE, 440 * RATE / rate), (2, 1))
        for name, rate in rates.items()
    }
    waves["16 kHz"] = waves["16 kHz"][0]
    shown = players(waves, sample_rate={"44.1 kHz": 44_100})
    found = embedded(shown.page)
    assert [sound.shape[-1] for sound in found] == [2 * rate for rate in rates.values()]
    assert {len(rows) for rows in shown.bands.values()} == {1 + 2 * RATE // AudioConfig.hop_length}
    stereo = [np.broadcast_to(sound, (2, sound.shape[-1])) for sound in found]
    levels = [
        loudness_lufs(np.array(x), rate) for x, rate in zip(stereo, rates.values(), strict=True)
    ]
    assert np.ptp(levels) < 0.2


def test_players_can_be_used_without_seeing_them(tone):
    page = players({'a "b"': tone(), "c": tone()}).page
    assert page.count("<audio controls") == 2 and 'aria-label="a &quot;b&quot;"' in page
    assert '<button type="button"' in page and 'aria-live="polite"' in page
    assert not re.search(r"<img(?![^>]*alt=\"[^\"]+\")", page)


def test_at_most_eight_seconds_are_embedded_and_urls_not_at_all(tone, embedded):
    [wave] = embedded(players({"song": tone(20)}).page)
    assert len(wave) == 8 * RATE
    with pytest.raises(ValueError, match="at most 8 s"):
        players({"song": tone(20)}, length_s=9)
    page = players({"file": "../data/a&b.mp3"}).page
    assert 'src="../data/a&amp;b.mp3"' in page and not embedded(page) and "<button" not in page


def test_no_sound_is_refused():
    with pytest.raises(ValueError, match="at least one sound"):
        players({})


def test_importing_needs_no_widgets():
    modules = ("players", "workbench.panel", "workbench.editor", "blind_test", "project_figures")
    code = f"""
import sys
import {", ".join(f"kcarol.notebook.{name}" for name in modules)}
print({{"IPython", "ipywidgets", "matplotlib.pyplot"}} & set(sys.modules))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "set()", found.stderr
