"""A pair set: a few pairs as small files, to train, test and evaluate without a synthesiser.

A folder holds NAME.pop.ogg and NAME.carol.ogg (16 kHz, mono), LABELS_FILE with the packed labels,
and PAIRS_FILE with the format and, for each pair, its name, title, style, group and seed. Pairs of
one group are in one style.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import soundfile
from safetensors import SafetensorError

from kcarol.config import AudioConfig
from kcarol.dataset.labels import Labels, load_labels
from kcarol.dataset.shards import Shard

FORMAT = 1
PAIRS_FILE = "pairs.json"
LABELS_FILE = "truth.safetensors"
READ_ERRORS = (
    OSError,
    LookupError,
    TypeError,
    json.JSONDecodeError,
    SafetensorError,
    soundfile.LibsndfileError,
)


class PairSetError(ValueError):
    """A folder that is not a pair set, or a damaged one. One line with the way out."""


def is_pair_set(folder: Path) -> bool:
    return (folder / PAIRS_FILE).is_file()


def read_pairs(folder: Path, cfg: AudioConfig | None = None) -> list[dict]:
    """The pairs of a folder as evaluation takes them.

    Each has name, title, style, group, seed, pop and carol (T,) float32, and labels. Raises
    PairSetError.
    """
    pairs = list(_pairs(Path(folder), cfg or AudioConfig()))
    return [pair | {"labels": Labels.from_packed(pair["labels"])} for pair in pairs]


def load_pair_set(folder: Path, cfg: AudioConfig | None = None) -> list[Shard]:
    """The pairs of a folder as training takes them, one shard for each group.

    Raises PairSetError.
    """
    cfg = cfg or AudioConfig()
    pairs = sorted(_pairs(Path(folder), cfg), key=lambda pair: pair["group"])
    shards = []
    for _, group in groupby(pairs, key=lambda pair: pair["group"]):
        rows = [(pair["pop"], pair["carol"], pair["labels"]) for pair in group]
        shards.append(Shard.of(*zip(*rows, strict=True), cfg.hop_length))
    return shards


def _pairs(folder: Path, cfg: AudioConfig) -> Iterator[dict]:
    """The entries of PAIRS_FILE, each with its pop, carol and packed labels."""
    try:
        about = json.loads((folder / PAIRS_FILE).read_text("utf-8"))
        if (about["format"], about["sample_rate"]) != (FORMAT, cfg.sample_rate):
            raise PairSetError(
                f"{folder}: expected format {FORMAT} at {cfg.sample_rate} Hz, found format "
                f"{about['format']} at {about['sample_rate']} Hz; get data/ again"
            )
        labels = load_labels(folder / LABELS_FILE)
        for entry in about["pairs"]:
            files = [folder / f"{entry['name']}.{kind}.ogg" for kind in ("pop", "carol")]
            pop, carol = (soundfile.read(file, dtype="float32")[0] for file in files)
            yield entry | {"pop": pop, "carol": carol, "labels": labels[entry["name"]]}
    except READ_ERRORS as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise PairSetError(
            f"{folder}: expected a whole pair set, found: {reason}; get data/ again"
        ) from error
