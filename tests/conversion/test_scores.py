"""Facts about songs written down, and scores played as carols."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from converters import make_converter, needs_shipped, song

from kcarol.audio.encoding import save_audio
from kcarol.audio.files import AudioError
from kcarol.audio.writing.tags import Tags, read_tags
from kcarol.conversion import scores
from kcarol.conversion.api import convert
from kcarol.conversion.converter import Converter
from kcarol.conversion.scores import default_score, notate, play
from kcarol.score.errors import ScoreError
from kcarol.synthesis.render import available, best_soundfont
from kcarol.transcription.transcription import Transcription

MISSING = available([best_soundfont()])
needs_synth = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(scope="module")
def converter():
    return make_converter()


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "my song.wav"
    wide = np.stack([np.resize(song(4.0), 4 * 48_000), np.resize(song(4.0, 1), 4 * 48_000)], axis=1)
    soundfile.write(path, wide, 48_000)
    return path


def test_a_song_is_written_down_beside_it(converter, record):
    written = notate(record, converter=converter)
    assert written == default_score(record) == record.with_name("my song.musicxml")
    assert "<score-partwise" in written.read_text()


def test_what_was_heard_is_a_transcription(converter, record, tmp_path):
    heard = notate(record, tmp_path / "heard.json", converter=converter)
    assert len(Transcription.load(heard)) == 1 + 4 * 16_000 // 256


@pytest.mark.parametrize("mono", [False, True])
def test_a_carol_played_from_what_was_heard_is_the_converted_one(converter, record, tmp_path, mono):
    converted = convert(record, tmp_path / "a.wav", "choir", mono=mono, converter=converter)
    heard = notate(record, tmp_path / "heard.json", converter=converter)
    played = play(heard, tmp_path / "b.wav", "choir", mono=mono, converter=converter)
    one, other = (soundfile.read(path)[0] for path in (converted, played))
    assert one.shape == other.shape and np.abs(one - other).max() < 2 / 32768


def test_a_score_is_played_beside_itself_at_the_rate_that_was_asked_for(converter, record):
    score = notate(record, converter=converter)
    carol = play(score, rate=32_000, hall=0.0, converter=converter)
    assert carol == record.with_name("my song.carol.wav")
    assert soundfile.info(carol).samplerate == 32_000


def test_a_score_of_another_song_is_named(converter, record, tmp_path, monkeypatch):
    def refuse(score, heard):
        raise ScoreError("expected another score")

    monkeypatch.setattr(scores, "in_time_with", refuse)
    score = notate(record, converter=converter)
    with pytest.raises(ScoreError, match=r"my song\.musicxml: expected another score"):
        play(score, like=record, converter=converter)
    assert not (tmp_path / "my song.carol.wav").exists()


def test_a_score_may_be_written_anew(converter, record, tmp_path):
    score = notate(record, converter=converter)
    chords = notate(score, tmp_path / "chords.lab")
    assert chords.read_text().strip()


def test_the_parts_of_a_carol_may_be_written(converter, record, tmp_path):
    written = notate(record, arrangement="choir", converter=converter)
    assert written == record.with_name("my song.choir.musicxml")
    assert "<part-list" in written.read_text()
    midi = notate(record, tmp_path / "choir.mid", "choir", converter=converter)
    assert midi.read_bytes().startswith(b"MThd")
    with pytest.raises(ValueError, match="expected an arrangement of bells, .* found jazz"):
        notate(record, arrangement="jazz", converter=converter)
    with pytest.raises(ScoreError, match="expected a score's ending, found .json"):
        notate(record, tmp_path / "a.json", "choir", converter=converter)


def test_existing_files_are_kept_unless_forced(converter, record, tmp_path):
    score = default_score(record)
    score.write_text("mine")
    with pytest.raises(FileExistsError, match="exists; give another name with -o, or --force"):
        notate(record, converter=converter)
    assert score.read_text() == "mine"
    assert notate(record, converter=converter, force=True) == score
    with pytest.raises(FileExistsError, match="is the song itself"):
        notate(score, score, force=True)
    (tmp_path / "my song.carol.wav").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="--force"):
        play(score, converter=converter)


@pytest.mark.parametrize(
    "name, text", [("a.json", "{"), ("a.musicxml", "<score-partwise"), ("a.mid", "MThd"), ("a", "")]
)
def test_what_is_no_score_is_neither_played_nor_written_anew(converter, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(ScoreError, match="expected"):
        play(tmp_path / name, converter=converter)
    with pytest.raises((ScoreError, AudioError)):
        notate(tmp_path / name, tmp_path / "b.musicxml", converter=converter)
    assert os.listdir(tmp_path) == [name]


def test_a_conversion_writes_the_score_too(converter, record, tmp_path):
    files = [tmp_path / "a.musicxml", tmp_path / "a.json"]
    convert(record, tmp_path / "a.wav", scores=files, converter=converter)
    assert "kcarol" in files[0].read_text()
    heard = notate(record, tmp_path / "b.json", converter=converter)
    assert json.loads(files[1].read_text()) == json.loads(heard.read_text())


@needs_shipped
@pytest.mark.parametrize("engine", ["network", pytest.param("samples", marks=needs_synth)])
def test_stems_add_up_to_the_carol(record, tmp_path, engine):
    converter = Converter.load(device="cpu")
    carol = convert(
        record, tmp_path / "a.carol.wav", engine=engine, stems=tmp_path / "s", converter=converter
    )
    stems = sorted((tmp_path / "s").iterdir())
    assert len(stems) >= 2 and {path.name for path in stems} >= {"a.harmony.wav"}
    whole = soundfile.read(carol)[0]
    total = sum(soundfile.read(stem)[0] for stem in stems)
    assert np.square(total - whole).mean() < 1e-6 * np.square(whole).mean()  # -60 dB


def test_stems_of_an_earlier_carol_do_not_stay(converter, record, tmp_path):
    folder = tmp_path / "stems"
    folder.mkdir()
    (folder / "a.second_tune.wav").write_bytes(b"of another style")
    with pytest.raises(FileExistsError, match="second_tune"):
        convert(record, tmp_path / "a.wav", stems=folder, converter=converter)
    convert(record, tmp_path / "a.wav", stems=folder, converter=converter, force=True)
    found = [soundfile.info(path).subtype for path in folder.iterdir()]
    assert len(found) >= 2 and set(found) == {"FLOAT"}


def test_a_song_is_no_stem_of_its_carol(converter, record, tmp_path):
    with pytest.raises(ValueError, match="expected strength 1 for stems, found 0.5"):
        convert(record, strength=0.5, stems=tmp_path / "stems", converter=converter)
    assert os.listdir(tmp_path) == [record.name]


def test_the_songs_title_goes_onto_the_sheet_and_back_to_the_carol(converter, tmp_path):
    told = Tags("Snow", "The Singers", "Winter")
    path = save_audio(tmp_path / "01.flac", song(4.0), tags=told)
    sheet = notate(path, converter=converter)
    assert "<work-title>Snow</work-title>" in sheet.read_text()
    assert read_tags(play(sheet, converter=converter)) == Tags("Snow (carol)")
    like = play(sheet, tmp_path / "like.mp3", like=path, converter=converter)
    assert read_tags(like) == replace(told, title="Snow (carol)")
