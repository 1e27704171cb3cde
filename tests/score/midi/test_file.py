import struct

import pytest
from mido import Message

from kcarol.score.errors import ScoreError
from kcarol.score.midi import file as midi_file
from kcarol.score.midi.file import read_song
from tests.score.midi.files import TUNE, notes, save, track


@pytest.fixture
def path(tmp_path):
    return tmp_path / "song.mid"


def chunk(name, content, length=None):
    return name + struct.pack(">I", len(content) if length is None else length) + content


def raw(path, events, division=480, kind=0, length=None):
    """A file of one track of bytes."""
    header = chunk(b"MThd", struct.pack(">HHH", kind, 1, division))
    path.write_bytes(header + chunk(b"MTrk", events, length))
    return path


END = bytes([0, 0xFF, 0x2F, 0])
NOTE = bytes([0, 0x90, 60, 80, 96, 60, 0])  # running status


def refused(path):
    with pytest.raises(ScoreError) as error:
        read_song(path)
    assert "\n" not in str(error.value) and str(error.value).startswith(str(path))
    return str(error.value)


def test_notes_have_tracks_channels_and_programs(path):
    save(path, track("Song", []), track("Flute", notes(TUNE, channel=2, program=73)))
    song = read_song(path)
    (part,) = song.parts
    assert (song.title, part.track, part.channel, part.program) == ("Song", "Flute", 2, 73)
    assert [(n.start, n.end, n.pitch) for n in part.notes][:2] == [(0, 480, 60), (480, 960, 62)]


def test_format_0_is_parted_by_channels(path):
    save(path, track("all", [*notes(TUNE, 0), *notes(TUNE, 1)]), kind=0)
    assert [part.channel for part in read_song(path).parts] == [0, 1]


def test_of_format_2_the_first_piece_is_read(path):
    save(path, track("a", []), track("b", notes(TUNE)), track("c", notes(TUNE, 1)), kind=2)
    assert [part.track for part in read_song(path).parts] == ["b"]


def test_running_status_and_a_missing_end_are_read(path):
    (part,) = read_song(raw(path, NOTE)).parts
    assert [(n.start, n.end) for n in part.notes] == [(0, 96)]


def test_a_note_that_is_never_let_go_lasts_to_the_end(path):
    (part,) = read_song(raw(path, bytes([0, 0x90, 60, 80, 96, 0xFF, 0x2F, 0]))).parts
    assert [(n.start, n.end) for n in part.notes] == [(0, 96)]


def test_frames_of_film_are_seconds(path):
    division = (256 - 25) << 8 | 40  # 25 frames of 40 ticks: milliseconds
    song = read_song(raw(path, NOTE + END, division))
    assert song.tempo_map.time_s(1000) == pytest.approx(1.0)


def test_names_of_tracks_are_read_in_utf_8_and_latin_1(path):
    for name in ("노래".encode(), "mélodie".encode("latin-1")):
        title = bytes([0, 0xFF, 3, len(name)]) + name
        (part,) = read_song(raw(path, title + NOTE + END)).parts
        assert part.track in ("노래", "mélodie")


def test_only_drums_are_refused(path):
    save(path, track("Drums", notes(TUNE, channel=9)))
    assert "expected a tune, found only drums" in refused(path)


def test_no_notes_are_refused(path):
    save(path, track("", []))
    assert "expected a tune, found no notes" in refused(path)


def test_a_tempo_of_0_is_refused(path):
    save(path, track("", notes(TUNE), ("set_tempo", {"tempo": 0})))
    assert "expected a tempo, found one of 0" in refused(path)


def test_files_that_are_cut_off_are_refused(path):
    save(path, track("Song", notes(TUNE)))
    whole = path.read_bytes()
    for stop in range(len(whole)):
        path.write_bytes(whole[:stop])
        try:
            read_song(path)
        except ScoreError as error:
            assert "\n" not in str(error)


def test_what_is_no_midi_is_refused(path):
    for content in (b"", b"RIFF", b"MThd", b"\0" * 1000, b"MThd\0\0\0\6\0\1\0\1\0\0"):
        path.write_bytes(content)
        refused(path)


def test_absurd_times_are_refused(path):
    save(path, track("", [*notes(TUNE), Message("note_on", note=60, time=2**28 - 1)]))
    assert "expected at most 2 hours" in refused(path)
    raw(path, NOTE + bytes([0xFF] * 2000 + [0x7F, 0x90, 60, 0]) + END)
    refused(path)


def test_too_many_notes_are_refused(path, monkeypatch):
    monkeypatch.setattr(midi_file, "MOST_NOTES", 7)
    save(path, track("", notes(TUNE)))
    assert "expected at most 7 notes, found 8" in refused(path)
    monkeypatch.setattr(midi_file, "MOST_BYTES", 50)
    assert "of MIDI" in refused(path)


def test_time_signatures_that_are_none_are_left_out(path):
    signature = bytes([0, 0xFF, 0x58, 4, 0, 200, 24, 8])  # 0 of 2**200
    assert read_song(raw(path, signature + NOTE + END)).time_signatures == ()
