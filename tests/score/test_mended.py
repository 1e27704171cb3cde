"""A file that was edited plays as it says, in time with the record."""

import os
import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest
from lead_sheets import assert_tiles
from scores import assert_same_score, drawn_score, heard_score

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.score.files import read_score
from kcarol.score.musicxml.writing import musicxml_of
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note

pytest.importorskip("defusedxml")
NOTE = (
    "<note><pitch><step>C</step><octave>5</octave></pitch><duration>48</duration>"
    "<voice>1</voice><type>quarter</type></note>"
)
REST = "<note><rest/><duration>{}</duration><voice>1</voice></note>"


@pytest.fixture(scope="module", params=["heard", "drawn"])
def score(request) -> Score:
    return heard_score() if request.param == "heard" else drawn_score(2)


@pytest.fixture
def file(score, tmp_path):
    """A file of it, to be edited as an XML tree and read again."""
    return File(musicxml_of(score), tmp_path / "score.musicxml")


class File:
    def __init__(self, text: str, path):
        self.root = ElementTree.fromstring(text)
        self.part = self.root.find("part")
        self.path = path

    def read(self) -> Score:
        self.path.write_text(ElementTree.tostring(self.root, encoding="unicode"))
        return read_score(self.path)

    def note(self, number: int = 0):
        """The measure and the note of a pitch that is not tied, by number."""
        untied = [
            (measure, note)
            for measure in self.part
            for note in measure.iterfind("note")
            if note.find("pitch") is not None and note.find("tie") is None
        ]
        return untied[number]


def playable(score: Score) -> None:
    """What every score keeps to that is to be arranged, and that it can be."""
    sheet, grid = score.sheet, score.grid
    assert_tiles(sheet.chords, sheet.n_beats)
    assert not sheet.sections or sheet.sections[-1].end == pytest.approx(sheet.n_beats)
    for note, following in zip(sheet.notes, sheet.notes[1:], strict=False):
        assert note.length > 0 and note.end <= following.start + 1e-6
    assert len(grid.beat_times_s) >= sheet.n_beats + 1 - 1e-6
    assert (np.diff(grid.beat_times_s) > 0).all()
    assert len(sheet.bars) in (0, len(sheet.bar_starts()))
    assert len(score.level.fade_db) == len(score.level.loudness_db) == len(score.tuning_cents)
    assert arrange_carol(sheet, grid, STYLES["bells"])


def test_an_unedited_file_is_the_score(score, file):
    assert_same_score(file.read(), score)


def test_another_pitch_keeps_the_time_of_its_note(score, file):
    _, note = file.note(5)
    note.find("pitch/octave").text = str(int(note.find("pitch/octave").text) + 1)
    found = file.read()
    differing = [
        (new, old)
        for new, old in zip(found.sheet.notes, score.sheet.notes, strict=True)
        if new != old
    ]
    [(new, old)] = differing
    assert (new.start, new.length, new.pitch) == (old.start, old.length, old.pitch + 12)
    assert found.sheet.chords == score.sheet.chords
    np.testing.assert_array_equal(found.grid.beat_times_s, score.grid.beat_times_s)
    playable(found)


def test_a_note_left_out_is_a_rest(score, file):
    _, note = file.note(5)
    note.remove(note.find("pitch"))
    note.insert(0, ElementTree.Element("rest"))
    found = file.read()
    assert len(found.sheet.notes) == len(score.sheet.notes) - 1
    assert set(found.sheet.notes) < set(score.sheet.notes)
    playable(found)


def test_a_note_in_place_of_a_bar_of_rest_plays_where_it_is_written(score, file):
    paper = notate(score)
    measure, rest = next(
        (measure, note)
        for measure in file.part
        for note in measure.iterfind("note")
        if note.find("rest") is not None and int(note.find("duration").text) >= 96
    )
    number = list(file.part).index(measure)
    before = measure.findall("note")
    at = sum(int(n.find("duration").text) for n in before[: before.index(rest)])
    index = list(measure).index(rest)
    length = int(rest.find("duration").text)
    measure.remove(rest)
    measure.insert(index, ElementTree.fromstring(REST.format(length - 48)))
    measure.insert(index, ElementTree.fromstring(NOTE))
    found = file.read()
    [new] = set(found.sheet.notes) - set(score.sheet.notes)
    quarter = float(paper.bars[number].start) + at / 48
    assert new.pitch == 72
    assert found.grid.time_s(new.start) == pytest.approx(paper.time_s(quarter), abs=0.12)
    playable(found)


def test_another_chord_sounds_where_it_is_written(score, file):
    number = 3
    harmony = list(file.part.iter("harmony"))[number]
    kind = harmony.find("kind")
    kind.text, kind.attrib = "suspended-fourth", {}
    for degree in harmony.findall("degree"):
        harmony.remove(degree)
    found = file.read()
    assert found.sheet.chords[number].quality == "sus4"
    assert found.sheet.chords[number].start == pytest.approx(score.sheet.chords[number].start)
    assert found.sheet.notes == score.sheet.notes
    playable(found)


