"""Notes with wide vibrato lie in its middle; all others stay where they were heard."""

from dataclasses import replace

import numpy as np
import pytest
from transcriptions import labels_of, transcription_of

from kcarol.config import AudioConfig
from kcarol.conversion.vibrato import centre_vibrato
from kcarol.transcription.song_level import SongLevel

AUDIO = AudioConfig()
RATE = AUDIO.sample_rate
NOTE_FRAMES = 32
PITCHES = (72, 76, 69, 71, 74, 72)


def sung(pitches=PITCHES, vibrato_cents=0.0, glide_s=0.0, rate_hz=5.5):
    """(T,): a voice with six harmonics, each note of NOTE_FRAMES frames."""
    n_samples = NOTE_FRAMES * AUDIO.hop_length * len(pitches)
    time_s = np.arange(n_samples) / RATE
    midi = np.repeat(np.array(pitches, float), NOTE_FRAMES * AUDIO.hop_length)
    reach = max(1, round(glide_s * RATE))
    midi = np.convolve(np.pad(midi, reach, mode="edge"), np.ones(reach) / reach, "same")
    swing = vibrato_cents / 100 * np.sin(2 * np.pi * rate_hz * time_s)
    hz = 440 * 2 ** ((midi[reach : reach + n_samples] + swing - 69) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    return sum(0.1 / k * np.sin(k * phase) for k in range(1, 7)).astype(np.float32)


def heard(tune):
    """A transcription of this tune (F,), onsets where its pitch changes."""
    plain = transcription_of(labels_of("Jingle Bells"))
    names = ("tune", "tune_probability", "onset", "chord", "bass", "strokes", "energy")
    arrays = {name: getattr(plain, name)[: len(tune)] for name in names}
    onset = np.where(np.diff(tune, prepend=-1) != 0, 0.3, 0).astype(np.float32)
    onset[::NOTE_FRAMES] = 0.95
    return replace(
        plain,
        **arrays | {"tune": np.array(tune), "onset": onset},
        beats=plain.beats[:3],
        positions=plain.positions[:3],
        metres=plain.metres[:3],
        divisions=plain.divisions[:3],
        tuning_cents=np.zeros(len(tune), np.float32),
        level=SongLevel.steady(len(tune)),
    )


TRUE = np.repeat(PITCHES, NOTE_FRAMES)


@pytest.mark.parametrize("extreme", [-1, 1])
def test_a_note_heard_at_an_extreme_is_moved_to_the_middle(extreme):
    mended = centre_vibrato(heard(TRUE + extreme), sung(vibrato_cents=105), AUDIO)
    assert (mended.tune == TRUE).mean() > 0.95


def test_a_note_heard_at_both_extremes_in_turn_becomes_one():
    swing = np.where(np.arange(len(TRUE)) % 12 < 6, 1, -1)
    mended = centre_vibrato(heard(TRUE + swing), sung(vibrato_cents=105), AUDIO)
    assert (mended.tune == TRUE).mean() > 0.7
    assert np.flatnonzero(mended.onset > 0.9).tolist() == list(range(0, len(TRUE), NOTE_FRAMES))


@pytest.mark.parametrize("glide_s", [0.0, 0.1])
@pytest.mark.parametrize("vibrato_cents", [0, 40])
def test_steady_notes_and_slides_stay(glide_s, vibrato_cents):
    plain = heard(TRUE)
    mended = centre_vibrato(plain, sung(vibrato_cents=vibrato_cents, glide_s=glide_s), AUDIO)
    assert np.array_equal(mended.tune, plain.tune) and np.array_equal(mended.onset, plain.onset)


def test_a_trill_stays():
    pitches = np.tile([72, 74], 30)
    time = np.repeat(pitches, 6)
    wave = sung(pitches)[: 2 * RATE]
    plain = heard(time[: len(wave) // AUDIO.hop_length])
    assert np.array_equal(centre_vibrato(plain, wave, AUDIO).tune, plain.tune)


def test_a_voice_with_others_stays():
    chord = sum(np.roll(sung([p] * len(PITCHES)), 99) for p in (55, 64, 67, 79))
    plain = heard(TRUE + 1)
    mended = centre_vibrato(plain, sung(vibrato_cents=105) + chord, AUDIO)
    assert np.array_equal(mended.tune, plain.tune)


def test_a_song_without_notes():
    plain = heard(np.full(100, -1))
    assert np.array_equal(
        centre_vibrato(plain, np.zeros(25_600, np.float32), AUDIO).tune, plain.tune
    )
