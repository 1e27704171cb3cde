"""A small set of pairs as files: for training and tests without the synthesiser, and to evaluate
on.

A folder holds NAME.pop.ogg and NAME.carol.ogg (16 kHz, mono), `labels.safetensors` (one packed
truth a pair) and `pairs.json` (format, and per pair: name, title, style, group, seed). Pairs of one
group are in one style. The room noise of a carol is left out of its file and added again when read:
it is the same for every carol (`render_carol`), and a codec would spend its bits on it. `python -m
kcarol.dataset.pair_set data/pairs` renders both sets of this project.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio.files import write_atomic
from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.carol import STYLES
from kcarol.dataset.labels import N_PACKED, REST, Labels
from kcarol.dataset.shards import LENGTH_S, ROW_FRAMES, Shard

FORMAT = 1
# of pop and carol, libsndfile's scale, 0 best to 1 smallest. Held-out carols are targets that
# figures are taken from:
# there the codec's error is about .06 of the log-mel's variance; of the features' variance it is
# .01 on the pop side
VALIDATION_COMPRESSION, TRAINING_COMPRESSION = (0.95, 0.5), (0.95, 0.9)
TRAINING_STYLES = ("bells", "choir", "strings")
FILE_TYPES = {".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", "MPEG_LAYER_III")}
WRITTEN_AT_ONCE = 1 << 16  # samples: libvorbis overflows its stack on long writes
# columns of `Labels.packed` in as few bytes as hold them
COLUMNS = {
    "tune": np.int8,
    "bass": np.int8,
    "chord": np.int16,
    "flags": np.uint8,
    "beat_position": np.int16,
    "bar_position": np.int16,
    "energy": np.int16,
    "tune_shift": np.int8,
}


class PairSetError(ValueError):
    """A folder that is no pair set, or a damaged one; one line with the way out."""


def write_pair_set(
    out: Path,
    seeds_and_styles: Iterable[tuple[int, str]],
    n: int = 2,
    cfg: AudioConfig | None = None,
    compression: tuple[float, float] = VALIDATION_COMPRESSION,
) -> list[dict]:
    """Render a group of `n` pairs for each (seed, name in STYLES), each at most ROW_FRAMES long;
    returns the entries.

    Seeds from `pairs.VALIDATION_SEED` on give held-out compositions and the held-out soundfont.
    Raises RenderError without the synthesiser.
    """
    from kcarol.corpus.dataset.pairs import make_pairs

    cfg, out, entries, all_labels = cfg or AudioConfig(), Path(out), [], {}
    n_samples = ROW_FRAMES * cfg.hop_length
    for number, (seed, name) in enumerate(seeds_and_styles):
        style = replace(STYLES[name], noise_db=-300.0)
        for i, pair in enumerate(make_pairs(seed, cfg, LENGTH_S, n, style)):
            entry = {
                "name": f"{name}-{number}-{i}",
                "title": pair.title,
                "style": name,
                "group": number,
                "seed": seed,
            }
            for kind, level in zip(("pop", "carol"), compression, strict=True):
                wave = getattr(pair, kind)[:n_samples]
                write_sound(out / f"{entry['name']}.{kind}.ogg", wave, cfg.sample_rate, level)
            all_labels |= columns_of(entry["name"], pair.labels.packed()[: cfg.n_frames(len(wave))])
            entries.append(entry)
    from safetensors.numpy import save_file

    write_atomic(out / "truth.safetensors", partial(save_file, all_labels))
    about = json.dumps(
        {"format": FORMAT, "sample_rate": cfg.sample_rate, "pairs": entries}, indent=1
    )
    write_atomic(out / "pairs.json", lambda path: path.write_text(about + "\n"))
    return entries


def write_pair_sets(out: Path) -> None:
    """The sets that come with the project: `out`, two held-out pairs in each style, and
    `out`/train.
    """
    from kcarol.corpus.dataset.pairs import VALIDATION_SEED

    write_pair_set(out, [(VALIDATION_SEED + i, name) for i, name in enumerate(STYLES)])
    write_pair_set(
        Path(out) / "train", list(enumerate(TRAINING_STYLES)), compression=TRAINING_COMPRESSION
    )


def write_sound(path: Path, wave: np.ndarray, sample_rate: int, compression: float) -> None:
    """(T,) or (T, channels) to .ogg (Vorbis) or .mp3; `compression` 0 best to 1 smallest."""
    container, subtype = FILE_TYPES[path.suffix]
    channels = wave.shape[1] if wave.ndim == 2 else 1

    def write(temporary: Path) -> None:
        with soundfile.SoundFile(
            temporary,
            "w",
            sample_rate,
            channels,
            subtype,
            format=container,
            compression_level=compression,
        ) as file:
            for start in range(0, len(wave), WRITTEN_AT_ONCE):
                file.write(wave[start : start + WRITTEN_AT_ONCE])

    write_atomic(path, write)


def columns_of(name: str, packed: np.ndarray) -> dict[str, np.ndarray]:
    """(F, N_PACKED) int16 -> tensors "NAME.column" (F,) of small types."""
    columns = zip(COLUMNS.items(), packed.T, strict=True)
    return {
        f"{name}.{column}": np.ascontiguousarray(values.astype(kind))
        for (column, kind), values in columns
    }


def packed_of(name: str, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """The inverse of `columns_of`."""
    return np.stack([tensors[f"{name}.{column}"].astype(np.int16) for column in COLUMNS], axis=1)


def read_pairs(folder: Path, cfg: AudioConfig | None = None) -> list[dict]:
    """Per pair: name, title, style (a name in STYLES), group, seed, pop and carol (T,) float32,
    truth: as evaluation wants it.

    Raises PairSetError where the folder is none that `write_pair_set` wrote, or lacks a file.
    """
    return [
        entry | {"labels": Labels.from_packed(entry.pop("packed"))}
        for entry in _entries(Path(folder), cfg)
    ]


def load_pair_set(folder: Path, cfg: AudioConfig | None = None) -> list[Shard]:
    """The pairs of a folder as training takes them: one Group a style, all rows padded to
    ROW_FRAMES. Raises PairSetError.
    """
    cfg, groups = cfg or AudioConfig(), {}
    for entry in _entries(Path(folder), cfg):
        groups.setdefault(entry["group"], []).append(entry)
    return [
        Shard(
            np.stack([_row(entry["pop"], cfg) for entry in entries]),
            np.stack([_row(entry["carol"], cfg) for entry in entries]),
            np.stack([_truth_row(entry["packed"]) for entry in entries]),
        )
        for entries in groups.values()
    ]


def _entries(folder: Path, cfg: AudioConfig | None) -> Iterator[dict]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    cfg = cfg or AudioConfig()
    try:
        about = json.loads((folder / "pairs.json").read_text())
        if about["format"] != FORMAT or about["sample_rate"] != cfg.sample_rate:
            raise PairSetError(
                f"{folder}: format {about['format']} at {about['sample_rate']} Hz, this kcarol reads format {FORMAT} at "
                f"{cfg.sample_rate} Hz; get data/ anew"
            )
        all_labels = load_file(folder / "truth.safetensors")
        for entry in about["pairs"]:
            pop, carol = (
                _read_sound(folder / f"{entry['name']}.{kind}.ogg") for kind in ("pop", "carol")
            )
            carol = _with_room_noise(carol, STYLES[entry["style"]].noise_db)
            yield entry | {
                "pop": pop,
                "carol": carol,
                "packed": packed_of(entry["name"], all_labels),
            }
    except (
        OSError,
        KeyError,
        TypeError,
        json.JSONDecodeError,
        soundfile.LibsndfileError,
        SafetensorError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PairSetError(
            f"{folder}: expected a whole pair set, found: {reason}; get data/ anew"
        ) from error


def _read_sound(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0]


def _with_room_noise(wave: np.ndarray, noise_db: float) -> np.ndarray:
    """(T,) and the noise that `render_carol` would have given it."""
    noise = np.random.default_rng(24).standard_normal(len(wave)).astype(np.float32)
    return np.clip(wave + np.float32(10 ** (noise_db / 20)) * noise, -1, 1)


def _row(wave: np.ndarray, cfg: AudioConfig) -> np.ndarray:
    n = ROW_FRAMES * cfg.hop_length
    rounded = np.round(np.clip(wave[:n], -1, 1) * 32767).astype(np.int16)
    return np.pad(rounded, (0, n - len(rounded)))


def _truth_row(packed: np.ndarray) -> np.ndarray:
    row = np.zeros((ROW_FRAMES + 1, N_PACKED), np.int16)
    row[:, :2] = REST
    row[: len(packed)] = packed
    return row


if __name__ == "__main__":
    write_pair_sets(Path(sys.argv[1] if len(sys.argv) > 1 else "data/pairs"))
