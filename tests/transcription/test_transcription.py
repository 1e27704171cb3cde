"""Facts about `Transcription`: what is derived from it, and its files."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from transcriptions import labels_of, logits_of, with_text

from kcarol.audio.loudness import Loudness
from kcarol.config import AudioConfig
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.decoding import decode
from kcarol.transcription.song_level import SongLevel
from kcarol.transcription.transcription import Transcription, TranscriptionError

AUDIO = AudioConfig()


def transcribed(noise=2.0, lufs=-14.123456789):
    logits = logits_of(labels_of("Silent Night"), noise=noise)
    n_samples = (len(logits) - 1) * AUDIO.hop_length + 7
    fade_db = np.zeros(len(logits), np.float32)
    fade_db[-100:] = -np.linspace(0, 40, 100, dtype=np.float32)
    loudness_db = fade_db.clip(-3)
    level = SongLevel(n_samples, Loudness(lufs, -17.7), fade_db, loudness_db)
    return with_text(decode(logits, level))


@pytest.fixture(scope="module")
def transcription():
    return transcribed()


def arrays_of(transcription):
    return {f.name: getattr(transcription, f.name) for f in fields(Transcription)[:-1]} | vars(
        transcription.level
    )


def same(one, other):
    one, other = arrays_of(one), arrays_of(other)
    return all(
        np.array_equal(value, other[name])
        and np.asarray(value).dtype == np.asarray(other[name]).dtype
        for name, value in one.items()
    )


@pytest.mark.parametrize("noise", [0.0, 2.0, 8.0])
@pytest.mark.parametrize("lufs", [-14.123456789, -np.inf])
def test_a_saved_transcription_is_loaded_to_the_bit(tmp_path, noise, lufs):
    transcription = transcribed(noise, lufs)
    transcription.save(tmp_path / "song.json")
    assert same(Transcription.load(tmp_path / "song.json"), transcription)
    assert [path.name for path in tmp_path.iterdir()] == ["song.json"]


def test_a_transcription_of_one_frame_is_loaded_too():
    one = decode(logits_of(labels_of("Silent Night")).map(lambda x: x[:1]))
    assert same(Transcription.from_json(one.to_json()), one)


def test_a_file_takes_less_than_12_kilobytes_a_second_of_song(transcription):
    seconds = transcription.level.n_samples / AUDIO.sample_rate
    assert len(transcription.to_json()) / seconds < 12_000


def test_downbeats_are_the_beats_that_begin_a_bar(transcription):
    assert set(transcription.downbeats) < set(transcription.beats)
    at = np.searchsorted(transcription.beats, transcription.downbeats)
    assert (np.diff(at) == transcription.metres[at[:-1]]).mean() > 0.9


def test_a_tune_moved_out_of_range_is_silent(transcription):
    assert not replace(transcription, tune_shift=96).content.tune.any()


def broken(transcription, **changes):
    return json.dumps(json.loads(transcription.to_json()) | changes)


@pytest.mark.parametrize(
    "text, found",
    [
        ("no JSON at all", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1, 2]", "no object of format 4"),
        ('{"format": 5}', "no object of format 4"),
        ('{"format": 4}', "no n_samples"),
        ('{"format": 1}', "no beats"),
    ],
)
def test_what_is_no_transcription_is_refused_in_one_line(tmp_path, text, found):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(TranscriptionError, match=found) as info:
        Transcription.load(path)
    assert str(path) in str(info.value) and "\n" not in str(info.value)


@pytest.mark.parametrize(
    "name, value",
    [
        ("n_samples", 10**15),
        ("n_samples", "x"),
        ("n_samples", -1),
        ("n_samples", 400.5),
        ("metres", True),
        ("metres", [[10**6, 4]]),
        ("divisions", [0]),
        ("beats", []),
        ("beats", [3, 3]),
        ("beats", [-1, 3]),
        ("beats", 7),
        ("positions", [0]),
        ("tune", [[10**15, 60]]),
        ("tune", [60]),
        ("tune", {"a": 1}),
        ("chord", [[1, [0.5] * 12]]),
        ("energy", ["x"]),
        ("fade_db", None),
        ("loudness_db", [[1, 0.0]]),
        ("onset_rate", [[1, 2.0]]),
        ("loudness_lufs", "loud"),
        ("loudness_rms_db", float("nan")),
    ],
)
def test_wrong_values_are_refused(transcription, name, value):
    with pytest.raises(ValueError):
        Transcription.from_json(broken(transcription, **{name: value}))


@pytest.mark.parametrize("name, value", [("metres", 0), ("divisions", 4), ("positions", 4)])
def test_beats_with_values_out_of_range_are_refused(transcription, name, value):
    n = len(transcription.beats)
    with pytest.raises(ValueError, match=f"{name} (with values )?outside"):
        Transcription.from_json(broken(transcription, **{name: [[n, value]]}))


LATER = {
    1: ("metres", "divisions", "tuning_cents"),
    2: ("loudness_db", "onset_rate"),
    3: ("vowel", "syllable"),
}


def without_text(transcription):
    vowel = np.full_like(transcription.vowel, NO_VOWEL)
    return replace(transcription, vowel=vowel, syllable=0 * transcription.syllable)


@pytest.mark.parametrize("format_", LATER)
def test_files_of_older_formats_are_loaded_as_steady_songs_without_text(transcription, format_):
    values = json.loads(transcription.to_json())
    later = {name for since, names in LATER.items() if since >= format_ for name in names}
    old = {name: value for name, value in values.items() if name not in later}
    old |= {"format": format_, "metre": int(transcription.metres[0])}
    level = transcription.level
    if format_ < 3:
        level = replace(level, loudness_db=0 * level.loudness_db)
    found = Transcription.from_json(json.dumps(old))
    assert same(found, replace(without_text(transcription), level=level))


def test_frames_with_values_out_of_range_are_refused(transcription):
    n = len(transcription)
    wrong = {"tune": 60.5, "onset": 1.5, "strokes": float("nan"), "vowel": 7, "syllable": 2}
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=f"{name} with values outside"):
            Transcription.from_json(broken(transcription, **{name: [[n, value]]}))
    with pytest.raises(ValueError):
        Transcription.from_json(broken(transcription, chord=[[n, [0.5] * 11]]))


def test_binary_files_and_missing_ones_are_named(tmp_path):
    (tmp_path / "song.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TranscriptionError, match="song.json: expected a transcription"):
        Transcription.load(tmp_path / "song.json")
    with pytest.raises(FileNotFoundError):
        Transcription.load(tmp_path / "none.json")
