import pytest
from mido import MidiFile

from kcarol.score.midi.tracks import meta_event, note_events, save, settings, track


def test_a_key_is_let_go_before_it_is_struck_again(tmp_path):
    events = note_events(960, 1920, 60, 0, 90) + note_events(0, 960, 60, 0, 80)
    kinds = [message.type for message in track("tune", events, 1920)]
    assert kinds == ["track_name", "note_on", "note_off", "note_on", "note_off", "end_of_track"]


def test_settings_come_first_and_the_end_last(tmp_path):
    events = note_events(0, 480, 60, 3, 90) + settings(3, 52, pan=-1.0)
    written = track("여자", [*events, meta_event(0, "text", text="é")], 960)
    save([written], tmp_path / "x.mid")
    (read,) = MidiFile(tmp_path / "x.mid", charset="utf-8").tracks
    assert read.name == "여자"
    assert [m.value for m in read if m.type == "control_change" and m.control == 10] == [1]
    assert [m.type for m in read][-3:] == ["note_on", "note_off", "end_of_track"]
    assert sum(message.time for message in read) == 960


@pytest.mark.parametrize("cents", [-30.0, 45.0])
def test_a_channel_is_tuned_by_a_registered_parameter(cents):
    controls = {
        message.control: message.value
        for _, message in settings(0, 0, cents)[:-2]
        if message.type == "control_change"
    }
    assert (controls[101], controls[100]) == (0, 1)
    assert (128 * controls[6] + controls[38] - 8192) / 81.92 == pytest.approx(cents, abs=0.01)
    assert len(settings(0, 0, 0.4)) == 3
