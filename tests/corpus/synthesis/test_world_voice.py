"""Syllables sung by WORLD: pitch, time, speakers."""

from dataclasses import replace

import numpy as np
import pytest

from kcarol.corpus.arrangement.pop.arrange import PopArrangement
from kcarol.corpus.dataset import pop_record
from kcarol.corpus.synthesis import speech, world_voice
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.speech import SAMPLE_RATE, TRAINING_SPEAKERS, VALIDATION_SPEAKERS
from kcarol.corpus.synthesis.world_voice import WARP, choose, sing_words
from kcarol.synthesis.render import RenderError
from kcarol.transcription.lead_sheet import Part, Stroke

MISSING = speech.available()
needs_speech = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
corpus = pytest.mark.corpus
MAN, WOMAN = (
    next(s for s in TRAINING_SPEAKERS if s.voice == "ko"),
    next(s for s in TRAINING_SPEAKERS if s.voice == "ko+f2"),
)
TUNE = [Stroke(0.3 + 0.6 * k, 0.57, p, 90) for k, p in enumerate((60, 64, 67, 65, 62.4, 59))]
LENGTH_S = 4.2
PLAIN = Singer(
    intonation_cents=0,
    drift_cents=0,
    jitter_cents=1,
    vibrato_cents=0,
    scoop_chance=0,
    speech_midi=48,
)


def sung(
    strokes=TUNE,
    seed=0,
    style="sung",
    speaker=MAN,
    singer=PLAIN,
    length_s=LENGTH_S,
    rate=SAMPLE_RATE,
):
    return sing_words(
        strokes, length_s, rate, np.random.default_rng(seed), singer, style, (speaker,)
    )


def pitch_midi(wave, near_midi):
    """By autocorrelation, within a third of `near_midi`: the lag between wave and itself of the
    highest correlation.
    """
    lags = SAMPLE_RATE / (440 * 2 ** ((near_midi + np.linspace(4, -4, 321) - 69) / 12))
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 16)) ** 2
    correlation = np.fft.irfft(spectrum)[: int(lags.max()) + 2]
    fine = np.interp(lags, np.arange(len(correlation)), correlation)
    peak = lags[fine.argmax()]
    around = np.arange(int(peak) - 1, int(peak) + 3)
    a, b, _ = np.polyfit(around, correlation[around], 2)
    return 69 + 12 * np.log2(SAMPLE_RATE / (-b / (2 * a)) / 440)


def steady(wave, stroke):
    first, last = stroke.start_s + 0.4 * stroke.length_s, stroke.start_s + 0.75 * stroke.length_s
    return wave[int(first * SAMPLE_RATE) : int(last * SAMPLE_RATE)]


@pytest.mark.parametrize("kind", ["male", "female", "child"])
def test_a_speaker_is_chosen_whose_formants_can_be_moved_to_the_singers(kind):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        singer = Singer.draw(rng, kind)
        for speakers in (TRAINING_SPEAKERS, VALIDATION_SPEAKERS):
            assert WARP[0] <= singer.tract / choose(speakers, singer, rng).tract <= WARP[1]


def test_a_wrong_style_is_named():
    with pytest.raises(
        ValueError, match="expected style of sung, rap, double, choir, found 'opera'"
    ):
        sung(style="opera")


def test_without_the_programs_every_song_with_speakers_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(
        speech,
        "available",
        lambda: "expected WORLD, found none; install: pip install 'kcarol[corpus]'",
    )
    lead = Part("lead", tuple(TUNE))
    arrangement = PopArrangement((lead,), {"lead": "voice"}, "none", "alone", 0.0, 0.0, "female")
    for seed in range(4):
        with pytest.raises(RenderError, match="install: pip install") as error:
            pop_record.render_pop(
                arrangement,
                1.0,
                SAMPLE_RATE,
                "",
                np.random.default_rng(seed),
                speakers=TRAINING_SPEAKERS,
            )
        assert "\n" not in str(error.value)


@corpus
@needs_speech
@pytest.mark.parametrize("speaker, transpose", [(MAN, -14), (MAN, 0), (WOMAN, 0), (WOMAN, 12)])
def test_sung_notes_are_within_30_cents_of_the_asked_ones(speaker, transpose):
    tune = [replace(s, pitch=s.pitch + transpose) for s in TUNE]
    for seed in range(2):
        wave = sung(tune, seed, speaker=speaker)
        errors = [pitch_midi(steady(wave, s), s.pitch) - s.pitch for s in tune]
        assert np.abs(errors).max() < 0.3, errors


@corpus
@needs_speech
@pytest.mark.parametrize("style", world_voice.STYLES)
def test_same_seed_gives_the_same_finite_wave_of_the_asked_length(style):
    wave, again, other = sung(style=style), sung(style=style), sung(seed=1, style=style)
    assert (
        wave.shape == (round(LENGTH_S * SAMPLE_RATE),)
        and wave.dtype == np.float32
        and np.isfinite(wave).all()
    )
    assert np.array_equal(wave, again) and not np.array_equal(wave, other)
    assert 0.03 < np.sqrt(np.mean(np.square(wave))) < 0.15 and np.abs(wave).max() < 2


@corpus
@needs_speech
def test_other_sample_rates_give_the_same_song():
    wave = sung(rate=44_100)
    assert wave.shape == (round(LENGTH_S * 44_100),)
    peaks = [
        np.abs(np.fft.rfft(w, 10 * rate))[:40_000].argmax()
        for w, rate in ((wave, 44_100), (sung(), SAMPLE_RATE))
    ]
    assert peaks[0] == pytest.approx(peaks[1], abs=2)


@corpus
@needs_speech
def test_rests_are_silent():
    strokes = [Stroke(0.5, 0.5, 60, 90), Stroke(3.0, 0.5, 62, 90)]
    wave = sung(strokes, singer=replace(PLAIN, breath_level=0.0))
    loud = np.abs(sung(strokes)[int(0.7 * SAMPLE_RATE) : int(0.9 * SAMPLE_RATE)]).max()
    assert np.abs(wave[int(1.15 * SAMPLE_RATE) : int(2.7 * SAMPLE_RATE)]).max() < 1e-3 * loud
    assert np.abs(wave[: int(0.25 * SAMPLE_RATE)]).max() < 1e-3 * loud
    assert np.abs(wave[int(3.7 * SAMPLE_RATE) :]).max() < 1e-3 * loud
    assert not sung([]).any()


@corpus
@needs_speech
def test_speakers_differ_in_spectrum_more_than_one_speakers_songs_do():
    def spectrum(wave):
        frames = wave[: len(wave) // 256 * 256].reshape(-1, 256) * np.hanning(256)
        power = np.square(np.abs(np.fft.rfft(frames, axis=1))).mean(axis=0)
        return 10 * np.log10(power[2:110] / power.sum())

    same = [spectrum(sung(seed=seed, speaker=MAN)) for seed in range(4)]
    other = spectrum(np.concatenate([sung(seed=seed, speaker=WOMAN) for seed in range(4)]))
    spread = np.mean([np.abs(s - np.mean(same, axis=0)).mean() for s in same])
    assert np.abs(other - np.mean(same, axis=0)).mean() > 1.3 * spread


@corpus
@needs_speech
def test_rap_keeps_the_rhythm_and_leaves_the_pitches():
    high = [replace(s, pitch=s.pitch + 24) for s in TUNE]
    wave = sung(high, style="rap")
    assert abs(pitch_midi(steady(wave, high[2]), PLAIN.speech_midi) - PLAIN.speech_midi) < 6
    assert all(np.sqrt(np.mean(np.square(steady(wave, s)))) > 0.02 for s in high)
