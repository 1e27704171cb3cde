"""Training the shipped networks from a corpus, start to weights: pool, statistics, held-out loss,
pictures, export.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig, Config
from kcarol.conversion.converter import Converter
from kcarol.conversion.style_matching import measure_texture
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.conversion.weights import save_converter
from kcarol.corpus.dataset.pairs import missing
from kcarol.corpus.dataset.rendering import rendered_shards
from kcarol.corpus.synthesis import render
from kcarol.dataset.labels import unpack
from kcarol.dataset.pair_set import is_pair_set, load_pair_set
from kcarol.dataset.shards import SUFFIX, Shard, stored_shards
from kcarol.dataset.style_references import StyleReferences, load_style_references
from kcarol.model.device import best_device
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import load_module
from kcarol.training.batches import PairBatches, WaveBatches
from kcarol.training.checkpoint import load_model_state
from kcarol.training.losses import ConverterLoss
from kcarol.training.pseudo_labels import with_pseudo_labels
from kcarol.training.recipe import STATISTICS_ROWS, mel_statistics, train_converter, train_vocoder
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder

POOLS = {"converter": PairBatches, "vocoder": WaveBatches}
HELD_OUT_BATCHES = 4
# many short windows
VOCODER_WINDOW_FRAMES, VOCODER_BATCH_SIZE, VOCODER_LEARNING_RATE = 64, 32, 5e-4


def train_network(
    what: str,
    corpus: Path | None,
    cfg: Config,
    out: Path,
    *,
    held_out: Path | None = None,
    resume: bool = False,
    device: str | None = None,
    max_s: float | None = None,
    most_pairs: int = 1_000,
    jobs: int = 1,
    adversarial: bool = False,
    base_weights: Path | None = None,
    stage: str = "all",
) -> Path:
    """Train the "converter" or the "vocoder" on a corpus folder, or, without one, on pairs rendered
    beside the training.

    `held_out`: a folder whose pairs give `validation.csv`. The `stage` "play" with `base_weights`
    also plays what these hear in the pairs (`hearsay`). Returns `out`/converter.safetensors or
    vocoder.safetensors, written from averaged weights. Raises FileNotFoundError without pairs, and
    what `fit` and `load_module` raise.
    """
    device = device or str(best_device())
    first = list(
        itertools.islice(corpus_shards(corpus, cfg.audio, jobs=1), STATISTICS_ROWS if corpus else 4)
    )
    statistics = mel_statistics(first, cfg.audio)
    listener = Converter.load(base_weights, device) if base_weights and stage == "play" else None
    pool = open_batches(what, corpus, cfg, most_pairs, device, jobs, listener)
    module = build_module(what, cfg)
    options = {
        "resume": resume,
        "device": device,
        "max_s": max_s,
        "start_from": _state_of(base_weights, module),
    }
    callbacks = (
        (Pictures(pool, cfg.audio, device),)
        if what == "converter"
        else (VocoderPictures(pool, cfg.audio, device),)
    )
    validate = None
    if what == "converter" and held_out is not None:
        validate = HeldOutLoss(
            open_batches(what, held_out, cfg, 4 * cfg.train.batch_size, device),
            ConverterLoss(cfg.audio),
        )
    if what == "converter":
        checkpoint = train_converter(
            pool,
            statistics,
            cfg,
            out,
            validate=validate,
            callbacks=callbacks,
            stage=stage,
            **options,
        )
    else:
        checkpoint = train_vocoder(
            pool, statistics, cfg, out, callbacks=callbacks, adversarial=adversarial, **options
        )
    path = Path(out) / f"{what}.safetensors"
    if int(os.environ.get("RANK", 0)) == 0:  # under torchrun the first process alone writes
        steps = load_model_state(checkpoint, module)
        export(module, path, cfg, {"steps": steps, "corpus": str(corpus or "rendered")})
    return path


def build_module(what: str, cfg: Config) -> nn.Module:
    """An untrained network. ValueError for anything but converter and vocoder."""
    if what not in POOLS:
        raise ValueError(f"expected {' or '.join(POOLS)}, found {what!r}")
    return MusicTransformer(cfg.model) if what == "converter" else NeuralVocoder(cfg.vocoder)


def vocoder_training(cfg: Config) -> Config:
    """The same run for the vocoder: many short windows, a smaller rate."""
    changes = {
        "batch_size": VOCODER_BATCH_SIZE,
        "window_frames": VOCODER_WINDOW_FRAMES,
        "learning_rate": VOCODER_LEARNING_RATE,
    }
    return replace(cfg, train=replace(cfg.train, **changes))


def corpus_shards(corpus: Path | None, cfg: AudioConfig, jobs: int) -> Iterable[Shard]:
    """The pairs of a folder (shards, or a pair set); without one, rendered without end.

    FileNotFoundError for a folder without pairs, RenderError without a folder and without the
    synthesiser.
    """
    if corpus is None:
        if lacking := missing():
            raise render.RenderError(
                f"{lacking}; or train on pairs that are there: --corpus data/pairs/train"
            )
        return (group for _, group in rendered_shards(itertools.count(), cfg, jobs))
    corpus = Path(corpus)
    if is_pair_set(corpus):
        return load_pair_set(corpus)
    if not any(corpus.glob(f"*{SUFFIX}")):
        raise FileNotFoundError(
            f"{corpus}: expected pairs (*{SUFFIX}), found none; render some: kcarol corpus --out {corpus}"
        )
    return stored_shards(corpus)


def open_batches(
    what: str,
    corpus: Path | None,
    cfg: Config,
    most_pairs: int,
    device: str,
    jobs: int = 1,
    listener: Converter | None = None,
) -> PairBatches | WaveBatches:
    """At most `most_pairs` pairs of a folder, all loaded first so that a run repeats to the bit; or
    fed by rendering.

    `listener`: each pair once more, with what that hears in the place of the truth.
    """
    train, groups = cfg.train, corpus_shards(corpus, cfg.audio, jobs)
    if corpus is not None:
        # each shard is read twice, here to count: memory then fits what there is
        sizes = [
            len(group.pop)
            for group in itertools.islice(
                corpus_shards(corpus, cfg.audio, 1), max(1, most_pairs // 2)
            )
        ]
        n_groups = max(1, sum(total <= most_pairs for total in itertools.accumulate(sizes)))
        groups, most_pairs = itertools.islice(groups, n_groups), sum(sizes[:n_groups])
    if listener is not None:
        groups, most_pairs = with_pseudo_labels(groups, listener), 2 * most_pairs
    size = (train.batch_size, train.window_frames)
    return POOLS[what](
        groups, cfg.audio, most_pairs, *size, train.seed, device, wait=corpus is not None
    )


def _state_of(weights: Path | None, module: nn.Module) -> Mapping | None:
    """State of a weights file that fits `module`; WeightsError if it does not."""
    return (
        None
        if weights is None
        else load_module(Path(weights), lambda values: module)[0].state_dict()
    )


def export(module: nn.Module, path: Path, cfg: Config, about: dict) -> None:
    """Weights as they ship, float16; a converter with the named styles' embeddings and its texture.
    Raises WeightsError.
    """
    module.eval()
    if isinstance(module, MusicTransformer):
        styles, texture = styles_and_texture(module)
        save_converter(path, module, styles, cfg.train.window_frames, about, texture)
    else:
        module.save(path, extra=about)


@torch.no_grad()
def styles_and_texture(
    module: MusicTransformer, references: StyleReferences | None = None
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Embeddings (d_style,) of the named styles, and the texture (M,) that the module's playing of
    them lacks; measured on the references that ship.
    """
    references = references or load_style_references()
    device = next(module.parameters()).device
    content = unpack(references.labels.to(device)).content
    styles, textures = {}, []
    for name in STYLE_NAMES:
        target = references.log_mels[name].to(device)  # (N, F, M)
        styles[name] = module.embed_style(target).mean(0)
        played = module.destandardise(module.play(content, styles[name].expand(len(target), -1)))
        textures += [measure_texture(p, t).cpu() for p, t in zip(played, target, strict=True)]
    return styles, torch.stack(textures).square().mean(0).sqrt()


