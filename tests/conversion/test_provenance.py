"""The record in a carol's file of what it was made from."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

import kcarol
from kcarol.audio.encoding import read_comment, save_audio
from kcarol.audio.files import AudioError
from kcarol.audio.writing.formats import SAVE_FORMATS
from kcarol.conversion.provenance import (
    CURRENT,
    FOREIGN,
    MISSING,
    OUTDATED,
    UNRECORDED,
    comment_of,
    compare,
    place_sha256,
    provenance_of,
    read_provenance,
    settings_sha256,
)
from kcarol.conversion.settings import CarolSettings


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "songs/a.mp3"
    path.parent.mkdir()
    path.write_text("a song")
    return path


def made(song, carol, settings="plain"):
    comment = comment_of(provenance_of(song, carol, settings))
    return save_audio(carol, np.zeros(4_000, np.float32), comment=comment)


@pytest.mark.parametrize("ending", SAVE_FORMATS)
def test_a_record_comes_back_from_every_format(ending, song, tmp_path):
    carol = made(song, tmp_path / f"a{ending}")
    assert read_provenance(carol) == provenance_of(song, carol, "plain")


def test_files_without_a_record_have_none(tmp_path, song):
    assert read_provenance(song) is None and read_provenance(tmp_path / "none") is None
    for comment in ("", "ripped by me", "[1]", json.dumps({"song": "x"})):
        carol = save_audio(tmp_path / "a.wav", np.zeros(100, np.float32), comment=comment)
        assert read_comment(carol) == comment and read_provenance(carol) is None


def test_a_carol_tells_nothing_of_its_makers_names_and_folders(song, tmp_path):
    carol = made(song, tmp_path / "a.wav")
    assert b"songs" not in carol.read_bytes() and os.fsencode(tmp_path) not in carol.read_bytes()


def test_a_carol_is_compared_with_what_is_wanted(song, tmp_path):
    carol = tmp_path / "a.wav"
    assert compare(carol, song, "plain") == MISSING
    made(song, carol)
    assert compare(carol, song, "plain") == CURRENT
    assert compare(carol, song, "other") == OUTDATED
    other = song.with_name("b.mp3")
    other.write_text("another song")
    assert compare(carol, other, "plain") == FOREIGN
    song.rename(other)
    assert compare(carol, other, "plain") == CURRENT  # the song under another name
    assert compare(carol, song, "plain") == CURRENT  # deleted since
    with pytest.raises(AudioError, match="nothing there"):
        compare(carol, song, "other")
    song.write_text("a new song")
    assert compare(carol, song, "plain") == OUTDATED
    carol.write_bytes(b"mine")
    assert compare(carol, song, "plain") == UNRECORDED


def test_another_version_alone_is_no_reason_to_convert_again(song, tmp_path):
    carol = tmp_path / "a.wav"
    older = replace(provenance_of(song, carol, "plain"), kcarol="0.0.1")
    save_audio(carol, np.zeros(4_000, np.float32), comment=comment_of(older))
    assert read_provenance(carol).kcarol != kcarol.__version__
    assert compare(carol, song, "plain") == CURRENT


def test_a_place_is_the_same_wherever_both_folders_are_moved_together(tmp_path):
    places = [tmp_path / "a", tmp_path / "b/c"]
    assert len({place_sha256(top / "in/노래.mp3", top / "out") for top in places}) == 1
    assert place_sha256(places[0] / "x", places[0]) != place_sha256(places[0] / "y", places[0])


def sha256_of(weights, *chosen, **named):
    return settings_sha256(weights, CarolSettings(*chosen, **named))


def test_settings_differ_by_whatever_changes_a_carol():
    plain = sha256_of("1", "bells", 1.0)
    others = (
        *({"rate": 48_000}, {"mono": True}, {"hall": 0.0}, {"hall": 0.3}),
        *({"engine": "samples"}, {"choir": "ah"}),
    )
    assert len({plain, *(sha256_of("1", "bells", 1.0, **other) for other in others)}) == 7


def test_settings_differ_by_weights_style_strength_and_the_content_of_a_styles_file(tmp_path):
    style = tmp_path / "carol.mp3"
    style.write_text("one carol")
    found = {
        sha256_of(weights, kind, strength)
        for weights in ("1", "2")
        for kind in ("bells", "choir", style)
        for strength in (1, 0.5)
    }
    assert len(found) == 12
    assert sha256_of("1", str(style), 1.0) in found
    style.write_text("another carol")
    assert sha256_of("1", style, 1.0) not in found


def test_settings_differ_by_the_content_of_a_voice_and_what_becomes_of_the_tune(tmp_path):
    voice = tmp_path / "voice.wav"
    voice.write_text("one voice")
    found = {
        sha256_of("1", "bells", 1.0),
        sha256_of("1", "bells", 1.0, voice=voice),
        sha256_of("1", "bells", 1.0, voice=voice, voice_tune="keep"),
    }
    assert len(found) == 3
    voice.write_text("another voice")
    assert sha256_of("1", "bells", 1.0, voice=voice) not in found
