import pytest

from kcarol.score.midi.file import read_song
from kcarol.score.midi.melody import parted, tune_first, tune_notes
from tests.score.midi.files import TUNE, notes, save, track

CHORDS = [(60, 64, 67), (65, 69, 72)] * 8
BASS = [36, 41, 43, 36, 38, 41] * 3
LINE = [pitch + 7 for pitch in TUNE] * 2


@pytest.fixture
def path(tmp_path):
    return tmp_path / "song.mid"


def chosen(path, *tracks):
    return tune_first(read_song(save(path, *tracks)))[0].track


def test_a_tune_is_known_by_its_name(path):
    low = [pitch - 12 for pitch in LINE]
    tracks = [track("Flute", notes(LINE, 0)), track("Lead vocal", notes(low, 1))]
    assert chosen(path, *tracks) == "Lead vocal"


def test_a_tune_is_one_note_at_a_time_and_no_bass(path):
    tracks = [
        track("1", notes(CHORDS, 0)),
        track("2", notes(BASS, 1, program=33)),
        track("3", notes(LINE, 2)),
    ]
    assert chosen(path, *tracks) == "3"


def test_a_tune_has_the_words(path):
    tracks = [track("high", notes([p + 12 for p in LINE], 0)), track("low", sung(LINE))]
    assert chosen(path, *tracks) == "low"


def sung(pitches):
    from mido import MetaMessage

    rhythm = [None, *pitches]
    messages = []
    for message in notes(rhythm, 1, length=360):
        if message.type == "note_on":
            messages.append(MetaMessage("lyrics", text="la", time=message.time))
            message = message.copy(time=0)
        messages.append(message)
    return messages


def test_of_four_voices_the_soprano_sings(path):
    voices = [track("", notes([p - drop for p in LINE], i)) for i, drop in enumerate((24, 0, 7))]
    for voice, name in zip(voices, "bsa", strict=True):
        voice[0].name = name
    assert chosen(path, *voices) == "s"


def test_what_lies_far_below_a_tune_accompanies_it(path):
    piano = [(48, 72), 50, (48, 74), 50] * 4
    (part,) = read_song(save(path, track("Piano", notes(piano)))).parts
    assert {note.pitch for note in tune_notes(part.notes, 480)} == {72, 74}


def test_legato_is_one_note_at_a_time(path):
    from mido import Message

    on = [Message("note_on", note=pitch, velocity=80, time=440) for pitch in LINE[:8]]
    off = [Message("note_off", note=pitch, time=40) for pitch in LINE[:7]]
    messages = [on[0], *(m for pair in zip(on[1:], off, strict=True) for m in pair)]
    (part,) = read_song(save(path, track("", messages))).parts
    tune = parted(part.notes)
    assert all(note.end <= after.start for note, after in zip(tune, tune[1:], strict=False))