def test_bars_left_out_at_the_end(score, file):
    for _ in range(2):
        file.part.remove(file.part[-1])
    found = file.read()
    n_kept = len(found.grid.beat_times_s) - 1
    np.testing.assert_allclose(found.grid.beat_times_s, score.grid.beat_times_s[: n_kept + 1])
    kept = [note for note in score.sheet.notes if note.end <= found.sheet.n_beats]
    assert [note.pitch for note in found.sheet.notes][: len(kept)] == [n.pitch for n in kept]
    for new, old in zip(found.sheet.notes, kept, strict=False):
        assert (new.start, new.length) == pytest.approx((old.start, old.length))
    sung = [vowel for vowel in score.sheet.text if vowel.end <= found.sheet.n_beats]
    assert found.sheet.text[: len(sung)] == tuple(sung)
    assert all(vowel.end <= found.sheet.n_beats + 1e-6 for vowel in found.sheet.text)
    playable(found)


def test_bars_added_at_the_end_go_on_at_the_song_s_pace(score, file):
    bar = notate(score).bars[0]
    for _ in range(8):
        measure = ElementTree.SubElement(file.part, "measure", number="999")
        measure.append(ElementTree.fromstring(NOTE))
        ticks = int(bar.metre.beats_per_bar * bar.beat * 48) - 48
        measure.append(ElementTree.fromstring(REST.format(ticks)))
    found = file.read()
    assert len(found.sheet.notes) == len(score.sheet.notes) + 8
    n_old = len(score.grid.beat_times_s)
    np.testing.assert_allclose(found.grid.beat_times_s[: n_old - 1], score.grid.beat_times_s[:-1])
    periods_s = np.diff(found.grid.beat_times_s)
    assert np.median(periods_s[n_old:]) == pytest.approx(np.median(periods_s[:n_old]), rel=0.1)
    assert found.level.n_samples >= 16_000 * found.grid.length_s
    playable(found)


def test_a_section_by_another_name_keeps_its_bars(score, file):
    mark = next(file.part.iter("rehearsal"))
    mark.text = "bridge"
    found = file.read()
    assert found.sheet.sections[0].name == "bridge"
    assert found.sheet.sections[0].length == score.sheet.sections[0].length
    assert found.sheet.sections[1:] == score.sheet.sections[1:]


def test_another_key_signature_is_another_key(score, file):
    fifths = file.part.find("measure/attributes/key/fifths")
    fifths.text = str(int(fifths.text) - 1)
    found = file.read()
    assert found.sheet.mode == score.sheet.mode
    assert (found.sheet.key - score.sheet.key) % 12 == 5
    assert [n.pitch for n in found.sheet.notes] == [n.pitch for n in score.sheet.notes]


def test_without_field_and_source_bars_last_as_long_as_they_did(score, file):
    identification = file.root.find("identification")
    identification.remove(identification.find("miscellaneous"))
    identification.remove(identification.find("source"))
    found, paper = file.read(), notate(score)
    again = notate(found)
    assert again.notes == paper.notes
    lasted_s = np.diff(paper.time_s([bar.start for bar in paper.bars]))
    lasts_s = np.diff(again.time_s([bar.start for bar in again.bars]))
    np.testing.assert_allclose(lasts_s, lasted_s, rtol=1e-4)
    playable(found)


@pytest.mark.skipif(shutil.which("mscore3") is None, reason="needs MuseScore 3")
def test_what_musescore_has_read_and_written_is_the_score(score, tmp_path):
    """It drops the field, but keeps the source."""
    pytest.importorskip("music21")
    (tmp_path / "ours.musicxml").write_text(musicxml_of(score), encoding="utf-8")
    subprocess.run(
        ["mscore3", "-o", "theirs.musicxml", "ours.musicxml"],
        cwd=tmp_path,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        check=True,
    )
    assert "miscellaneous-field" not in (tmp_path / "theirs.musicxml").read_text("utf-8")
    assert_same_score(read_score(tmp_path / "theirs.musicxml"), score)


def test_a_note_added_to_a_song_that_swings_is_swung(tmp_path):
    late = 0.62
    notes = tuple(
        note
        for beat in range(32)
        for note in (Note(beat, late, 60), Note(beat + late, 1 - late, 62))
        if (beat, note.pitch) != (5, 62)
    )
    sheet = LeadSheet("", 120.0, 4, 0, "major", notes, (Chord(0, 32.0, 0),), ())
    file = File(musicxml_of(Score.of_sheet(sheet)), tmp_path / "score.musicxml")
    rest = file.part[1].findall("note")[3]
    rest.remove(rest.find("rest"))
    rest.insert(0, ElementTree.fromstring(NOTE).find("pitch"))
    found = file.read()
    [new] = set(found.sheet.notes) - set(notes)
    assert (new.start, new.end) == pytest.approx((5 + late, 6.0))
