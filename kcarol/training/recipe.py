"""The recipe by which the shipped weights are made from nothing, stage by stage.

A stage that is finished is not done again, and one that was broken off goes on. Each leaves its
results in a folder of its own:

    pairs ──▶ hearing ──┬──▶ syllables ◀── sung
                        ▼
    carols ─┬▶ bank ──────▶ player
            └▶ vocoder
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from kcarol.config import Config
from kcarol.conversion.weights import CONVERTER_FILE, SYLLABLES_FILE, VOCODER_FILE
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import load_module
from kcarol.training.pretraining import (
    begin_player_,
    corpus_carols,
    export,
    syllables_training,
    train_network,
    vocoder_training,
)

DONE = "done"  # file in the folder of a corpus that is whole


@dataclass(frozen=True)
class Recipe:
    """Sizes of the corpora and lengths of the trainings. The shipped player was made with these;
    hearing and vocoder have had longer trainings, in many runs (see the model card).
    """

    pair_hours: float = 21.0
    sung_hours: float = 9.0
    carol_hours: float = 7.0
    hearing_steps: int = 20_000
    syllables_steps: int = 5_000
    player_steps: int = 4_300
    vocoder_steps: int = 17_500
    bank_rows: int = 64  # of carols, whose statistics standardise the log-mel
    most_rows: int = 4_000  # in memory

    @classmethod
    def smoke(cls) -> Recipe:
        return cls(0.005, 0.005, 0.005, 2, 2, 2, 2, bank_rows=2, most_rows=4)


@dataclass(frozen=True)
class Stage:
    name: str
    expected_hours: float  # on two cores without a GPU, in full size
    result: Path  # exists once the stage is finished
    make: Callable[[], None]


def follow_recipe(
    out: Path,
    cfg: Config,
    recipe: Recipe | None = None,
    hearing: Path | None = None,
    jobs: int = 1,
    device: str | torch.device | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Make weights in `out`/player, `out`/syllables and `out`/vocoder; returns `out`. Finished
    stages are skipped.

    `hearing`: a converter's file whose hearing half is taken instead of training one. Raises
    RenderError without the synthesiser, and what `train_network` raises.
    """
    stages = list(stages_of(Path(out), cfg, recipe or Recipe(), hearing, jobs, device))
    for number, stage in enumerate(stages, 1):
        done = stage.result.exists()
        time = "finished" if done else f"about {stage.expected_hours:g} h on two cores"
        say(f"stage {number} of {len(stages)}, {stage.name}: {time}")
        if not done:
            stage.make()
    return Path(out)


def stages_of(
    out: Path,
    cfg: Config,
    recipe: Recipe,
    hearing: Path | None,
    jobs: int,
    device: str | torch.device | None,
) -> Iterator[Stage]:
    """In the order in which they are done."""

    def trained(what: str, corpus: str, cfg: Config, steps: int, base: Path | None = None) -> None:
        train_network(
            what,
            out / corpus,
            cfg.with_train(steps=steps),
            out / what,
            resume=True,
            device=device,
            most_pairs=recipe.most_rows,
            base_weights=base,
        )

    def rendered(corpus: str, expected_hours: float, hours: float) -> Stage:
        folder = out / corpus
        make = functools.partial(_render, corpus, folder, hours, cfg, jobs)
        return Stage(corpus, expected_hours, folder / DONE, make)

    heard = hearing or out / "hearing" / CONVERTER_FILE
    bank = out / "bank" / CONVERTER_FILE
    yield rendered("pairs", 2, recipe.pair_hours)
    if hearing is None:
        steps = recipe.hearing_steps
        yield Stage("hearing", 2, heard, lambda: trained("hearing", "pairs", cfg, steps))
    yield rendered("sung", 0.5, recipe.sung_hours)
    yield Stage(
        "syllables",
        0.7,
        out / "syllables" / SYLLABLES_FILE,
        lambda: trained(
            "syllables", "sung", syllables_training(cfg), recipe.syllables_steps, heard
        ),
    )
    yield rendered("carols", 0.6, recipe.carol_hours)
    yield Stage("bank", 0.05, bank, lambda: _begin_player(bank, heard, out, recipe, cfg))
    yield Stage(
        "player",
        1.2,
        out / "player" / CONVERTER_FILE,
        lambda: trained("player", "carols", player_training(cfg), recipe.player_steps, bank),
    )
    yield Stage(
        "vocoder",
        2,
        out / "vocoder" / VOCODER_FILE,
        lambda: trained("vocoder", "carols", vocoder_training(cfg), recipe.vocoder_steps),
    )


def player_training(cfg: Config) -> Config:
    """The same run for the player: it begins well and learns for a short time."""
    return cfg.with_train(learning_rate=8e-4, warmup_steps=100, ema_decay=0.998, save_every=100)


def _render(corpus: str, folder: Path, hours: float, cfg: Config, jobs: int) -> None:
    from kcarol.corpus.dataset.carols import build_carols
    from kcarol.corpus.dataset.rendering import build
    from kcarol.corpus.dataset.sung import build_sung

    builders = {"pairs": build, "sung": build_sung, "carols": build_carols}
    builders[corpus](folder, hours, 0, jobs, cfg.audio)
    (folder / DONE).touch()


def _begin_player(bank: Path, heard: Path, out: Path, recipe: Recipe, cfg: Config) -> None:
    """A converter with the hearing half of `heard` and an untrained player that plays."""
    module, _ = load_module(heard, lambda _: MusicTransformer(cfg.model))
    begin_player_(module, corpus_carols(out / "carols", cfg.audio, recipe.bank_rows), cfg.audio)
    bank.parent.mkdir(parents=True, exist_ok=True)
    export(module, bank, cfg, {"stage": "bank"})
