from kcarol.model.instruments import INSTRUMENTS
from kcarol.score.arrangement.dynamics import dynamics_of
from kcarol.score.arrangement.lines import WrittenNote
from kcarol.score.arrangement.players import PLAYERS
from kcarol.score.arrangement.playing import Playing
from kcarol.transcription.lead_sheet import Section


def test_marks_stand_where_a_section_is_played_otherwise():
    velocities = [(0, 50), (48, 52), (192, 90), (240, 92), (384, 88)]
    notes = tuple(WrittenNote(at, at + 48, 60, velocity, "s") for at, velocity in velocities)
    playing = Playing(PLAYERS[0], INSTRUMENTS[0], ((notes, ()),))
    sections = [Section("verse", 0, 4), Section("chorus", 4, 4), Section("chorus", 8, 4)]
    assert dynamics_of(playing, sections) == [(0, "mp"), (192, "f")]
