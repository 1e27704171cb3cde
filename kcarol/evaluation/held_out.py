"""Pairs to evaluate on: shards of the corpus, and songs that have their own carol beside them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from kcarol.audio.clips import find_audio
from kcarol.audio.decoding import load_audio, save_audio
from kcarol.config import AudioConfig
from kcarol.corpus.dataset.demo_set import STYLE, demo_labels, file_name
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS
from kcarol.dataset.labels import Labels
from kcarol.dataset.pair_set import read_pairs
from kcarol.dataset.shards import SUFFIX, load_shard

PAIR_SET = "pairs.json"  # names the files of a pair set


def synthetic_pairs(
    folder: Path, references: Path, n: int, cfg: AudioConfig | None = None
) -> list[dict]:
    """The first `n` pairs of a folder, as `evaluate_synthetic` takes them: a pair set, or shards
    that `kcarol corpus` wrote.

    A shard's pair has as style the carol of its neighbour in the shard, which is in the same style:
    written to `references`/NAME.wav, since converters are given files. FileNotFoundError if there
    are no pairs.
    """
    cfg, folder = cfg or AudioConfig(), Path(folder)
    if (folder / PAIR_SET).is_file():
        return read_pairs(folder)[:n]
    shards = sorted(folder.glob(f"*{SUFFIX}"))
    if not shards:
        raise FileNotFoundError(
            f"{folder}: expected pairs (*{SUFFIX}), found none; render some: kcarol corpus --out {folder}"
        )
    return list(islice((pair for shard in shards for pair in _pairs_of(shard, references, cfg)), n))


def _pairs_of(shard: Path, references: Path, cfg: AudioConfig):
    group = load_shard(shard)
    for i in range(len(group.pop)):
        name = f"{shard.name.removesuffix(SUFFIX).lstrip('0') or '0'}-{i}"
        reference = group.carol[(i + 1) % len(group.carol)].astype(np.float32) / 32768
        yield {
            "name": name,
            "pop": group.pop[i].astype(np.float32) / 32768,
            "carol": group.carol[i].astype(np.float32) / 32768,
            "style": save_audio(Path(references) / f"{name}.wav", reference, cfg.sample_rate),
            "labels": Labels.from_packed(group.labels[i]),
        }


def demo_pairs(
    songs: Path, carols: Path, cfg: AudioConfig | None = None, heard_s: float = 60.0
) -> list[dict]:
    """Songs and the carols of the same name in another folder; songs without one are left out.

    The demo set's songs come with their truth and in their carols' named style; others take their
    carol as style.
    """
    cfg = cfg or AudioConfig()
    by_name = {file.stem: file for file in find_audio(Path(carols))}
    titles = {file_name(song["title"]): song["title"] for song in DEMO_SONGS}
    pairs = []
    for song in find_audio(Path(songs)):
        if song.stem not in by_name:
            continue
        pop, carol = (
            load_audio(file, cfg, duration_s=heard_s) for file in (song, by_name[song.stem])
        )
        length = min(len(pop), len(carol))
        pair = {
            "name": song.stem,
            "style": by_name[song.stem],
            "pop": pop[:length],
            "carol": carol[:length],
        }
        if title := titles.get(song.stem):
            pair |= {
                "style": STYLE,
                "labels": demo_labels(title, cfg).window(0, cfg.n_frames(length)),
            }
        pairs.append(pair)
    return pairs
