"""The demo set and its files."""

import json
from pathlib import Path

import numpy as np
import soundfile

from kcarol.config import AudioConfig
from kcarol.corpus.dataset.demo_set import (
    CAROL_RATE,
    SAMPLE_RATE,
    DemoSong,
    demo_labels,
    file_name,
    label_events,
)
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS, demo_carol
from kcarol.dataset.labels import load_labels

CFG = AudioConfig()
DATA = Path(__file__).resolve().parents[3] / "data"


def test_demo_labels_agree_with_what_is_stored_beside_the_demo_carols():
    stored = load_labels(DATA / "demo_carols" / "labels.safetensors")
    for title, song in DEMO_SONGS.items():
        name = file_name(title)
        events = json.loads((DATA / "demo_carols" / f"{name}.truth.json").read_text())
        assert events == label_events(song)
        labels = demo_labels(title)
        # shares may be rounded to the next unit on another machine
        assert np.abs(labels.packed() - stored[name]).max() <= 1
        assert len(np.flatnonzero(labels.beat)) == len(events["beats_s"])
        assert [labels.tune[round((a + b) / 2 * CFG.frame_rate)] for a, b, _ in events["tune"]] == [
            p for *_, p in events["tune"]
        ]


def test_demo_files_are_small_stereo_and_as_long_as_their_sheets():
    songs = sorted((DATA / "raw" / "kpop").iterdir())
    assert len(songs) == 6 and {path.suffix for path in songs} == {".mp3", ".ogg"}
    lengths = {
        file_name(song.sheet.title): DemoSong.of(song).length_s
        for song in (*DEMO_SONGS.values(), demo_carol())
    }
    carols = [*(DATA / "raw" / "carol").iterdir(), *(DATA / "demo_carols").glob("*.ogg")]
    for path in [*songs, *carols]:
        info, rate = soundfile.info(path), CAROL_RATE if path in carols else SAMPLE_RATE
        assert path.stat().st_size < 1 << 20 and (info.samplerate, info.channels) == (rate, 2)
        assert 30 <= info.duration <= 60 and abs(info.duration - lengths[path.stem]) < 0.1
