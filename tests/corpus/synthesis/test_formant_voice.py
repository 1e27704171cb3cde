"""The formant voice: pitch, rhythm, formants, consonants, choirs."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal
from sung_notes import RATE, TUNE, harmonic_pitch, level_db, steady_part

from kcarol.corpus.synthesis.formant_voice import (
    STYLES,
    formant_tracks,
    pulse_train,
    synthesise_singing,
    tract_response,
)
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.syllables import Syllable, plan_syllables
from kcarol.transcription.lead_sheet import Stroke


@pytest.mark.parametrize("kind,transpose", [("male", -12), ("female", 2), ("child", 7), (None, 0)])
def test_sung_pitch_is_within_50_cents_in_the_steady_part_of_notes(kind, transpose):
    errors = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        tune = [Stroke(s.start_s, s.length_s, s.pitch + transpose, s.velocity) for s in TUNE]
        # the harmonics of a wide vibrato are strongest at its edges, not in its middle
        singer = Singer.draw(rng, kind)
        singer = replace(singer, vibrato_cents=min(singer.vibrato_cents, 40))
        wave = synthesise_singing(tune, 6.5, RATE, rng, singer)
        errors += [harmonic_pitch(steady_part(wave, s), s.pitch) - s.pitch for s in tune]
    assert np.median(np.abs(errors)) < 0.25
    assert np.mean(np.abs(errors) < 0.5) > 0.9


def test_voice_sounds_on_notes_and_rests_between_phrases():
    tune = [Stroke(0.5, 0.8, 60, 90), Stroke(2.5, 0.8, 64, 90)]
    for seed in range(5):
        wave = synthesise_singing(tune, 4.0, RATE, np.random.default_rng(seed))
        assert wave.shape == (4 * RATE,) and wave.dtype == np.float32 and np.isfinite(wave).all()
        assert all(level_db(steady_part(wave, s)) > -32 for s in tune)
        assert level_db(wave[int(1.5 * RATE) : int(1.9 * RATE)]) < -45


def test_a_and_i_differ_by_their_formants():
    def peak_hz(vowel: str, low_hz: float, high_hz: float) -> float:
        held = [Syllable(0.0, 1.0, 45, 1.0, nucleus=(vowel, vowel))]
        tracks = formant_tracks(held, 80, Singer())
        response = tract_response(tracks, np.full(80, 110.0), np.zeros(80), RATE, 512, Singer())[40]
        bins_hz = np.arange(257) * RATE / 512
        inside = (bins_hz > low_hz) & (bins_hz < high_hz)
        return bins_hz[inside][response[inside].argmax()]

    assert abs(peak_hz("a", 150, 1000) - 730) < 60
    assert abs(peak_hz("i", 150, 1000) - 285) < 60
    assert abs(peak_hz("i", 1800, 2600) - 2250) < 120


def test_fricatives_make_noise_above_4_khz_before_the_note():
    high = signal.butter(4, 4000, "highpass", fs=RATE, output="sos")
    singer, wave, plan = Singer(breathiness=0.0, coda_chance=0.0, melisma=0.0), None, None
    for seed in range(200):
        plan = plan_syllables([Stroke(0.5, 0.5, 50, 90)], np.random.default_rng(seed), singer)
        if plan[0].consonant == "s":
            wave = synthesise_singing(
                [Stroke(0.5, 0.5, 50, 90)], 1.2, RATE, np.random.default_rng(seed), singer
            )
            break
    hiss = signal.sosfilt(high, wave)
    start = int((0.5 - plan[0].consonant_s) * RATE)
    assert (
        level_db(hiss[start : int(0.48 * RATE)])
        > level_db(hiss[int(0.6 * RATE) : int(0.8 * RATE)]) + 6
    )


def test_rap_does_not_keep_the_pitch_but_the_rhythm():
    singer = Singer(speech_midi=46.0)
    high = [Stroke(s.start_s, s.length_s, 72, 90) for s in TUNE]
    wave = synthesise_singing(high, 6.5, RATE, np.random.default_rng(1), singer, style="rap")
    frequencies = np.fft.rfftfreq(len(wave), 1 / RATE)
    power = np.square(np.abs(np.fft.rfft(wave)))
    speech, tune = (
        (frequencies > 70) & (frequencies < 250),
        (frequencies > 480) & (frequencies < 560),
    )
    assert power[speech].sum() > power[tune].sum()
    assert all(level_db(steady_part(wave, s)) > -35 for s in high)


def test_choir_sings_every_note_of_a_chord():
    chord = [Stroke(0.2, 1.6, p, 90) for p in (55, 59, 62)]
    wave = synthesise_singing(chord, 2.0, RATE, np.random.default_rng(3), style="choir")
    spectrum = np.abs(np.fft.rfft(wave, 1 << 16))
    around = [
        spectrum[
            int(440 * 2 ** ((p - 69.4) / 12) * 4.096) : int(440 * 2 ** ((p - 68.6) / 12) * 4.096)
        ].max()
        for p in (55, 59, 62, 57, 60.5)
    ]
    assert min(around[:3]) > 2 * max(around[3:])


def test_pulses_have_no_aliases():
    pulses, _ = pulse_train(np.full(RATE, 1500.0, np.float32), RATE)
    spectrum = np.abs(np.fft.rfft(pulses * np.hanning(RATE)))
    harmonics = np.zeros(len(spectrum), bool)
    for k in range(1, 6):
        harmonics[1500 * k - 4 : 1500 * k + 5] = True
    assert 20 * np.log10(spectrum[~harmonics].max() / spectrum.max()) < -50


@pytest.mark.parametrize("style", STYLES)
def test_voice_repeats_with_the_seed_and_changes_with_another(style):
    first, again, other = (
        synthesise_singing(TUNE[:3], 3.0, RATE, np.random.default_rng(s), style=style)
        for s in (5, 5, 6)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [Stroke(0.0, 0.3, 60, 90)],
        [Stroke(1.9, 5.0, 60, 127)],
        [Stroke(9.0, 1.0, 60, 90)],
        [Stroke(0.0, 0.02, 30, 1), Stroke(0.02, 0.02, 100, 127), Stroke(0.02, 1.0, 60.37, 64)],
    ],
)
@pytest.mark.parametrize("style", STYLES)
def test_voice_takes_odd_strokes(strokes, style):
    wave = synthesise_singing(strokes, 2.0, RATE, np.random.default_rng(0), style=style)
    assert wave.shape == (2 * RATE,) and np.isfinite(wave).all() and np.abs(wave).max() < 3


def test_an_unknown_style_is_named():
    with pytest.raises(ValueError, match="opera"):
        synthesise_singing(TUNE, 1.0, RATE, np.random.default_rng(0), style="opera")
