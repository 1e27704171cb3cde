"""Facts about conversion: any length in, the same length out; seams, silence, files. With small
random networks.
"""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from converters import MODEL, in_pieces, make_converter, needs_shipped, song

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.files import DoubtfulFileWarning, telling
from kcarol.audio.loudness import PEAK_DB, loudness_lufs, measure_loudness, true_peak_db
from kcarol.config import AudioConfig, SyllableConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.settings import CarolSettings
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.model.syllable_hearing import SyllableHearing
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Vowel
from kcarol.transcription.transcription import Transcription
from kcarol.vocoder.griffin_lim import GriffinLim

AUDIO = AudioConfig()
RATE = AUDIO.full_rate


@pytest.fixture(scope="module")
def converter():
    return make_converter()


@pytest.mark.parametrize(
    "n", [1, 2, 255, 256, 257, 399, 400, 401, 511, 513, 4_097, 32_767, 32_768, 160_007]
)
def test_the_carol_is_exactly_as_long_as_the_song_and_within_full_scale(converter, n):
    wave = np.resize(song(), n)
    carol = converter.convert(wave)
    assert carol.shape == (2, 3 * n) and carol.dtype == np.float32
    assert np.isfinite(carol).all() and true_peak_db(carol) <= PEAK_DB


@pytest.mark.parametrize("n_frames", [1, 2, 95, 96, 97, 127, 128, 129, 130, 300])
def test_what_is_heard_and_played_has_a_row_per_frame(converter, n_frames):
    wave = np.resize(song(), (n_frames - 1) * AUDIO.hop_length + 17)
    transcription = converter.transcribe(wave)
    mel = converter.carol_mel(transcription, "choir")
    assert mel.shape == (n_frames, 2, AUDIO.n_bands) and len(transcription) == n_frames


@pytest.mark.parametrize("rate, n_samples", [(44_100, 132_301), (8_000, 23_999), (96_000, 288_000)])
def test_a_carol_has_the_rate_and_the_samples_that_are_wished(converter, rate, n_samples):
    transcription = converter.transcribe(song())
    carol = np.zeros((2, n_samples), np.float32)
    converter.play_onto(carol, transcription, CarolSettings(rate=rate))
    plain = converter.play(transcription, rate=rate)
    assert abs(plain.shape[1] - n_samples) <= 1
    n = min(plain.shape[1], n_samples)
    assert np.allclose(carol[:, 500 : n - 500], plain[:, 500 : n - 500], atol=0.01)
    with DiskWave(2, n_samples) as on_disk:
        converter.play_onto(on_disk, transcription, CarolSettings(rate=rate))
        assert np.array_equal(on_disk[..., :], carol)


def test_a_carol_is_left_and_right_or_both_together(converter):
    transcription = converter.transcribe(song())
    stereo = converter.play(transcription, hall=0.0)
    mono = converter.play(transcription, hall=0.0, mono=True)
    assert mono.shape == (1, stereo.shape[1])
    assert np.corrcoef(mono[0], stereo.mean(0))[0, 1] > 0.99
    assert np.corrcoef(*stereo)[0, 1] < 0.99


def test_the_parts_of_a_carol_lie_within_the_song(converter):
    wave = song(8.0)
    parts = converter.arrange(converter.transcribe(wave), "choir")
    strokes = [stroke for part in parts for stroke in part.strokes]
    assert strokes and min(stroke.start_s for stroke in strokes) >= 0
    assert max(stroke.start_s for stroke in strokes) < 8.1
    assert parts != converter.arrange(converter.transcribe(wave), "bells")


def test_a_transcription_is_played_as_the_song_it_was_made_of(converter, tmp_path):
    wave = song(12.0)
    transcription = converter.transcribe(wave)
    transcription.save(tmp_path / "song.json")
    again = Transcription.load(tmp_path / "song.json")
    assert np.array_equal(converter.play(again, "choir"), converter.convert(wave, "choir"))


def test_silence_gives_silence_and_a_song_gives_sound(converter):
    assert not converter.convert(np.zeros(20_000, np.float32)).any()
    assert np.abs(converter.convert(song())).max() > 0.01


def test_a_silent_song_with_a_little_sound_stays_finite(converter):
    wave = np.zeros(48_000, np.float32)
    wave[20_000:20_010] = 0.5
    assert np.isfinite(converter.convert(wave)).all()


