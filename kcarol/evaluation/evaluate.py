"""A whole evaluation in one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path

from kcarol.evaluation.real import Convert, evaluate_real
from kcarol.evaluation.recordings import mono_of
from kcarol.evaluation.synthetic import MonoConvert, evaluate_synthetic
from kcarol.evaluation.table import Table
from kcarol.page.language import ENGLISH, Language


def middle_by(convert: Convert) -> MonoConvert:
    return lambda song, style: mono_of(convert(song, style))


def evaluate(
    convert: Convert,
    out_dir: Path | str,
    *,
    pairs: Iterable[Mapping] = (),
    demo: Iterable[Mapping] = (),
    real_dir: Path | str | None = None,
    baselines: bool = True,
    synthetic_options: Mapping | None = None,
    real_options: Mapping | None = None,
    language: Language = ENGLISH,
) -> Table:
    """Content kept of the song, similarity to carols, and the same for trivial baselines.

    Args:
        convert: song (T,) at 16 kHz and style -> carol (2, 3 T) at 48 kHz, such as
            `Converter.load().convert`.
        out_dir: where table.json, .csv, .md and a listening page for each part are written.
        pairs: synthetic pairs, see `evaluate_synthetic` and `held_out.synthetic_pairs`.
        demo: songs with their own carols, see `held_out.demo_pairs`.
        real_dir: a folder of real songs, see `evaluate_real`.
        baselines: whether the table includes them.
        synthetic_options, real_options: further arguments of `evaluate_synthetic`, `evaluate_real`;
            another `convert` for the pairs, too, whose carols are mono and at A440 whatever the
            song's tuning. Without it they are the middles of `convert`.
        language: of the pages.

    `kcarol.evaluation.metrics` defines the figures. Raises ValueError if there is nothing to
    evaluate.
    """
    tables = []
    paged = {"out_dir": out_dir, "language": language}
    for on, given in (("synthetic", list(pairs)), ("demo", list(demo))):
        if given:
            options = {
                "convert": middle_by(convert),
                **(synthetic_options or {}),
                **paged,
                "on": on,
            }
            tables.append(evaluate_synthetic(pairs=given, baselines=baselines, **options))
    if real_dir is not None:
        options = dict(real_options or {}, baselines=baselines, **paged)
        tables.append(evaluate_real(convert, real_dir, **options))
    if not tables:
        raise ValueError(
            "nothing to evaluate: expected pairs, demo songs or a folder of real songs, found none"
        )
    table = reduce(Table.joined, tables)
    table.title = "Evaluation"
    table.write(out_dir)
    return table
