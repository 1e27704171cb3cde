from dataclasses import replace

import numpy as np
import pytest
from mido import MetaMessage, MidiFile

from kcarol.score.midi.reading import read_midi
from kcarol.score.midi.writing import write_midi
from kcarol.score.score import Score
from tests.score.midi.songs import moving_score, steady_score

PITCH = 67


@pytest.fixture
def path(tmp_path):
    return tmp_path / "song.mid"


def edit(path, track, change):
    """Messages of a track as `change` makes them; None leaves one out."""
    file = MidiFile(path, charset="utf-8")
    file.tracks[track][:] = [m for m in map(change, file.tracks[track]) if m is not None]
    file.save(path)


def first_note_to(pitch, length=2):
    """The first `length` messages of notes get another pitch."""
    left = [length]

    def change(message):
        if message.type in ("note_on", "note_off") and left[0]:
            left[0] -= 1
            return message.copy(note=pitch)
        return message

    return change


def test_a_note_that_was_mended_keeps_its_time(path):
    score = moving_score()
    write_midi(score, path)
    edit(path, 1, first_note_to(PITCH))
    read = read_midi(path)
    first, *others = score.sheet.notes
    assert read.sheet.notes == (replace(first, pitch=PITCH), *others)
    np.testing.assert_array_equal(read.grid.beat_times_s, score.grid.beat_times_s)


def test_other_notes_mean_another_chord(path):
    score = steady_score()
    write_midi(score, path)
    edit(path, 2, _flat_third)
    qualities = [chord.quality for chord in read_midi(path).sheet.chords]
    assert qualities == ["maj", "maj", "maj", "min"] * 2


def _flat_third(message):
    """G major as G minor."""
    is_third = message.type in ("note_on", "note_off") and message.note == 59
    return message.copy(note=58) if is_third else message


def test_another_name_means_another_chord(path):
    score = steady_score()
    write_midi(score, path)
    edit(path, 2, lambda m: MetaMessage("text", text="Dm", time=m.time) if _is_f(m) else m)
    roots = [chord.root for chord in read_midi(path).sheet.chords]
    assert roots == [0, 9, 2, 7] * 2


def _is_f(message):
    return message.type == "text" and message.text == "F"


def test_names_alone_are_enough(path):
    score = steady_score()
    write_midi(score, path)
    for track in (2, 3):
        edit(path, track, lambda m: None if m.type.startswith("note") else m)
    assert len(read_midi(path).sheet.chords) > 1


def test_a_file_of_other_ticks_reads_the_same(path):
    score = moving_score(pauses_s=((15, 1.0),))
    write_midi(score, path)
    file = MidiFile(path, charset="utf-8")
    file.ticks_per_beat *= 2
    for track in file.tracks:
        for message in track:
            message.time *= 2
    file.save(path)
    assert read_midi(path).sheet == score.sheet


def test_tracks_without_names_are_known_by_their_channels(path):
    score = moving_score()
    write_midi(score, path)
    for track in (1, 2, 3):
        edit(path, track, lambda m: None if m.type == "track_name" else m)
    assert read_midi(path).sheet == score.sheet


@pytest.mark.parametrize("silence_s", [0.0, 0.7, 100.0])
def test_another_metre_keeps_the_beats(silence_s, path):
    steady = steady_score()
    later = replace(steady.grid, beat_times_s=steady.grid.beat_times_s + silence_s)
    score = Score.of_sheet(steady.sheet, later)
    write_midi(score, path)
    edit(path, 0, lambda m: m.copy(numerator=2) if m.type == "time_signature" else m)
    read = read_midi(path)
    assert read.sheet.beats_per_bar == 2
    np.testing.assert_allclose(read.grid.beat_times_s, score.grid.beat_times_s)


def test_a_song_may_be_made_longer(path):
    score = steady_score()
    write_midi(score, path)
    edit(path, 1, lambda m: m.copy(time=m.time + 960 * 20) if m.type == "note_off" else m)
    read = read_midi(path)
    assert read.grid.length_s > score.grid.length_s
    assert read.sheet.n_beats == len(read.grid.beat_times_s) - 1


def test_a_metre_that_we_lack_is_refused(path):
    from kcarol.score.errors import ScoreError

    write_midi(steady_score(), path)
    edit(path, 0, lambda m: m.copy(numerator=5, denominator=8) if m.type == "time_signature" else m)
    with pytest.raises(ScoreError, match="found a time signature of 5/8"):
        read_midi(path)
