"""`kcarol train`: fine-tune on the user's clips, or train the networks from scratch."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.cli.arguments.checks import checked_device, complain, wants_smoke
from kcarol.cli.arguments.options import (
    DEVICE,
    JOBS,
    KPOP,
    PROCESSED,
    SMOKE,
    WEIGHTS,
    add_shared,
    number,
)
from kcarol.cli.page import page_language
from kcarol.cli.shown.written import tell_written
from kcarol.config import AudioConfig, Config

if TYPE_CHECKING:
    from kcarol.evaluation.own_songs import OwnSong

HELP = "train on these clips, or the networks from scratch"
USAGE = "[options]"
PRESET = "the preset of --what"
PAGE = "listen.html"
LISTEN_S, SMOKE_LISTEN_S = 30.0, 10.0  # of each of the user's songs
OF_SMOKE = "The tiny networks of --smoke only show that it works: they sound bad."
TRAIN_OPTIONS = "steps batch_size accumulation window_frames learning_rate precision seed".split()


def add_options(parser: ArgumentParser) -> None:
    _add_task(parser)
    _add_data(parser)
    _add_preset_options(parser)
    add_shared(parser.add_argument_group("how it runs"), DEVICE, JOBS, SMOKE)


def _add_task(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what is trained")
    add = group.add_argument
    add(
        "--what",
        choices=("personal", "hearing", "player", "syllables", "vocoder"),
        default="personal",
        help="personal: your clips on top of the shipped weights; hearing and player (the halves "
        "of the converter) and vocoder: from a corpus, without --weights from scratch; syllables: "
        "from scratch, beside the hearing of --weights",
    )
    add(
        "--recipe",
        choices=("shipped",),
        help="instead of --what: all stages by which the shipped weights are made; finished ones "
        "are skipped; with --weights hearing is taken from there",
    )
    add(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        help="folder of the run (default: runs/WHAT, or runs/RECIPE)",
    )
    add("--resume", action="store_true", help="go on from the checkpoint in --out")
    add("--adversarial", action="store_true", help="vocoder against discriminators, as second run")
    add_shared(group, WEIGHTS)


def _add_data(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("on what")
    add_shared(group, PROCESSED, KPOP)
    add = group.add_argument
    add(
        "--corpus",
        metavar="DIR",
        type=Path,
        help="pairs for hearing, sung songs for syllables, carols for all others, by `kcarol "
        "corpus` (default: for personal the references of the named styles, for others rendered)",
    )
    add("--held-out", metavar="DIR", type=Path, help="as --corpus, for validation.csv")
    add(
        "--pairs",
        metavar="N",
        type=number(int, 2),
        default=1_000,
        help="or rows, in memory, 1 to 2 MB each",
    )


def _add_preset_options(parser: ArgumentParser) -> None:
    """Options for the numbers of a training run; without a value the preset's holds."""
    add = parser.add_argument_group("how long and how").add_argument
    cfg, frame_ms = Config(), 1000 / AudioConfig().frame_rate
    count, amount = number(int, 1), number(float, 0)
    add(
        "--hours",
        metavar="HOURS",
        type=amount,
        help="stop with a checkpoint after this many hours (default: at the last step)",
    )
    add("--steps", metavar="N", type=count, help=f"updates of the weights (default: {PRESET})")
    add("--batch-size", metavar="N", type=count, help=f"windows a batch (default: {PRESET})")
    add("--accumulation", metavar="N", type=count, help=f"batches a step (default: {PRESET})")
    add(
        "--window-frames",
        metavar="N",
        type=number(int, 2),
        help=f"length of a window, frames of {frame_ms:g} ms (default: {PRESET})",
    )
    add(
        "--learning-rate",
        metavar="RATE",
        type=amount,
        help=f"highest rate of Adam, no unit (default: {PRESET})",
    )
    add(
        "--seed",
        metavar="N",
        type=number(int, 0),
        default=cfg.train.seed,
        help="of batches and first weights",
    )
    add(
        "--dropout",
        metavar="SHARE",
        type=number(float, 0, below=1),
        default=cfg.model.dropout,
        help="of the converter, no unit; .1 may help hearing where each pair is seen dozens of "
        "times, and harms playing",
    )
    add(
        "--precision",
        choices=("auto", "fp32", "bf16", "fp16"),
        default=cfg.train.precision,
        help="of the matrix products; auto: bf16 where the hardware has it",
    )


