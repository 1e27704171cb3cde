from xml.etree import ElementTree

import numpy as np
import pytest
from scores import demo_score, drawn_score, heard_score

from kcarol.score.musicxml.reading import ForeignNotation, extras_of, is_ours, score_in
from kcarol.score.musicxml.writing import musicxml_of
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet


def root_of(score) -> ElementTree.Element:
    return ElementTree.fromstring(musicxml_of(score))


def test_our_files_are_known_and_hold_extras():
    root = root_of(demo_score("Neon Ink"))
    assert is_ours(root) and extras_of(root).startswith("{")
    root.find(".//software").text = "MuseScore 3"
    assert not is_ours(root)


def test_the_notation_alone_says_notes_chords_bars_and_sections():
    for score in (heard_score(), *map(drawn_score, range(8))):
        paper, again = notate(score), notate(score_in(root_of(score)))
        assert again.notes == paper.notes
        assert [chord.start for chord in again.chords] == [c.start for c in paper.chords]
        for ours, theirs in zip(again.chords, paper.chords, strict=True):
            assert ours.silent == theirs.silent
            assert ours.silent or ours.quality == theirs.quality
            assert ours.silent or ours.bass_class == theirs.bass_class
        assert [(bar.start, bar.length) for bar in again.bars] == [
            (bar.start, bar.length) for bar in paper.bars
        ]
        assert [(s.name, s.start) for s in again.sections] == [
            (s.name, s.start) for s in paper.sections
        ]
        assert (again.key, again.mode) == (paper.key, paper.mode)
        assert again.swing == pytest.approx(paper.swing, abs=0.02)


def test_bars_last_as_long_as_they_did():
    for score in (heard_score(), drawn_score(5)):
        paper, again = notate(score), notate(score_in(root_of(score)))
        edges = [bar.start for bar in paper.bars] + [paper.length]
        np.testing.assert_allclose(
            np.diff(again.time_s(edges)), np.diff(paper.time_s(edges)), rtol=1e-5
        )


def test_a_score_without_notes_and_sections_is_read():
    sheet = LeadSheet("", 120.0, 4, 0, "major", (), (Chord(0, 8.0, 5),), ())
    found = score_in(root_of(Score.of_sheet(sheet))).sheet
    assert (found.notes, found.sections, found.chords) == ((), (), sheet.chords)


@pytest.mark.parametrize("tag", ["chord", "grace", "backup", "repeat"])
def test_notation_that_we_do_not_write_is_left_to_others(tag):
    root = root_of(demo_score("Neon Ink"))
    ElementTree.SubElement(root.find("part/measure"), tag)
    with pytest.raises(ForeignNotation):
        score_in(root)


def test_a_score_of_two_parts_is_left_to_others():
    root = root_of(demo_score("Neon Ink"))
    root.append(root.find("part"))
    with pytest.raises(ForeignNotation):
        score_in(root)