def test_the_song_is_left_as_it_was(converter):
    wave = song()
    before = wave.copy()
    converter.convert(wave, strength=0.5)
    assert np.array_equal(wave, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(converter, bad):
    wave = song()
    wave[1000] = bad
    with pytest.raises(ValueError, match="expected finite samples, found some that are not"):
        converter.convert(wave)


@pytest.mark.parametrize("wave", [np.zeros((2, 500), np.float32), np.zeros(0, np.float32)])
def test_what_is_not_a_mono_wave_is_refused(converter, wave):
    with pytest.raises(ValueError, match="expected a mono wave"):
        converter.convert(wave)


def test_converting_twice_gives_the_same(converter):
    assert np.array_equal(converter.convert(song()), converter.convert(song()))


def test_the_carol_is_as_loud_as_the_song_unless_its_peak_forbids(converter):
    wave = 0.05 * song(6.0)
    transcription = converter.transcribe(wave)
    stereo, mono = converter.play(transcription), converter.play(transcription, mono=True)
    assert loudness_lufs(mono, RATE) == pytest.approx(loudness_lufs(wave), abs=0.1)
    both = np.stack([wave, wave])  # a mono song sounds in both channels
    assert loudness_lufs(stereo, RATE) == pytest.approx(loudness_lufs(both), abs=0.1)


def test_the_carol_is_as_loud_as_the_recording_that_is_given(converter):
    wave = song(6.0)
    wide = 0.1 * np.random.default_rng(0).standard_normal((2, 3 * len(wave))).astype(np.float32)
    transcription, loudness = converter.transcribe(wave), measure_loudness(wide, RATE)
    carol, blended = np.zeros_like(wide), np.zeros_like(wide)
    converter.play_onto(carol, transcription, CarolSettings(), loudness=loudness)
    assert loudness_lufs(carol, RATE) == pytest.approx(loudness.lufs, abs=0.5)
    half = CarolSettings(strength=0.5)
    converter.play_onto(blended, transcription, half, original=wide)
    assert np.corrcoef(blended[0], wide[0])[0, 1] > 0.4
    assert measure_loudness(blended, RATE).lufs == pytest.approx(loudness_lufs(wide, RATE), abs=0.5)


def test_a_louder_song_gives_the_same_carol_but_louder(converter):
    soft, loud = converter.convert(0.1 * song()), converter.convert(0.2 * song())
    assert np.corrcoef(soft[0], loud[0])[0, 1] > 0.999


def test_another_style_gives_another_carol(converter):
    transcription = converter.transcribe(song())
    one, two = (converter.carol_mel(transcription, style) for style in ("bells", "choir"))
    assert (one - two).abs().mean() > 0.01


def test_strength_goes_from_the_song_to_the_carol(converter):
    wave = song()
    outputs = [
        converter.mono_carol(wave, "bells", strength) for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    likeness = [np.corrcoef(wave, output)[0, 1] for output in outputs]
    assert np.allclose(outputs[0], wave, atol=1e-3) and np.all(np.diff(likeness) < -0.01)
    assert {output.shape for output in outputs} == {wave.shape}


def test_a_recording_as_style_gives_its_balance_to_the_carol(converter):
    rng, wave = np.random.default_rng(0), song()
    dull = np.cumsum(rng.normal(0, 0.1, 32_000))
    references = {
        "dull": (dull - dull.mean()).astype(np.float32),
        "bright": rng.normal(0, 0.1, 32_000).astype(np.float32),
    }
    transcription = converter.transcribe(wave)
    mels = {
        name: converter.carol_mel(transcription, converter.measure_style(reference))
        for name, reference in references.items()
    }
    slope = {
        name: float(mel[:, 0, 64:128].mean() - mel[:, 0, :64].mean()) for name, mel in mels.items()
    }
    assert slope["bright"] > slope["dull"] + 1


def test_a_wide_recording_as_style_makes_the_carol_wider_than_a_narrow_one(converter):
    middle, side = 0.1 * np.random.default_rng(0).standard_normal((2, 2 * RATE))
    transcription = converter.transcribe(song())
    width = {}
    for name, share in {"wide": 1.0, "narrow": 0.03}.items():
        reference = np.stack([middle + share * side, middle - share * side]).astype(np.float32)
        mel = converter.carol_mel(transcription, converter.measure_style(reference))
        width[name] = float((mel[:, 1] - mel[:, 0]).mean())
    assert width["wide"] > width["narrow"] + 1


def test_what_a_mono_recording_lacks_stays_as_it_is_played(converter):
    style = converter.measure_style(song(2.0))
    middle, side = style.balance.view(2, -1)
    assert middle[: AUDIO.n_mels].any() and not side.any() and not middle[AUDIO.n_mels :].any()


def test_griffin_lim_stands_in_for_the_vocoder():
    converter = make_converter()
    slow = Converter(converter.model, GriffinLim(AUDIO), converter.styles, 128, AUDIO)
    assert slow.convert(song(1.0)).shape == (2, RATE)


# --- long songs


def difference_db(one, other):
    return 20 * np.log10(np.sqrt(np.mean((one - other) ** 2)) / np.sqrt(np.mean(one**2)) + 1e-9)


def apart(converter, one, other):
    """Distance of two waves' log-mels frame by frame, (F,) nats."""
    return (
        (converter.log_mel(torch.from_numpy(one)) - converter.log_mel(torch.from_numpy(other)))
        .abs()
        .mean(1)
    )


@needs_shipped
@pytest.mark.parametrize("style, strength", [("bells", 1.0), ("choir", 0.5), ("a carol", 1.0)])
def test_a_long_song_in_pieces_is_that_of_the_whole(style, strength):
    converter = Converter.load(device="cpu")
    wave = 0.25 * song(40.0)  # soft: where a limiter is at work, silent bands fill with its own
    whole = in_pieces(converter, 3_000)
    style = whole.measure_style(song(5.0, seed=1)) if style == "a carol" else style
    one = whole.convert(wave, style, strength)
    assert np.array_equal(
        one, in_pieces(converter, AUDIO.n_frames(len(wave))).convert(wave, style, strength)
    )
    pieces = in_pieces(converter, 700).convert(wave, style, strength)
    off = apart(converter, one, pieces)
    assert off.mean() < 0.01 and off.max() < 0.25
    # a log-mel brought to a reference is no wave's, and the phases it gets hang on rounding
    assert difference_db(one, pieces) < -30 or not isinstance(style, str)


def test_griffin_lims_pieces_fade_into_each_other():
    converter = make_converter()
    slow = in_pieces(
        Converter(converter.model, GriffinLim(AUDIO), converter.styles, 128, AUDIO), 400
    )
    carol = slow.mono_carol(song(10.0))
    jumps = np.abs(np.diff(carol))
    join = AUDIO.n_frames(len(carol)) // 4 * 2 * AUDIO.hop_length  # pieces are equally long
    assert jumps[join - 500 : join + 500].max() <= jumps.max() and np.isfinite(carol).all()


# --- styles


def test_a_style_is_a_name_a_vector_or_a_file(converter, tmp_path):
    soundfile.write(tmp_path / "carol.wav", song(2.0), 16_000)
    style = converter.style(tmp_path / "carol.wav")
    assert style.embedding.shape == (MODEL.d_style,) and torch.isfinite(style.embedding).all()
    assert converter.style(style) is style
    assert torch.equal(converter.style(style.embedding).embedding, style.embedding)
    assert torch.equal(converter.style("choir").embedding, torch.ones(MODEL.d_style))


@pytest.mark.parametrize("rate, told", [(16_000, 1), (44_100, 0)])
def test_a_style_without_treble_is_told_to_be_less_sure(converter, tmp_path, rate, told):
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * rate)
    soundfile.write(tmp_path / "carol.wav", noise, rate)
    with telling(DoubtfulFileWarning, print) as texts:
        converter.style(tmp_path / "carol.wav")
    assert len(texts) == told
    assert all("carol.wav: expected a carol in full band, found nothing" in it for it in texts)


def test_every_style_has_an_arrangement(converter):
    assert converter.style("choir").arrangement == "choir"
    learned = converter.styles["choir"].embedding
    near_choir = converter.style(0.9 * learned)
    transcription = converter.transcribe(song())
    assert converter.arrange(transcription, near_choir) == converter.arrange(transcription, "choir")


def test_the_style_of_a_carol_does_not_depend_on_its_level(converter):
    one, two = converter.embed_style(song()), converter.embed_style(0.1 * song())
    assert torch.allclose(one, two, atol=1e-4)


def test_an_unknown_style_is_refused_with_the_known_ones(converter):
    with pytest.raises(
        ValueError, match="expected a style of bells, choir or a carol's audio file, found polka"
    ):
        converter.convert(song(), "polka")


@pytest.mark.parametrize("wave", [np.zeros(16_000, np.float32), song(0.3), np.zeros(0, np.float32)])
def test_silence_and_snippets_are_no_style(converter, wave):
    with pytest.raises(ValueError, match=r"expected at least 0.5 s of a carol as style"):
        converter.embed_style(wave)


def test_an_unknown_vocoder_is_refused():
    with pytest.raises(ValueError, match="expected vocoder neural or griffin-lim, found 'flute'"):
        Converter.load(vocoder="flute")


@needs_shipped
def test_the_shipped_weights_convert_in_every_named_style():
    converter = Converter.load(device="cpu")
    assert set(STYLE_NAMES) <= set(converter.styles)
    transcription = converter.transcribe(song(6.0))
    mels = [converter.carol_mel(transcription, style) for style in STYLE_NAMES]
    assert all(torch.isfinite(mel).all() for mel in mels)
    assert min((a - b).abs().mean() for i, a in enumerate(mels) for b in mels[:i]) > 0.1
    carol = converter.convert(song(6.0))
    assert carol.shape == (2, 6 * RATE) and 0.01 < np.abs(carol).max() <= 1


@needs_shipped
def test_the_shipped_weights_hear_the_chord_that_is_played():
    rate = AUDIO.sample_rate
    time_s = np.arange(rate // 2) / rate
    chord = sum(
        np.sin(2 * np.pi * 440 * 2 ** ((m - 69) / 12) * time_s * k) / k
        for m in (48, 60, 64, 67)
        for k in (1, 2, 3)
    )
    wave = np.tile(chord * np.exp(-3 * time_s), 16).astype(np.float32)
    content = Converter.load(device="cpu").transcribe(0.05 * wave).content
    assert set(content.chord.mean(0).argsort(descending=True)[:3].tolist()) == {0, 4, 7}


def test_the_carol_is_silent_where_the_song_is(converter):
    sounding = 0.2 * np.sin(np.arange(3 * 16_000) * 2 * np.pi * 440 / 16_000)
    song = np.concatenate([sounding, np.zeros(3 * 16_000)]).astype(np.float32)
    transcription = converter.transcribe(song)
    fade_db = transcription.level.fade_db
    assert (fade_db[: 2 * 62] == 0).all() and (fade_db[-2 * 62 :] < -40).all()
    carol = converter.play(transcription, "bells", hall=0.0)
    assert np.abs(carol[:, -RATE:]).max() < 0.01 * np.abs(carol[:, RATE : 2 * RATE]).max()


@pytest.mark.parametrize("kind", ["constant", "rumble", "dither"])
def test_what_lies_below_hearing_alone_gives_silence(converter, kind):
    t = np.arange(3 * 16_000) / 16_000
    waves = {
        "constant": np.full(len(t), 0.1),
        "rumble": 0.1 * np.sin(2 * np.pi * 15 * t),
        "dither": np.random.default_rng(0).triangular(-1, 0, 1, len(t)) / 2**15,
    }
    assert not np.any(converter.convert(waves[kind].astype(np.float32)))


@pytest.mark.parametrize("network", [None, SyllableHearing(SyllableConfig.smoke())])
def test_without_a_network_that_has_learned_syllables_a_song_has_no_text(network):
    if network:  # one whose logits are all alike
        torch.nn.init.zeros_(network.out.weight)
        torch.nn.init.zeros_(network.out.bias)
    heard = make_converter(syllables=network).transcribe(song())
    assert (heard.vowel == NO_VOWEL).all() and not heard.syllable.any()


def test_vowels_that_are_heard_are_in_the_transcription_and_its_score():
    network = SyllableHearing(SyllableConfig.smoke())
    torch.nn.init.zeros_(network.out.weight)
    with torch.no_grad():
        network.out.bias.view(-1, len(VOWELS) + 1 + 1)[:, VOWELS.index("o")] = 20.0
    converter = make_converter(syllables=network)
    heard = converter.transcribe(song())
    is_sung = heard.vowel != NO_VOWEL
    assert (heard.vowel[is_sung] == VOWELS.index("o")).all()
    assert not is_sung[heard.tune < 0].any()
    sung = [vowel.vowel for vowel in converter.score_of(heard).sheet.text]
    assert set(sung) <= {VOWELS.index("o")} and bool(sung) == is_sung.any()


def test_a_copy_hears_syllables_too(converter):
    network = SyllableHearing(SyllableConfig.smoke())
    copy = make_converter(syllables=network).with_vocoder(GriffinLim())
    assert copy.syllables is network


def with_text(score: Score, *text: Vowel) -> Score:
    return replace(score, sheet=replace(score.sheet, text=text))


@pytest.fixture(scope="module")
def heard(converter):
    return converter.score_of(converter.transcribe(song(6.0)))


def test_a_choir_sings_the_text_of_the_song_unless_it_is_to_sing_ah(converter, heard):
    wordless, sung = with_text(heard), with_text(heard, Vowel(0.0, 8.0, VOWELS.index("i")))
    plain = converter.play(wordless, "choir")
    assert np.array_equal(converter.play(sung, "choir", choir="ah"), plain)
    assert np.array_equal(converter.play(wordless, "choir", choir="ah"), plain)
    assert not np.allclose(converter.play(sung, "choir"), plain, atol=1e-3)
