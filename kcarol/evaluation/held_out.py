"""Pairs to evaluate on: pair sets, shards of the corpus, and songs with a carol of their own."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from kcarol.audio.clips import find_audio
from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.config import AudioConfig
from kcarol.dataset.labels import SONG_LABELS_FILE, Labels, load_labels
from kcarol.dataset.pair_set import is_pair_set, read_pairs
from kcarol.dataset.shards import SUFFIX, load_shard


def synthetic_pairs(
    folder: Path, references: Path, n: int, cfg: AudioConfig | None = None
) -> list[dict]:
    """The first `n` pairs of a pair set or of shards, as `evaluate_synthetic` takes them.

    Shards store no style by name, so the style of a pair is another carol of its shard, which is
    in the same style; it is written to `references`/NAME.wav. Raises FileNotFoundError for a
    folder without pairs.
    """
    folder = Path(folder)
    if is_pair_set(folder):
        return read_pairs(folder)[:n]
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise FileNotFoundError(
            f"{folder}: expected pairs (*{SUFFIX}), found none; "
            f"render some: kcarol corpus --out {folder}"
        )
    sample_rate = (cfg or AudioConfig()).sample_rate
    pairs = (pair for file in files for pair in _pairs_of(file, Path(references), sample_rate))
    return list(islice(pairs, n))


def _pairs_of(file: Path, references: Path, sample_rate: int) -> Iterator[dict]:
    """The pairs of a shard."""
    shard = load_shard(file)
    pops = shard.pop.astype(np.float32) / 32768
    carols = shard.carol.astype(np.float32) / 32768
    number = file.name.removesuffix(SUFFIX).lstrip("0") or "0"
    for i, (pop, carol) in enumerate(zip(pops, carols, strict=True)):
        name = f"{number}-{i}"
        reference = carols[(i + 1) % len(carols)]
        yield {
            "name": name,
            "pop": pop,
            "carol": carol,
            "style": save_audio(references / f"{name}.wav", reference, sample_rate),
            "labels": Labels.from_packed(shard.labels[i]),
        }


def demo_pairs(
    songs: Path,
    carols: Path,
    cfg: AudioConfig | None = None,
    heard_s: float = 60.0,
    names: Container[str] | None = None,
) -> list[dict]:
    """Songs and the carols of the same name in another folder; songs without one are left out, and
    those that are not among `names`.

    Each has the two `files` that it was read from. Songs with labels in `carols`/SONG_LABELS_FILE,
    those of the demo set, come with these and with the name of their carol's style. For others, the
    carol's file is the style.
    """
    cfg = cfg or AudioConfig()
    carol_files = {file.stem: file for file in find_audio(Path(carols))}
    labels_file = Path(carols) / SONG_LABELS_FILE
    labels = load_labels(labels_file) if labels_file.is_file() else {}
    pairs = []
    for song in find_audio(Path(songs)):
        name = song.stem
        if name not in carol_files or (names is not None and name not in names):
            continue
        files = (song, carol_files[name])
        pop, carol = (load_audio(file, cfg, duration_s=heard_s) for file in files)
        length = min(len(pop), len(carol))
        pair = {"name": name, "pop": pop[:length], "carol": carol[:length], "files": files}
        if name in labels:
            events = json.loads((Path(carols) / f"{name}.truth.json").read_text("utf-8"))
            window = labels[name][: cfg.n_frames(length)]
            pair |= {"style": events["style"], "labels": Labels.from_packed(window)}
        else:
            pair |= {"style": carol_files[name]}
        pairs.append(pair)
    return pairs
