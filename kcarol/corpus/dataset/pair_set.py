"""Renders pair sets: the small sets of pairs that come with the project.

`python -m kcarol.corpus.dataset.pair_set data/pairs` renders both, held-out pairs and training
pairs. Needs FluidSynth and the soundfonts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from kcarol.arrangement.styles import STYLES
from kcarol.audio.files import write_text
from kcarol.config import AudioConfig
from kcarol.corpus.dataset.pairs import VALIDATION_SEED, make_pairs
from kcarol.corpus.dataset.rendering import SONG_S
from kcarol.corpus.dataset.sound_file import write_sound
from kcarol.dataset.labels import save_labels
from kcarol.dataset.pair_set import FORMAT, LABELS_FILE, PAIRS_FILE
from kcarol.dataset.shards import ROW_FRAMES

# of pop and carol, see `write_sound`. Figures are taken from held-out carols: at this level the
# codec's error is about .06 of the log-mel's variance, and .01 of the features' on the pop side
VALIDATION_COMPRESSION = (0.95, 0.5)
TRAINING_COMPRESSION = (0.95, 0.9)
TRAINING_STYLES = ("bells", "choir", "strings")


def write_pair_set(
    out: Path,
    seeds_and_styles: Iterable[tuple[int, str]],
    n: int = 2,
    cfg: AudioConfig | None = None,
    compression: tuple[float, float] = VALIDATION_COMPRESSION,
) -> list[dict]:
    """Renders a group of `n` pairs, at most ROW_FRAMES long, for each seed and name in STYLES.

    Seeds from VALIDATION_SEED on give held-out compositions and the held-out soundfont. Returns
    the entries of PAIRS_FILE. Raises RenderError without the synthesiser.
    """
    out, cfg = Path(out), cfg or AudioConfig()
    n_samples = ROW_FRAMES * cfg.hop_length
    entries, labels = [], {}
    for group, (seed, style_name) in enumerate(seeds_and_styles):
        for i, pair in enumerate(make_pairs(seed, cfg, SONG_S, n, STYLES[style_name])):
            name = f"{style_name}-{group}-{i}"
            waves = {"pop": pair.pop[:n_samples], "carol": pair.carol[:n_samples]}
            for (kind, wave), level in zip(waves.items(), compression, strict=True):
                write_sound(out / f"{name}.{kind}.ogg", wave, cfg.sample_rate, level)
            labels[name] = pair.labels.packed()[: cfg.n_frames(len(waves["pop"]))]
            about = {"title": pair.title, "style": style_name, "group": group, "seed": seed}
            entries.append({"name": name} | about)
    save_labels(out / LABELS_FILE, labels)
    text = json.dumps(
        {"format": FORMAT, "sample_rate": cfg.sample_rate, "pairs": entries}, indent=1
    )
    write_text(out / PAIRS_FILE, text + "\n")
    return entries


def write_pair_sets(out: Path) -> None:
    """The sets of this project: `out`, two held-out pairs in each style, and `out`/train."""
    held_out = [(VALIDATION_SEED + i, name) for i, name in enumerate(STYLES)]
    training = list(enumerate(TRAINING_STYLES))
    write_pair_set(out, held_out)
    write_pair_set(Path(out) / "train", training, compression=TRAINING_COMPRESSION)


if __name__ == "__main__":
    write_pair_sets(Path(sys.argv[1] if len(sys.argv) > 1 else "data/pairs"))
