from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.arrangement.voices import four_parts
from kcarol.score.arrangement.lines import lines_of


def test_voices_of_a_choir_are_told_apart(carol_score):
    parts = arrange_carol(carol_score.sheet, carol_score.grid, STYLES["choir"])
    four = four_parts(carol_score.sheet)
    of_voice = {"a": four.alto, "t": four.tenor, "b": four.bass}
    for line in lines_of(parts, carol_score, "choir"):
        for note in line.notes:
            if line.instrument.name == "choir" and note.letter in of_voice:
                beat = note.start / 48
                assert any(
                    n.pitch == note.pitch and n.start <= beat < n.end for n in of_voice[note.letter]
                )


def test_short_strokes_are_detached(carol_score):
    parts = arrange_carol(carol_score.sheet, carol_score.grid, STYLES["a_cappella"])
    assert {line.is_detached for line in lines_of(parts, carol_score, "a_cappella")} == {
        True,
        False,
    }
