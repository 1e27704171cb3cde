from dataclasses import replace

import mir_eval
import numpy as np
import pytest

from kcarol.score.chord_list import chord_sheet, lab_text, write_chord_list
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import QUALITIES, Chord
from tests.score.midi.songs import moving_score, picked_up_score, steady_score


def with_chords(score, *chords):
    return replace(score, sheet=replace(score.sheet, chords=chords))


def read(score, path):
    write_chord_list(score, path)
    return mir_eval.io.load_labeled_intervals(str(path))


def test_tools_read_the_chords_as_they_are(tmp_path):
    score = moving_score()
    intervals, labels = read(score, tmp_path / "song.lab")
    starts_s = score.grid.time_s([chord.start for chord in score.sheet.chords])
    np.testing.assert_allclose(intervals[1:, 0], starts_s, atol=6e-4)  # first, none
    np.testing.assert_allclose(intervals[1:, 0], intervals[:-1, 1])
    roots = mir_eval.chord.encode_many(labels)[0]
    assert roots.tolist() == [-1, *(chord.root for chord in score.sheet.chords)]


@pytest.mark.parametrize("quality", QUALITIES)
def test_tools_read_every_quality_and_bass(quality, tmp_path):
    score = steady_score()
    for bass in range(12):
        chord = Chord(0.0, score.sheet.n_beats, 2, quality, bass)
        _, (label,) = read(with_chords(score, chord), tmp_path / "song.lab")
        root, tones, low = mir_eval.chord.encode(label, reduce_extended_chords=False)
        assert (root, (root + low) % 12) == (2, bass)
        found = {(root + step) % 12 for step in np.flatnonzero(tones)}
        added = {bass, 4} if quality == "add9" else {bass}  # a ninth is no part of their chords
        assert found - added == set(chord.pitch_classes) - added


def test_in_pauses_no_chord_sounds():
    lines = lab_text(moving_score(pauses_s=((15, 1.0),))).splitlines()
    silent = [line.split("\t") for line in lines if line.endswith("\tN")]
    assert len(silent) == 2 and float(silent[1][1]) - float(silent[1][0]) == pytest.approx(
        1.0, abs=2e-3
    )


def test_the_chord_sheet_has_sections_bars_and_beats():
    score = steady_score()
    half = [Chord(0.0, 8.0, 0), Chord(8.0, 2.0, 5), Chord(10.0, 22.0, 7, "7")]
    text = chord_sheet(with_chords(score, *half))
    assert text.splitlines() == [
        "4 beats of 2",
        "C major, 4/4, 90 beats a minute",
        "",
        "[verse] 0:00",
        "| C        | %        | F . G7 . | %        |",
        "| %        | %        | %        | %        |",
    ]


def test_chords_off_the_beat_have_their_place():
    score = steady_score()
    early = [Chord(0.0, 3.5, 0), Chord(3.5, 28.5, 5)]
    assert "| C . . . . . . F |" in chord_sheet(with_chords(score, *early))


def test_a_section_begins_with_the_name_of_its_chord():
    sheet = moving_score().sheet
    text = chord_sheet(Score.of_sheet(replace(sheet, chords=(Chord(0.0, sheet.n_beats, 0),))))
    assert text.count("| C") == 3


def test_a_pick_up_is_a_bar(tmp_path):
    path = tmp_path / "song.txt"
    write_chord_list(picked_up_score(), path)
    assert path.read_text(encoding="utf-8").startswith("changing\nC major")
