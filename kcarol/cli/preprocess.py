"""`kcarol preprocess`: sound files to clips."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from kcarol.cli.arguments.checks import FAILED, complain
from kcarol.cli.arguments.options import FORCE, JOBS, KPOP, PROCESSED, add_shared, number
from kcarol.cli.language.catalogue import translated
from kcarol.config import AudioConfig

HELP = "your songs and carol to clips, for training"
USAGE = "[options]"


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add_shared(parser, KPOP)
    add(
        "--carol", metavar="DIR", type=Path, default=Path("data/raw/carol"), help="folder of carols"
    )
    add_shared(parser, PROCESSED)
    add(
        "--max-s",
        metavar="SECONDS",
        type=number(float, 0),
        default=AudioConfig().max_s,
        help="longest clip, seconds; 0: whole files",
    )
    add_shared(parser, FORCE, JOBS)


def run(arguments: Namespace) -> int:
    from kcarol.audio.clips import preprocess, render_table, search_folder

    cfg = replace(AudioConfig(), max_s=arguments.max_s or math.inf)
    sources = {"kpop": arguments.kpop, "carol": arguments.carol}
    for folder in sources.values():
        if left_out := search_folder(folder).describe_left_out():
            complain(left_out)
    rows = preprocess(sources, arguments.processed, cfg, arguments.jobs, arguments.force)
    print(render_table(rows, translated))
    return FAILED if any(row.status == "failed" for row in rows) else 0
