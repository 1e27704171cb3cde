import numpy as np
import pytest
from mido import MetaMessage, MidiFile

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.lead_sheet.tempo_curves import draw_grid
from kcarol.score.errors import ScoreError
from kcarol.score.midi.reading import read_midi
from kcarol.score.midi.writing import write_arrangement_midi, write_midi
from kcarol.score.score import Score
from tests.score.midi.files import QUARTERS, TUNE, notes, played, save, track
from tests.score.midi.songs import moving_score, picked_up_score, same

N_DRAWN = 12  # of 200 that were tried


@pytest.fixture
def path(tmp_path):
    return tmp_path / "song.mid"


@pytest.mark.parametrize(
    "score", [moving_score(1 / 3, ((15, 2.5), (43, 0.7))), picked_up_score(1), picked_up_score(3)]
)
def test_a_score_is_read_as_it_was_written(score, path):
    write_midi(score, path)
    assert same(score, read_midi(path))


def roots_at(score, times_s):
    starts_s = score.grid.time_s([chord.start for chord in score.sheet.chords])
    numbers = np.searchsorted(starts_s, times_s, side="right") - 1
    return [score.sheet.chords[i].root for i in numbers.tolist()]


@pytest.mark.parametrize("seed", range(N_DRAWN))
def test_drawn_songs_are_read_as_they_were_written(seed, path):
    rng = np.random.default_rng(seed)
    sheet = draw_sheet(rng, 40.0)
    score = Score.of_sheet(sheet, draw_grid(sheet, rng) if seed % 2 else None)
    write_midi(score, path)
    read = read_midi(path)
    assert same(score, read)
    carols = [arrange_carol(s.sheet, s.grid, STYLES["bells"]) for s in (score, read)]
    assert carols[0] == carols[1]


@pytest.mark.parametrize("title", DEMO_SONGS)
def test_demo_songs_are_read_as_they_were_written(title, path):
    score = Score.of_sheet(DEMO_SONGS[title].sheet)
    write_midi(score, path)
    assert same(score, read_midi(path))


def test_a_file_that_lost_its_extras_keeps_notes_chords_and_times(path):
    score = moving_score()
    write_midi(score, path)
    file = MidiFile(path, charset="utf-8")
    file.tracks[0][:] = [m for m in file.tracks[0] if m.type != "text"]
    file.save(path)
    read = read_midi(path)
    found_s = read.grid.time_s([note.start for note in read.sheet.notes])
    heard_s = score.grid.time_s([note.start for note in score.sheet.notes])
    assert np.abs(found_s - heard_s).max() < 0.002
    places_s = score.grid.time_s(np.arange(score.sheet.n_beats) + 0.25)
    assert roots_at(read, places_s) == roots_at(score, places_s)


def test_an_arrangement_is_read_by_its_tune(path):
    score = moving_score()
    parts = arrange_carol(score.sheet, score.grid, STYLES["choir"])
    write_arrangement_midi(parts, score, path)
    read = read_midi(path)
    assert [n.pitch % 12 for n in read.sheet.notes] == [n.pitch % 12 for n in score.sheet.notes]


def test_a_tune_alone_gets_chords_that_suit_it(path):
    save(path, track("Melody", notes(TUNE)))
    sheet = read_midi(path).sheet
    assert played(sheet) == QUARTERS
    assert sheet.chords[0].root == 0 and len(sheet.chords) > 1


def test_chords_are_heard_from_the_other_tracks(path):
    chords = [(48, 52, 55), (53, 57, 60)] * 2
    save(path, track("Melody", notes(TUNE)), track("Piano", notes(chords, 1, length=960)))
    sheet = read_midi(path).sheet
    assert [chord.root for chord in sheet.chords] == [0, 5, 0, 5]


def test_drums_are_left_out(path):
    drums = track("Drums", notes([36, 38] * 8, 9))
    save(path, track("Melody", notes(TUNE)), drums)
    assert played(read_midi(path).sheet) == QUARTERS


def test_a_damaged_text_of_ours_is_refused_in_one_line(path):
    text = MetaMessage("text", text="kcarol {}")
    save(path, track("Melody", [text, *notes(TUNE)]))
    with pytest.raises(ScoreError, match="song.mid: expected a lead sheet of kcarol"):
        read_midi(path)
