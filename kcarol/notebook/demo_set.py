"""Songs with known carols: the demo set, or the packaged pairs if its songs are missing.

Only the lead sheets and arrangements of the demo songs come from `kcarol.corpus`; they need no
synthesiser.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import librosa
import numpy as np

from kcarol.audio.decoding import load_audio, load_stereo
from kcarol.config import AudioConfig
from kcarol.dataset.labels import SONG_LABELS_FILE, Labels, load_labels
from kcarol.dataset.pair_set import read_pairs
from kcarol.evaluation.held_out import demo_pairs
from kcarol.notebook import figures
from kcarol.notebook.figures.music import Parts
from kcarol.transcription.lead_sheet import LeadSheet

if TYPE_CHECKING:
    from kcarol.corpus.lead_sheet.demo_songs import WrittenSong

DEMO_SONG = "snowlit-signal"
STYLE = "bells"  # of the demo songs' carols
SONGS, CAROLS, PAIRS = "raw/kpop", "demo_carols", "pairs"  # below data/
SUFFIXES = (".mp3", ".ogg")
LISTENED = ("song", "true carol")  # of a pair, in stereo
MIN_SONGS = 3  # for a baseline and a style reference of other songs


def known_pairs(data: Path, length_s: float = 60.0) -> dict[str, dict]:
    """Songs and their true carols by name, with labels, as `demo_pairs` gives them.

    For listening each has `song` and `true carol`, in stereo, (2, T) at the full rate. The demo
    songs if they are in `data`/raw/kpop, else a pair in each style of `data`/pairs; prints which.
    """
    return _known_pairs(data, _demo_names(data), length_s)


def known_pair(data: Path, name: str, length_s: float = 60.0) -> dict:
    """The one of `known_pairs` with this name, or else the first."""
    demo = _demo_names(data)
    asked = [name] if name in demo else demo[:1]
    pairs = _known_pairs(data, asked, length_s)
    return pairs.get(name) or next(iter(pairs.values()))


def _demo_names(data: Path) -> list[str]:
    """Of the demo songs that are there with their labels; none if they are too few to compare.
    Prints where answers are from.
    """
    file = data / CAROLS / SONG_LABELS_FILE
    known = load_labels(file) if file.is_file() else {}
    names = [name for name in sorted(known) if _files_of(data / SONGS, name)]
    if len(names) < MIN_SONGS:
        print("known answers: pairs of data/pairs, as the demo songs are not here")
        return []
    print(f"known answers: {len(names)} demo songs with their true carols")
    return names


def _known_pairs(data: Path, names: list[str], length_s: float) -> dict[str, dict]:
    """The demo songs of these names; without names, the first packaged pair of each style."""
    cfg = AudioConfig()
    if names:
        pairs = demo_pairs(data / SONGS, data / CAROLS, cfg, length_s, names)
    else:
        pairs = [pair for pair in read_pairs(data / PAIRS, cfg) if pair["name"].endswith("-0")]
    return {pair["name"]: _first_seconds(pair, length_s, cfg) for pair in pairs}


class KnownPair(dict):
    """A pair whose LISTENED sounds, which measuring does not need, are read when they are asked
    for.
    """

    def __missing__(self, name: str) -> np.ndarray:
        if name not in LISTENED:
            raise KeyError(name)
        self.update(zip(LISTENED, _in_stereo(self, AudioConfig()), strict=True))
        return self[name]


def _first_seconds(pair: dict, length_s: float, cfg: AudioConfig) -> KnownPair:
    n = min(len(pair["pop"]), len(pair["carol"]), round(length_s * cfg.sample_rate))
    labels = pair["labels"].window(0, cfg.n_frames(n))
    heard = {"pop": pair["pop"][:n], "carol": pair["carol"][:n], "labels": labels}
    return KnownPair(pair | heard)


def _in_stereo(pair: Mapping, cfg: AudioConfig) -> list[np.ndarray]:
    """Song and carol (2, T) at the full rate, as long as they are in mono."""
    n_samples = len(pair["pop"]) * cfg.full_factor
    if "files" in pair:
        length_s = n_samples / cfg.full_rate
        sounds = [load_stereo(file, cfg.full_rate, duration_s=length_s) for file in pair["files"]]
    else:
        mono = [
            librosa.resample(pair[x], orig_sr=cfg.sample_rate, target_sr=cfg.full_rate)
            for x in ("pop", "carol")
        ]
        sounds = [np.stack([wave, wave]) for wave in mono]
    return [librosa.util.fix_length(sound, size=n_samples) for sound in sounds]


def true_tune(data: Path, name: str) -> np.ndarray | None:
    """MIDI pitch (F,) of a demo song's tune, -1 in rests; None for other songs."""
    file = data / CAROLS / SONG_LABELS_FILE
    labels = load_labels(file) if file.is_file() else {}
    return Labels.from_packed(labels[name]).tune if name in labels else None


def demo_song(data: Path, name: str = DEMO_SONG) -> np.ndarray:
    """A song of the demo set, (T,) at 16 kHz. FileNotFoundError if it is not there."""
    return load_audio(demo_file(data, name))


def demo_file(data: Path, name: str = DEMO_SONG) -> Path:
    """The file of a demo song. FileNotFoundError if it is not there."""
    return _demo_file(data / SONGS, name)


def demo_carol(data: Path, name: str = DEMO_SONG) -> np.ndarray:
    """The true carol of a demo song, (T,) at 16 kHz. FileNotFoundError if it is not there."""
    return load_audio(_demo_file(data / CAROLS, name))


def _demo_file(folder: Path, name: str) -> Path:
    files = _files_of(folder, name)
    if not files:
        names = " or ".join(f"{name}{suffix}" for suffix in SUFFIXES)
        raise FileNotFoundError(
            f"{folder}: expected {names} of the demo set, found neither; run this in the repository"
        )
    return files[0]


def _files_of(folder: Path, name: str) -> list[Path]:
    files = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return [file for file in files if file.is_file()]


def demo_titles() -> dict[str, str]:
    """Titles of the demo songs by name."""
    return {name: song.sheet.title for name, song in _demo_songs().items()}


def lead_sheet(name: str = DEMO_SONG) -> LeadSheet:
    """The lead sheet of a demo song. KeyError for other names."""
    return _demo_songs()[name].sheet


def arrangements(name: str = DEMO_SONG, style: str = STYLE) -> dict[str, Parts]:
    """The notes of a demo song's pop band and of its carol, without drums, for
    `figures.piano_rolls`. KeyError for other names.
    """
    from kcarol.arrangement.arrange import arrange_carol
    from kcarol.arrangement.styles import STYLES
    from kcarol.corpus.dataset.demo_set import DemoSong
    from kcarol.transcription.form.bar_shapes import as_composed

    demo = DemoSong.of(_demo_songs()[name])
    carol = arrange_carol(as_composed(demo.sheet), demo.grid, STYLES[style])
    pop = {
        part.name: [(note.start_s, note.length_s, note.pitch) for note in part.strokes]
        for part in demo.arrangement.parts
        if not part.is_drums
    }
    return {"pop": pop, f"carol, {style}": figures.arranged(carol)}


def _demo_songs() -> dict[str, WrittenSong]:
    from kcarol.corpus.dataset.demo_set import file_name
    from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS

    return {file_name(title): song for title, song in DEMO_SONGS.items()}
