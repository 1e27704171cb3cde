from dataclasses import replace

import numpy as np
import pytest
from mido import MidiFile

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.score.errors import ScoreError
from kcarol.score.midi import writing
from kcarol.score.midi.file import read_song
from kcarol.score.midi.tracks import DRUM_CHANNEL
from kcarol.score.midi.writing import (
    bass_pitch,
    chord_pitches,
    part_channels,
    player_name,
    write_arrangement_midi,
    write_midi,
)
from kcarol.transcription.lead_sheet import Chord, Part, Stroke
from tests.score.midi.songs import moving_score, picked_up_score, steady_score


@pytest.fixture
def path(tmp_path):
    return tmp_path / "song.mid"


def starts_s(song, part):
    return song.tempo_map.time_s([note.start for note in part.notes])


@pytest.mark.parametrize(
    "score", [steady_score(2, 3), moving_score(1 / 3, ((15, 2.5), (43, 0.7))), picked_up_score()]
)
def test_notes_sound_when_they_do_in_the_record(score, path):
    write_midi(score, path)
    song = read_song(path)
    heard_s = score.grid.time_s([note.start for note in score.sheet.notes])
    assert np.abs(starts_s(song, song.parts[0]) - heard_s).max() < 1e-3


def test_tune_chords_and_bass_have_tracks(path):
    score = steady_score()
    write_midi(score, path)
    song = read_song(path)
    assert [(part.track, part.channel) for part in song.parts] == [
        ("tune", 0),
        ("chords", 1),
        ("bass", 2),
    ]
    names = [text for _, text in song.texts if not text.startswith("kcarol")]
    assert names == ["C", "A", "F", "G"] * 2


def test_chords_are_voiced_within_an_octave():
    chord = Chord(0, 1, 9, "min7", bass=7)
    pitches = chord_pitches(chord)
    assert {pitch % 12 for pitch in pitches} == {9, 0, 4, 7}
    assert max(pitches) - min(pitches) < 12 and bass_pitch(chord) == 43


@pytest.mark.parametrize("style", list(STYLES))
def test_strokes_of_an_arrangement_sound_when_they_do_in_the_carol(style, path):
    score = moving_score(pauses_s=((15, 1.0),))
    parts = arrange_carol(score.sheet, score.grid, STYLES[style])
    write_arrangement_midi(parts, score, path)
    song = read_song(path)
    assert [part.track for part in song.parts] == [player_name(part) for part in parts]
    for part, read in zip(parts, song.parts, strict=True):
        heard_s = np.array([stroke.start_s for stroke in part.strokes])
        assert np.abs(np.sort(starts_s(song, read)) - np.sort(heard_s)).max() < 1e-3
        assert read.program == part.program and read.is_drums == part.is_drums


def test_a_key_is_let_go_before_its_channel_strikes_it_again(path):
    score = steady_score()
    strokes = (Stroke(0.0, 2.0, 60, 80), Stroke(1.0, 2.0, 60, 80))
    write_arrangement_midi([Part("harp utab broken", strokes, program=46)], score, path)
    song = read_song(path)
    (harp,) = song.parts
    assert starts_s(song, harp).tolist() == pytest.approx([0.0, 1.0])
    assert [m.type for m in MidiFile(path).tracks[1] if "note" in m.type] == [
        "note_on",
        "note_off",
        "note_on",
        "note_off",
    ]


@pytest.mark.parametrize("style", list(STYLES))
def test_no_instrument_is_on_the_channel_of_another(style):
    score = steady_score()
    parts = arrange_carol(score.sheet, score.grid, STYLES[style])
    programs = {}
    for part, channel in zip(parts, part_channels(parts), strict=True):
        assert programs.setdefault(channel, part.program) == part.program
        assert (channel == DRUM_CHANNEL) == part.is_drums


def test_sleigh_bells_play_a_key_that_general_midi_has(path):
    score = steady_score()
    parts = arrange_carol(score.sheet, score.grid, STYLES["bells"])
    write_arrangement_midi(parts, score, path)
    (sleigh,) = (part for part in read_song(path).parts if part.is_drums)
    assert sleigh.track == "sleigh bells"
    assert {note.pitch for note in sleigh.notes} == {writing.TAMBOURINE}


def test_players_have_names_that_people_read():
    names = [player_name(Part(name, ())) for name in ("music_box uta broken", "oohs s sing")]
    assert names == ["music box: upper, tenor, alto (broken)", "oohs: tune"]


def test_tracks_are_in_tune_with_the_record(path):
    score = steady_score()
    write_midi(replace(score, tuning_cents=score.tuning_cents + 50), path)
    tuned = [[m.value for m in track if m.is_cc(6)] for track in MidiFile(path).tracks]
    assert tuned == [[], [96], [96], [96]]


def test_equal_scores_are_equal_files(path, tmp_path):
    write_midi(moving_score(), path)
    write_midi(moving_score(), tmp_path / "again.mid")
    assert path.read_bytes() == (tmp_path / "again.mid").read_bytes()


def test_other_readers_find_a_file_of_format_1(path):
    write_midi(steady_score(), path)
    file = MidiFile(path)
    assert file.type == 1 and file.ticks_per_beat == 960
    assert all(track[-1].type == "end_of_track" for track in file.tracks)


def test_without_mido_the_extra_is_named(path, monkeypatch):
    monkeypatch.setattr("kcarol.score.errors.find_spec", lambda name: None)
    with pytest.raises(
        ScoreError, match=r"song.mid: expected the package mido.*pip install .*\[score\]"
    ):
        write_midi(steady_score(), path)
    assert not path.exists()
