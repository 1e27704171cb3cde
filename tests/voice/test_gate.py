"""Facts about the gate of a voice."""

import numpy as np
from voices import PHRASES_S, RATE, drum_strokes, heard_tune, sung_voice

from kcarol.config import AudioConfig
from kcarol.conversion.sound.dynamics import amplify_, frame_levels
from kcarol.voice.gate import CLOSED_DB, gate_db, sung_frames
from kcarol.voice.voicing import voicing

AUDIO = AudioConfig()
BETWEEN = slice(round(4.2 * RATE), round(5.1 * RATE))  # phrases, far from both


def gated(wave, of=None, tune=None):
    """A voice (T,) through the gate that it, or another wave, opens."""
    tune = heard_tune() if tune is None else tune
    recording = (wave if of is None else of)[None]
    level_db = frame_levels(recording, len(tune), AUDIO.hop_length)
    voiced = voicing(recording, len(tune), RATE, AUDIO.frame_rate)
    sound = wave[None].copy()
    gain_db = gate_db(sung_frames(tune, level_db, voiced, AUDIO.frame_rate), AUDIO.frame_rate)
    amplify_(sound, gain_db, AUDIO.hop_length)
    return sound[0]


def energy_db(wave):
    return 10 * np.log10(np.mean(np.square(wave)) + 1e-20)


def test_leaked_drums_are_15_db_down_between_phrases():
    voice, drums = sung_voice(), 0.1 * drum_strokes()
    left = gated(drums, of=voice + drums)
    assert energy_db(left[BETWEEN]) < energy_db(drums[BETWEEN]) - 15


def test_the_gate_lowers_and_does_not_cut_off():
    voice, drums = sung_voice(), 0.1 * drum_strokes()
    left = gated(drums, of=voice + drums)
    assert energy_db(left[BETWEEN]) > energy_db(drums[BETWEEN]) + CLOSED_DB - 1


def test_a_clean_voice_is_hardly_touched_though_hearing_missed_a_note():
    voice = sung_voice()
    assert energy_db(gated(voice) - voice) < energy_db(voice) - 40


def test_consonants_before_a_note_and_releases_after_it_are_whole():
    voice = sung_voice()
    begin, end = (round(second * RATE) for second in PHRASES_S[1])
    around = slice(begin - round(0.15 * RATE), end + round(0.25 * RATE))
    np.testing.assert_array_equal(gated(voice)[around], voice[around])


def test_without_a_heard_tune_the_voice_itself_opens_the_gate():
    voice = sung_voice()
    assert energy_db(gated(voice, tune=np.full_like(heard_tune(), -1)) - voice) < (
        energy_db(voice) - 25
    )


def test_a_tune_that_the_voice_rests_in_does_not_open_it():
    voice, drums = sung_voice(), 0.1 * drum_strokes()
    left = gated(drums, of=voice + drums, tune=np.full_like(heard_tune(), 64))
    assert energy_db(left[BETWEEN]) < energy_db(drums[BETWEEN]) - 15


def test_a_recording_of_drums_alone_opens_it_hardly_anywhere():
    drums = drum_strokes()
    level_db = frame_levels(drums[None], len(heard_tune()), AUDIO.hop_length)
    voiced = voicing(drums[None], len(heard_tune()), RATE, AUDIO.frame_rate)
    assert sung_frames(heard_tune(), level_db, voiced, AUDIO.frame_rate).mean() < 0.1
