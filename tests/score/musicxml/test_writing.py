from dataclasses import replace
from xml.etree import ElementTree

import pytest
from scores import demo_score, drawn_score, heard_score

from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS
from kcarol.score.musicxml.writing import musicxml_of
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section


def root_of(score: Score) -> ElementTree.Element:
    return ElementTree.fromstring(musicxml_of(score))


def sheet_of(**changes) -> LeadSheet:
    notes = tuple(Note(float(i), 1.0, 60 + i) for i in range(8))
    sections = (Section("verse", 0.0, 4.0), Section("chorus", 4.0, 4.0))
    sheet = LeadSheet("two bars", 100.0, 4, 0, "major", notes, (Chord(0, 8.0, 0),), sections)
    return replace(sheet, **changes)


def test_title_key_metre_sections_and_tempo_are_there():
    root = root_of(Score.of_sheet(sheet_of(key=2)))
    assert root.findtext("work/work-title") == "two bars"
    measures = root.findall("part/measure")
    assert len(measures) == 2
    first = measures[0].find("attributes")
    assert (first.findtext("key/fifths"), first.findtext("key/mode")) == ("2", "major")
    assert (first.findtext("time/beats"), first.findtext("time/beat-type")) == ("4", "4")
    assert [mark.text for mark in root.iter("rehearsal")] == ["verse", "chorus"]
    assert [float(s.get("tempo")) for s in root.iter("sound")] == pytest.approx([100, 100])
    assert root.findtext(".//per-minute") == "100"


def test_every_measure_has_a_tempo_and_one_is_shown():
    for score in (heard_score(), drawn_score(1)):
        root = root_of(score)
        for measure in root.iter("measure"):
            assert len([s for s in measure.iter("sound") if s.get("tempo")]) == 1
        assert len(list(root.iter("metronome"))) == 1


def test_measures_are_as_long_as_their_bars():
    for score in (heard_score(), *map(drawn_score, range(6))):
        root, paper = root_of(score), notate(score)
        for bar, measure in zip(paper.bars, root.iter("measure"), strict=True):
            lengths = [int(note.findtext("duration")) for note in measure.iter("note")]
            assert sum(lengths) == bar.length * 48


def test_chords_are_written_where_they_begin():
    for score in (demo_score("Paper Moon Letter"), drawn_score(4)):
        paper, root = notate(score), root_of(score)
        places, at = [], 0
        for element in root.find("part").iter():
            if element.tag == "harmony":
                places.append(at + int(element.findtext("offset", "0")))
            elif element.tag == "note":
                at += int(element.findtext("duration"))
        assert places == [chord.start * 48 for chord in paper.chords]


def test_a_slash_chord_has_its_bass_and_no_chord_says_so():
    chords = (Chord(0, 4.0, 0, "maj", 4), Chord(4.0, 4.0, 0, silent=True))
    first, second = root_of(Score.of_sheet(sheet_of(chords=chords))).iter("harmony")
    assert first.findtext("bass/bass-step") == "E"
    assert second.find("kind").get("text") == "N.C." and second.findtext("kind") == "none"


def test_swing_is_said_in_words():
    root = root_of(Score.of_sheet(sheet_of(swing=1 / 3)))
    assert "Swing 2:1" in [words.text for words in root.iter("words")]
    assert not [w for w in root_of(Score.of_sheet(sheet_of())).iter("words") if w.text.strip()]


@pytest.mark.parametrize("shift, octaves", [(0, None), (-12, "-1")])
def test_low_tunes_are_in_the_tenor_s_clef(shift, octaves):
    notes = tuple(replace(note, pitch=note.pitch + shift) for note in sheet_of().notes)
    root = root_of(Score.of_sheet(sheet_of(notes=notes)))
    assert root.findtext(".//clef/clef-octave-change") == octaves


def test_accidentals_are_drawn_once_a_bar():
    notes = tuple(Note(float(i), 1.0, pitch) for i, pitch in enumerate([66, 66, 65, 65, 66]))
    root = root_of(Score.of_sheet(sheet_of(notes=notes)))
    drawn = [note.findtext("accidental") for note in root.iter("note") if note.find("pitch")]
    assert drawn == ["sharp", None, "natural", None, "sharp"]


def test_what_xml_cannot_hold_is_left_out():
    title = "a\x00b\x1bc <&> \ud7ff 봄"
    root = root_of(Score.of_sheet(replace(DEMO_SONGS["Neon Ink"].sheet, title=title)))
    assert root.findtext("work/work-title").startswith("a b c <&> ")


def test_a_score_without_notes_is_bars_of_rest():
    root = root_of(Score.of_sheet(sheet_of(notes=())))
    assert [rest.get("measure") for rest in root.iter("rest")] == ["yes", "yes"]