def run(arguments: Namespace) -> int:
    device = checked_device(arguments.device)
    max_s = arguments.hours * 3600 if arguments.hours is not None else None
    cfg = training_config(arguments)
    if arguments.recipe:
        return _follow_recipe(arguments, cfg, device)
    songs: list[OwnSong] = []
    if arguments.what == "personal":
        songs = _train_personal(arguments, cfg, device, max_s)
    else:
        _train_network(arguments, cfg, device, max_s)
    if int(os.environ.get("RANK", 0)) == 0:
        tell_written([weights_file(arguments)])
        if songs:
            arguments.page = _write_page(songs, arguments, cfg, device)
        elif arguments.what == "personal":
            complain(f"{arguments.processed / 'kpop'}: no songs, so no page to hear what changed")
    return 0


def _train_personal(
    arguments: Namespace, cfg: Config, device: str | None, max_s: float | None
) -> list[OwnSong]:
    """Fine-tune; the songs on which one hears what that changed."""
    from kcarol.evaluation.own_songs import load_own_songs
    from kcarol.page.page import check_page
    from kcarol.training.fine_tuning import fine_tune
    from kcarol.training.pretraining import corpus_carols

    others = None
    if arguments.corpus:
        others = corpus_carols(arguments.corpus, cfg.audio, arguments.pairs)
    out, weights = run_folder(arguments), arguments.weights
    listen_s = SMOKE_LISTEN_S if wants_smoke(arguments) else LISTEN_S
    # now: an error must not come too late
    songs = load_own_songs(arguments.processed / "kpop", arguments.kpop, listen_s)
    check_page(out / PAGE, force=False)
    fine_tune(arguments.processed, out, cfg, arguments.resume, device, max_s, weights, others)
    return songs


def _write_page(
    songs: Sequence[OwnSong], arguments: Namespace, cfg: Config, device: str | None
) -> Path:
    """The user's songs before and after training, as a page in the folder of the run."""
    from kcarol.conversion.converter import Converter
    from kcarol.evaluation.before_after import compare, write_before_after
    from kcarol.evaluation.own_songs import full_rate_stereo
    from kcarol.training.fine_tuning import OWN, load_carols, with_own_style

    carols = load_carols(arguments.processed / "carol", cfg.audio).values()
    before = with_own_style(Converter.load(arguments.weights, device), list(carols))
    after = Converter.load(run_folder(arguments), device)
    changed = compare(
        songs,
        [full_rate_stereo(carol) for carol in carols],
        lambda song: before.convert(song, OWN),
        lambda song: after.convert(song, OWN),
        before.transcribe,
    )
    note = OF_SMOKE if wants_smoke(arguments) else ""
    return write_before_after(run_folder(arguments) / PAGE, changed, note, page_language())


def _follow_recipe(arguments: Namespace, cfg: Config, device: str | None) -> int:
    from kcarol.training.recipe import Recipe, follow_recipe

    out = arguments.out or Path("runs") / arguments.recipe
    recipe = Recipe.smoke() if wants_smoke(arguments) else Recipe()
    tell_written([follow_recipe(out, cfg, recipe, arguments.weights, arguments.jobs, device)])
    return 0


def _train_network(
    arguments: Namespace, cfg: Config, device: str | None, max_s: float | None
) -> None:
    from kcarol.training.pretraining import train_network

    train_network(
        arguments.what,
        arguments.corpus,
        cfg,
        run_folder(arguments),
        held_out=arguments.held_out,
        resume=arguments.resume,
        device=device,
        max_s=max_s,
        most_pairs=arguments.pairs,
        jobs=arguments.jobs,
        adversarial=arguments.adversarial,
        base_weights=arguments.weights,
    )


def run_folder(arguments: Namespace) -> Path:
    return arguments.out or Path("runs") / arguments.what


def weights_file(arguments: Namespace) -> Path:
    """What this call of `run` leaves."""
    from kcarol.training.pretraining import WEIGHTS_FILES

    name = WEIGHTS_FILES["player" if arguments.what == "personal" else arguments.what]
    return run_folder(arguments) / name


def training_config(arguments: Namespace) -> Config:
    """The preset, smoke or full size, changed by the options."""
    smoke = wants_smoke(arguments)
    cfg = Config.smoke() if smoke else Config()
    cfg = replace(cfg, model=replace(cfg.model, dropout=arguments.dropout))
    if arguments.what == "vocoder":
        from kcarol.training.pretraining import vocoder_training

        cfg = vocoder_training(cfg)
    elif arguments.what == "syllables":
        from kcarol.training.pretraining import syllables_training

        cfg = syllables_training(cfg)
    elif arguments.what == "personal" and not smoke:
        from kcarol.training.fine_tuning import fine_tuning_schedule

        cfg = fine_tuning_schedule(cfg)
    chosen = {name: getattr(arguments, name) for name in TRAIN_OPTIONS}
    return cfg.with_train(**{name: value for name, value in chosen.items() if value is not None})
