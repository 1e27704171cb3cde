"""Facts about songs with known answers."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.notebook import demo_set
from kcarol.notebook.demo_set import DEMO_SONG

DATA = Path(__file__).resolve().parents[2] / "data"


def test_the_demo_songs_have_carols_and_labels_as_long_as_they(capsys):
    pairs = demo_set.known_pairs(DATA, length_s=5)
    assert list(pairs) == sorted(demo_set.demo_titles())
    assert capsys.readouterr().out == "known answers: 6 demo songs with their true carols\n"
    for pair in pairs.values():
        assert len(pair["pop"]) == len(pair["carol"]) == 5 * AudioConfig.sample_rate
        assert len(pair["labels"].tune) == AudioConfig().n_frames(len(pair["pop"]))
    full_length = 5 * AudioConfig.full_rate
    assert pair["song"].shape == pair["true carol"].shape == (2, full_length)
    assert "song" in pair and not any("song" in other for other in list(pairs.values())[:-1])
    with pytest.raises(KeyError, match="sung"):
        pair["sung"]


def test_packaged_pairs_stand_in_for_demo_songs_that_are_not_there(tmp_path, capsys):
    (tmp_path / "raw/kpop").mkdir(parents=True)
    shutil.copy(DATA / "demo_carols/neon-ink.ogg", tmp_path / "raw/kpop/my song.ogg")
    for folder in ("demo_carols", "pairs"):
        (tmp_path / folder).symlink_to(DATA / folder)
    pairs = demo_set.known_pairs(tmp_path, length_s=5)
    assert (
        "bells-0-0" in pairs and len({pair["style"] for pair in pairs.values()}) == len(pairs) == 8
    )
    assert "pairs of data/pairs, as the demo songs are not here" in capsys.readouterr().out
    assert {len(pair["pop"]) for pair in pairs.values()} == {5 * AudioConfig.sample_rate}


def test_one_song_is_read_alone_and_the_first_stands_in_for_another(monkeypatch):
    read = []
    pairs_of = demo_set.demo_pairs
    monkeypatch.setattr(demo_set, "demo_pairs", lambda *a: read.append(a[-1]) or pairs_of(*a))
    assert demo_set.known_pair(DATA, DEMO_SONG, length_s=2)["name"] == DEMO_SONG
    assert demo_set.known_pair(DATA, "my song", length_s=2)["name"] == "harbour-at-two"
    assert read == [[DEMO_SONG], ["harbour-at-two"]]


def test_nothing_but_the_pairs_is_needed(tmp_path):
    (tmp_path / "pairs").symlink_to(DATA / "pairs")
    assert demo_set.known_pair(tmp_path, "my song", length_s=2)["name"] == "bells-0-0"
    assert demo_set.true_tune(tmp_path, "my song") is None


def test_the_tune_is_known_of_demo_songs_alone():
    tune = demo_set.true_tune(DATA, DEMO_SONG)
    sung = {note.pitch for note in demo_set.lead_sheet(DEMO_SONG).notes}
    assert sung <= set(tune.tolist())
    assert demo_set.true_tune(DATA, "my song") is None


def test_a_missing_demo_set_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="snowlit-signal.mp3 or snowlit-signal.ogg"):
        demo_set.demo_song(tmp_path)


def test_the_carol_plays_the_tune_of_the_lead_sheet_and_the_bands_solo_on_the_songs_time_grid():
    sheet, parts = demo_set.lead_sheet(DEMO_SONG), demo_set.arrangements(DEMO_SONG)
    assert list(parts) == ["pop", "carol, bells"]
    band, tune = parts["pop"], parts["carol, bells"]["oohs, tune"]
    sung_from_s = min(start for start, *_ in band["lead"]) - 0.1
    solo = [note for note in tune if note[0] < sung_from_s]
    sung = [note for note in tune if note[0] >= sung_from_s]
    assert len(sung) == len(sheet.notes) and solo
    for (_, _, pitch), note in zip(sung, sheet.notes, strict=True):
        assert round(pitch - note.pitch) % 12 == 0
    for notes, part in ((sung, "lead"), (solo, "solo")):
        starts = np.array([start for start, *_ in band[part]])
        assert np.median([np.abs(starts - start).min() for start, *_ in notes]) < 0.05