class HeldOutLoss:
    """`validate` for `fit`: means of the loss terms over fixed batches of a pool."""

    def __init__(self, pool, loss, n_batches: int = HELD_OUT_BATCHES):
        self.pool, self.loss, self.n_batches = pool, loss, n_batches

    def __call__(self, module: nn.Module) -> dict[str, float]:
        sums: dict[str, float] = {}
        for number in range(self.n_batches):
            for name, value in self.loss(module, self.pool.batch(number)).items():
                sums[name] = sums.get(name, 0.0) + float(value) / self.n_batches
        return sums


class Pictures:
    """Callback for `fit`: what the converter makes of one window of a pool, over the target, into
    TensorBoard.
    """

    def __init__(self, pool: PairBatches, cfg: AudioConfig, device: str):
        self.batch = {name: value[:1].to(device) for name, value in pool.batch(0).items()}
        self.cfg, self.griffin_lim = cfg, GriffinLim(cfg).to(device)

    def __call__(self, module: MusicTransformer, step: int, writer) -> None:
        labels = unpack(self.batch["labels"])
        features, reference = self.batch["features"].float(), self.batch["reference_mel"].float()
        _, own, _ = module(features, reference, labels.content, tune_shift=labels.tune_shift)
        made = module.destandardise(own)[0]
        writer.add_image(
            "converter/made_over_target", stacked(made, self.batch["carol_mel"][0]), step
        )
        wave = self.griffin_lim(made).cpu()
        writer.add_audio(
            "converter/made_griffin_lim",
            wave / wave.abs().max().clamp_min(1e-6),
            step,
            self.cfg.sample_rate,
        )


class VocoderPictures:
    """Callback for `fit`: one window of a pool through the vocoder, over itself, into TensorBoard."""

    def __init__(self, pool: WaveBatches, cfg: AudioConfig, device: str):
        self.wave, self.cfg = pool.batch(0)["wave"][:1].to(device), cfg
        self.log_mel = LogMel(cfg).to(device)

    def __call__(self, module: NeuralVocoder, step: int, writer) -> None:
        heard = self.log_mel(self.wave)
        made = module(heard, self.wave.shape[-1])
        writer.add_image("vocoder/made_over_target", stacked(self.log_mel(made)[0], heard[0]), step)
        writer.add_audio("vocoder/made", made[0].cpu().clamp(-1, 1), step, self.cfg.sample_rate)


def stacked(upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
    """Two log-mels (F, M) as one grey picture (1, 2 M, F), 0 to 1, treble up, one scale for both."""
    both = torch.cat([lower.float(), upper.float()], dim=1).T.flip(0)
    low, high = both.min(), both.max()
    return ((both - low) / (high - low + 1e-6))[None]
