"""`kcarol corpus`: render pairs of pop and carol."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from kcarol.cli.checks import UsageError
from kcarol.cli.options import JOBS, number
from kcarol.config import AudioConfig

HELP = "render pairs of pop and carol to train on; existing pairs stay"
PARENTS = (JOBS,)


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("-o", "--out", type=Path, default=Path("data/corpus"), help="folder of the pairs")
    add("--hours", type=number(float, 0), default=1.0, help="of pairs that --out is to hold, hours")
    add("--seed", type=number(int, 0), default=0, help="seed of the first pair")
    add(
        "--held-out",
        action="store_true",
        help="compositions and a soundfont that training never sees",
    )
    add(
        "--plain",
        action="store_true",
        help="4/4 or 3/4 at a steady tempo, mostly in tune, instead of all metres, tempo curves "
        "and tunings",
    )


def run(arguments: Namespace) -> int:
    from tqdm import tqdm

    from kcarol.corpus.dataset.pairs import SONGS_PER_STYLE, VALIDATION_SEED, missing
    from kcarol.corpus.dataset.rendering import build
    from kcarol.dataset.shards import ROW_FRAMES

    if lacking := missing():
        raise UsageError(lacking)
    seed = arguments.seed + VALIDATION_SEED * arguments.held_out
    with tqdm(desc="corpus", unit="song") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total * SONGS_PER_STYLE
            bar.update(done * SONGS_PER_STYLE - bar.n)

        n_pairs, seconds = build(
            arguments.out,
            arguments.hours,
            seed,
            arguments.jobs,
            progress=progress,
            plain=arguments.plain,
        )
    hours = n_pairs * ROW_FRAMES / AudioConfig().frame_rate / 3600
    speed = hours / max(seconds, 1e-9) * 60
    print(
        f"{arguments.out}: {n_pairs} pairs, {hours:.2f} h of pairs, rendered in {seconds:.0f} s: "
        f"{speed:.2f} h per minute"
    )
    return 0
