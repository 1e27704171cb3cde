"""`kcarol corpus`: render pairs of pop and carol, sung songs, or carols."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from kcarol.cli.arguments.checks import UsageError
from kcarol.cli.arguments.options import JOBS, add_shared, number
from kcarol.config import AudioConfig

HELP = "render songs and carols to train the networks on"
USAGE = "[options]"


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("data/corpus"),
        help="folder of the corpus; what is there stays",
    )
    add(
        "--hours",
        metavar="HOURS",
        type=number(float, 0),
        default=1.0,
        help="that --out is to hold, hours",
    )
    add(
        "--seed",
        metavar="N",
        type=number(int, 0),
        default=0,
        help="of the first pair, song or carol",
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--carols",
        action="store_true",
        help="carols with their notes, for player and vocoder, instead of pairs, for hearing",
    )
    kind.add_argument(
        "--sung", action="store_true", help="songs with the vowels that are sung, for syllables"
    )
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
    add_shared(parser, JOBS)


def run(arguments: Namespace) -> int:
    from tqdm import tqdm

    from kcarol.corpus.dataset.carols import build_carols
    from kcarol.corpus.dataset.pairs import VALIDATION_SEED, missing
    from kcarol.corpus.dataset.rendering import build
    from kcarol.corpus.dataset.sung import build_sung
    from kcarol.dataset.shards import ROW_FRAMES

    if lacking := missing():
        raise UsageError(lacking)
    place = (arguments.out, arguments.hours, arguments.seed + VALIDATION_SEED * arguments.held_out)
    with tqdm(desc="corpus", unit="song") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        if arguments.carols:
            held_out = arguments.held_out
            made = build_carols(*place, arguments.jobs, progress=progress, held_out=held_out)
        elif arguments.sung:
            made = build_sung(*place, arguments.jobs, progress=progress)
        else:
            made = build(*place, arguments.jobs, progress=progress, plain=arguments.plain)
    n_rows, seconds = made
    hours = n_rows * ROW_FRAMES / AudioConfig().frame_rate / 3600
    speed = hours / max(seconds, 1e-9) * 60
    what = "carols" if arguments.carols else "sung songs" if arguments.sung else "pairs"
    print(
        f"{arguments.out}: {n_rows} {what}, {hours:.2f} h, rendered in {seconds:.0f} s: "
        f"{speed:.2f} h per minute"
    )
    return 0
