from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.score.arrangement.players import Player
from kcarol.score.arrangement.writing import arrangement_xml, written_key
from kcarol.score.musicxml.spelling import pitch_of
from kcarol.score.notated import PER_QUARTER
from kcarol.transcription.lead_sheet import Part, Stroke


@pytest.fixture(scope="module", params=STYLES)
def style(request):
    return request.param


@pytest.fixture(scope="module")
def parts(carol_score, style):
    return arrange_carol(carol_score.sheet, carol_score.grid, STYLES[style])


@pytest.fixture(scope="module")
def root(parts, carol_score, style):
    return ElementTree.fromstring(arrangement_xml(parts, carol_score, style))


def voices_of(measure):
    """Ticks of each voice of a bar, without chord notes."""
    lengths = Counter()
    for note in measure.iter("note"):
        if note.find("chord") is None:
            lengths[note.findtext("voice")] += int(note.findtext("duration"))
    return lengths


def struck(root):
    """(beat, MIDI pitch) of every note that is not tied to one before."""
    found = set()
    for part in root.iter("part"):
        above = int(part.findtext(".//transpose/chromatic") or 0)
        for number, measure in enumerate(part.iter("measure")):
            at = last = 0
            for element in measure:
                length = int(element.findtext("duration") or 0)
                if element.tag == "backup":
                    at -= length
                if element.tag != "note":
                    continue
                start = at if element.find("chord") is None else last
                pitch = element.find("pitch")
                if pitch is not None and element.find("tie[@type='stop']") is None:
                    alter, octave = int(pitch.findtext("alter") or 0), int(pitch.findtext("octave"))
                    midi = pitch_of(pitch.findtext("step"), alter, octave) + above
                    found.add((4 * number + start / PER_QUARTER, midi))
                if element.find("chord") is None:
                    last, at = at, at + length
    return found


def test_every_voice_fills_its_bars(root):
    for measure in root.iter("measure"):
        assert set(voices_of(measure).values()) == {4 * PER_QUARTER}


def test_what_is_struck_is_on_paper_where_it_sounds(root, parts, carol_score):
    written = struck(root)
    for part in parts:
        if part.is_drums or "piano" in part.name:
            continue
        beats = np.round(4 * carol_score.grid.beats_at([s.start_s for s in part.strokes])) / 4
        for beat, stroke in zip(beats.tolist(), part.strokes, strict=True):
            assert (beat, stroke.pitch) in written, part.name


def test_nothing_is_shorter_than_a_sixteenth(root):
    assert min(int(note.findtext("duration")) for note in root.iter("note")) >= PER_QUARTER // 4


def test_chord_symbols_and_sections_are_over_the_first_part_only(root):
    first, *others = root.iter("part")
    assert len(first.findall(".//harmony")) == 8
    assert [mark.text for mark in first.iter("rehearsal")]
    assert not any(part.findall(".//harmony") for part in others)


def test_choirs_and_organs_have_their_own_staves(carol_score):
    for style, n_staves in {"choir": "2", "a_cappella": "2", "organ": "3"}.items():
        parts = arrange_carol(carol_score.sheet, carol_score.grid, STYLES[style])
        text = arrangement_xml(parts, carol_score, style)
        first = ElementTree.fromstring(text).find("part")
        assert first.findtext(".//staves") == n_staves
        assert text == arrangement_xml(parts, carol_score, style)


@pytest.mark.parametrize(
    ("above", "steps", "fifths", "written"),
    [(0, 0, -3, (-3, 0)), (2, 1, -3, (-1, 1)), (7, 4, 1, (2, 4)), (2, 1, 6, (-4, 2))],
)
def test_transposing_instruments_read_in_a_key_without_many_signs(above, steps, fifths, written):
    player = Player("", "", (), (), written_above=above, steps_above=steps)
    assert written_key(player, fifths) == written


@pytest.mark.parametrize(("pitch", "sign"), [(55, "F"), (64, "G")])
def test_a_left_hand_that_lies_high_is_in_the_treble_clef(carol_score, pitch, sign):
    hands = [
        Part(f"organ {letter} hold", (Stroke(0.0, 2.0, at, 70),), program=19)
        for letter, at in (("s", 72), ("t", pitch), ("b", 40))
    ]
    root = ElementTree.fromstring(arrangement_xml(hands, carol_score, "organ"))
    assert [clef.text for clef in root.iter("sign")] == ["G", sign, "F"]


def test_a_tune_in_octaves_is_above_what_lies_within_them(carol_score):
    parts = [
        Part("piano s sing", (Stroke(0.0, 2.0, 72, 90),)),
        Part("piano r sing", (Stroke(0.0, 2.0, 60, 90),)),
        Part("piano a hold", (Stroke(0.0, 1.0, 69, 60), Stroke(1.0, 1.0, 69, 60))),
    ]
    root = ElementTree.fromstring(arrangement_xml(parts, carol_score, "piano"))
    stems = {
        note.findtext("pitch/step"): note.findtext("stem")
        for note in root.find(".//measure").iter("note")
        if note.find("pitch") is not None
    }
    assert stems["A"] == "down" and stems["C"] in (None, "up")
