"""Facts about a voice over its carol."""

import numpy as np
import pyloudnorm
import pytest
import soundfile
import soxr
from converters import make_converter
from voices import RATE, band, drum_strokes, sung_voice, write

from kcarol.audio.files import AudioError
from kcarol.audio.loudness import loudness_lufs, true_peak_db
from kcarol.config import DUCK, KEEP
from kcarol.conversion.api import convert
from kcarol.conversion.sound.laid_over import OVER_CAROL_LU, VOICE, Voice, lay_over_, voice_gain_db
from kcarol.conversion.sound.stems import Stems

OUT_RATE = 48_000


@pytest.fixture(scope="module")
def converter():
    return make_converter()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A song, and its voice a quarter of a second late."""
    folder = tmp_path_factory.mktemp("voices")
    write(folder / "song.wav", sung_voice() + band())
    write(folder / "voice.wav", np.pad(sung_voice(), (4_000, 0)))
    return folder


def carol_of(files, converter, name, **chosen):
    """(2, T) with its voice, written to NAME.wav."""
    song, out = files / "song.wav", files / f"{name}.wav"
    path = convert(song, out, rate=OUT_RATE, converter=converter, force=True, **chosen)
    return soundfile.read(path)[0].T


def energy_db(wave):
    return 10 * np.log10(np.mean(np.square(wave)) + 1e-20)


def test_what_a_voice_adds_is_the_voice(files, converter):
    """The carol taken away again, the rest is the true voice: both by the gains that fit best."""
    dry = {"hall": 0.0, "voice_tune": KEEP}
    alone = carol_of(files, converter, "alone", **dry)
    both = carol_of(files, converter, "both", voice=files / "voice.wav", **dry)
    voice = np.tile(soxr.resample(sung_voice(), RATE, OUT_RATE), (2, 1))
    parts = np.stack([alone.ravel(), voice.ravel()], axis=1)
    gains = np.linalg.lstsq(parts, both.ravel(), rcond=None)[0]
    residual = both.ravel() - parts @ gains
    assert energy_db(residual) < energy_db(gains[1] * voice) - 25


def test_with_a_voice_the_carol_is_as_loud_as_without(files, converter):
    alone = carol_of(files, converter, "alone")
    both = carol_of(files, converter, "both", voice=files / "voice.wav")
    assert both.shape == alone.shape
    assert loudness_lufs(both.astype(np.float32), OUT_RATE) == pytest.approx(
        loudness_lufs(alone.astype(np.float32), OUT_RATE), abs=0.3
    )
    assert true_peak_db(both.astype(np.float32)) < -0.9


@pytest.mark.parametrize("mono", [False, True])
def test_the_voice_is_a_stem_and_all_stems_add_up_to_the_carol(files, converter, mono):
    chosen = {"voice": files / "voice.wav", "voice_tune": DUCK, "stems": files, "mono": mono}
    both = carol_of(files, converter, "stems", **chosen)
    stems = [soundfile.read(path)[0].T for path in files.glob("stems.*.wav")]
    assert (files / f"stems.{VOICE}.wav").exists() and len(stems) > 1
    assert energy_db(sum(stems) - both) < energy_db(both) - 60


def test_without_a_voice_there_is_no_stem_of_one(files, converter):
    carol_of(files, converter, "stems", voice=files / "voice.wav", stems=files)
    carol_of(files, converter, "stems", stems=files)
    assert not (files / f"stems.{VOICE}.wav").exists()


def test_a_voice_that_does_not_fit_leaves_nothing_behind(files, converter):
    other = write(files / "other.wav", sung_voice(seed=1))
    with pytest.raises(AudioError, match="other.wav: expected the voice of this song"):
        carol_of(files, converter, "none", voice=other)
    assert not (files / "none.wav").exists()


def test_a_voice_is_a_little_louder_than_the_carol_where_it_sings():
    voice = np.tile(soxr.resample(sung_voice(), RATE, OUT_RATE), (2, 1))
    carol = np.tile(soxr.resample(drum_strokes(), RATE, OUT_RATE), (2, 1))
    gain = 10 ** (voice_gain_db(carol, voice, OUT_RATE) / 20)
    meter = pyloudnorm.Meter(OUT_RATE)
    phrase = slice(OUT_RATE, 3 * OUT_RATE)
    over = meter.integrated_loudness(gain * voice[:, phrase].T) - meter.integrated_loudness(
        carol[:, phrase].T
    )
    assert over == pytest.approx(OVER_CAROL_LU, abs=0.7)


def test_beside_silence_a_voice_keeps_its_level():
    voice = np.tile(sung_voice(), (2, 1))
    assert voice_gain_db(np.zeros_like(voice), voice, RATE) == 0
    assert voice_gain_db(voice, np.zeros_like(voice), RATE) == 0


def test_a_stereo_voice_keeps_its_width():
    voice = np.stack([sung_voice(), 0.25 * sung_voice()])
    carol = np.tile(band(), (2, 1))
    laid = carol.copy()
    with Stems() as stems:
        lay_over_(laid, Voice(voice, np.zeros(1, bool)), RATE, stems)
        added = stems.waves[VOICE][:]
    np.testing.assert_allclose(laid - carol, added, atol=1e-6)
    np.testing.assert_allclose(added[1], 0.25 * added[0], atol=1e-6)
