"""Training the shipped networks, from a corpus to a weights file."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig, Config
from kcarol.conversion.style_matching import measure_texture
from kcarol.conversion.styles import STYLE_NAMES, Style
from kcarol.conversion.weights import (
    CONVERTER_FILE,
    SYLLABLES_FILE,
    VOCODER_FILE,
    find_weights,
    load_converter,
    save_converter,
)
from kcarol.dataset.carols import SUFFIX as CAROLS_SUFFIX
from kcarol.dataset.carols import CarolRows, stored_carols
from kcarol.dataset.pair_set import is_pair_set, load_pair_set
from kcarol.dataset.shards import SUFFIX, Shard, stored_shards
from kcarol.dataset.style_references import StyleReferences, load_style_references
from kcarol.dataset.sung import SUFFIX as SUNG_SUFFIX
from kcarol.dataset.sung import SungRows, stored_sung
from kcarol.model.device import best_device
from kcarol.model.syllable_hearing import SyllableHearing
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import load_module
from kcarol.training.batches import FULL_SCALE, CarolBatches, PairBatches, WaveBatches
from kcarol.training.callbacks import HELD_OUT_BATCHES, HeldOutLoss, PlayerPictures, VocoderPictures
from kcarol.training.checkpoint import load_model_state
from kcarol.training.distributed import rank
from kcarol.training.loop import fit
from kcarol.training.losses import AdversarialLoss, HearingLoss, PlayerLoss, SpectralLoss
from kcarol.training.memory import LossFn
from kcarol.training.syllables.batches import SungBatches
from kcarol.training.syllables.loss import SyllableLoss
from kcarol.vocoder.discriminators import Discriminators
from kcarol.vocoder.neural import NeuralVocoder

HALVES = {"hearing": "hear", "player": "play"}  # what is trained, and the half of the model
WEIGHTS_FILES = {
    "hearing": CONVERTER_FILE,
    "player": CONVERTER_FILE,
    "syllables": SYLLABLES_FILE,
    "vocoder": VOCODER_FILE,
}
NETWORKS = tuple(WEIGHTS_FILES)
Batches = PairBatches | CarolBatches | SungBatches | WaveBatches
STATISTICS_ROWS = 64  # carols whose mean and deviation per band standardise the log-mel
LEAST_DEVIATION = 0.5  # nats, of a band in which carols hardly differ


def train_network(
    what: str,
    corpus: Path | None,
    cfg: Config,
    out: Path,
    *,
    held_out: Path | None = None,
    resume: bool = False,
    device: str | torch.device | None = None,
    max_s: float | None = None,
    most_pairs: int = 1_000,
    jobs: int = 1,
    adversarial: bool = False,
    base_weights: Path | None = None,
) -> Path:
    """Train "hearing" (half of the converter) on a corpus of pairs, "syllables" on one of sung
    songs, or on one of carols the "player" (the other half) or the "vocoder". Without a corpus,
    pairs are rendered beside the training and all else before. Returns the file of WEIGHTS_FILES in
    `out`, averaged weights.

    `held_out`: a folder of the same kind for `validation.csv`. `base_weights`: to start from; the
    idle half of a converter stays as it is there. Syllables always start from nothing; theirs are
    the converter that hears the tune, None: the shipped one. `adversarial`: the vocoder with
    discriminators, usually after a first run without. Raises FileNotFoundError for an empty corpus,
    and what `fit` and `load_module` raise.
    """
    device = torch.device(device or best_device())
    batches = open_batches(what, corpus, cfg, most_pairs, device, jobs, base_weights)
    torch.manual_seed(cfg.train.seed)
    module = build_module(what, cfg)
    if base_weights is not None and what != "syllables":
        base = load_module(Path(base_weights), lambda values: build_module(what, cfg))[0]
        module.load_state_dict(base.state_dict())
    else:
        begin_(module, batches, cfg.audio)
    loss_fn = loss_of(what, cfg.audio, adversarial)
    if isinstance(loss_fn, nn.Module):
        loss_fn = loss_fn.to(device)
    callbacks = []
    if what in HALVES:
        freeze_all_but_(module, HALVES[what])
    if isinstance(batches, CarolBatches):
        callbacks.append(PlayerPictures(batches, cfg.audio, device))
    elif isinstance(batches, WaveBatches):
        callbacks.append(VocoderPictures(batches, cfg.audio, device))
    validate = None
    if what != "vocoder" and held_out is not None:
        most_pairs = HELD_OUT_BATCHES * cfg.train.batch_size
        few = open_batches(what, held_out, cfg, most_pairs, device, jobs, base_weights)
        validate = HeldOutLoss(few, loss_fn)
    checkpoint = fit(
        module,
        loss_fn,
        batches,
        cfg.train,
        out,
        resume,
        device,
        validate,
        callbacks=callbacks,
        max_s=max_s,
        data=corpus_files(corpus),
    )
    path = Path(out) / WEIGHTS_FILES[what]
    if rank() == 0:
        steps = load_model_state(checkpoint, module)
        export(module, path, cfg, {"steps": steps, "corpus": str(corpus or "rendered")})
    return path


def build_module(what: str, cfg: Config) -> nn.Module:
    """An untrained network. ValueError for anything but NETWORKS."""
    if what not in NETWORKS:
        raise ValueError(f"expected {', '.join(NETWORKS)}, found {what!r}")
    if what in HALVES:
        return MusicTransformer(cfg.model)
    return SyllableHearing(cfg.syllables) if what == "syllables" else NeuralVocoder(cfg.vocoder)


def loss_of(what: str, cfg: AudioConfig, adversarial: bool = False) -> LossFn:
    if what == "vocoder":
        return vocoder_loss(cfg, adversarial)
    losses = {"hearing": HearingLoss, "player": PlayerLoss, "syllables": SyllableLoss}
    return losses[what](cfg)


def vocoder_training(cfg: Config) -> Config:
    """The same run for the vocoder: many short windows, a smaller rate."""
    return cfg.with_train(batch_size=32, window_frames=64, learning_rate=5e-4)


def syllables_training(cfg: Config) -> Config:
    """The same run for syllables: a small network, which soon knows the few songs."""
    return cfg.with_train(
        steps=min(cfg.train.steps, 5_000),
        window_frames=384,
        learning_rate=1e-3,
        warmup_steps=min(cfg.train.warmup_steps, 200),
        ema_decay=0.998,
    )


def freeze_all_but_(module: MusicTransformer, half: str) -> None:
    module.requires_grad_(False)
    for parameter in module.parameters_of(half):
        parameter.requires_grad_(True)


def vocoder_loss(cfg: AudioConfig, adversarial: bool) -> nn.Module:
    spectral = SpectralLoss(cfg)
    return AdversarialLoss(spectral, Discriminators()) if adversarial else spectral


# --- how a network begins


def begin_(module: nn.Module, batches: Batches, cfg: AudioConfig) -> None:
    """Statistics of the log-mel, and the sound of single notes for the player."""
    if isinstance(batches, WaveBatches):
        assert isinstance(module, NeuralVocoder)
        module.standardise(*mel_statistics(batches.waves[:STATISTICS_ROWS], cfg))
    elif isinstance(batches, CarolBatches):
        assert isinstance(module, MusicTransformer)
        begin_player_(module, batches.carols, cfg)


def begin_player_(module: MusicTransformer, carols: Iterable[CarolRows], cfg: AudioConfig) -> None:
    """Statistics of carols, and a note bank of rendered notes: an untrained player that plays.

    Raises RenderError without the synthesiser.
    """
    from kcarol.corpus.carol.single_notes import measure_notes_

    some = itertools.islice(carols, STATISTICS_ROWS)
    mel = torch.cat([rows.log_mel.float().flatten(2).flatten(0, 1) for rows in some])
    mel = module.standardise(mel)  # by mean 0 and deviation 1: above the floor
    module.mel_mean.copy_(mel.mean(0))
    module.mel_std.copy_(mel.std(0).clamp_min(LEAST_DEVIATION))
    measure_notes_(module.note_bank, cfg)


# --- corpora


def corpus_shards(corpus: Path | None, cfg: AudioConfig, jobs: int = 1) -> Iterable[Shard]:
    """The pairs of a folder (shards, or a pair set); without one, rendered without end.

    FileNotFoundError for a folder without pairs, RenderError without a folder and without the
    synthesiser.
    """
    if corpus is None:
        return _rendered_shards(cfg, jobs)
    corpus = Path(corpus)
    if is_pair_set(corpus):
        return load_pair_set(corpus)
    if not any(corpus.glob(f"*{SUFFIX}")):
        raise FileNotFoundError(
            f"{corpus}: expected pairs (*{SUFFIX}), found none; render some: "
            f"kcarol corpus --out {corpus}"
        )
    return stored_shards(corpus)


def corpus_carols(corpus: Path | None, cfg: AudioConfig, most_rows: int) -> list[CarolRows]:
    """The carols of a folder, with at most `most_rows` rows or one file; without one, rendered.

    FileNotFoundError for a folder without carols, RenderError without a folder and without the
    synthesiser.
    """
    if corpus is None:
        from kcarol.corpus.dataset.carols import N_ROWS, make_carols

        return [make_carols(seed, cfg) for seed in range(max(1, most_rows // N_ROWS))]
    carols: list[CarolRows] = []
    for rows in stored_carols(Path(corpus)):
        if carols and sum(len(some.notes) for some in [*carols, rows]) > most_rows:
            break
        carols.append(rows)
    if not carols:
        raise FileNotFoundError(
            f"{corpus}: expected carols (*{CAROLS_SUFFIX}), found none; render some: "
            f"kcarol corpus --carols --out {corpus}"
        )
    return carols


def corpus_sung(
    corpus: Path | None, cfg: AudioConfig, most_rows: int, jobs: int = 1
) -> Iterable[SungRows]:
    """The sung songs of a folder, of at most `most_rows` rows or one file; without one, rendered.

    FileNotFoundError for a folder without songs, RenderError without a folder and without the
    synthesiser.
    """
    if corpus is None:
        return _rendered_sung(cfg, most_rows, jobs)
    corpus = Path(corpus)
    if not any(corpus.glob(f"*{SUNG_SUFFIX}")):
        raise FileNotFoundError(
            f"{corpus}: expected sung songs (*{SUNG_SUFFIX}), found none; render some: "
            f"kcarol corpus --sung --out {corpus}"
        )
    return stored_sung(corpus, most_rows)


def corpus_files(corpus: Path | None) -> dict[str, str]:
    """Names of a corpus's files, each with its name and size, as `fit` takes data; their content
    would take minutes to read.
    """
    if corpus is None:
        return {"rendered": "rendered"}
    files = sorted(path for path in Path(corpus).glob("[!.]*.*") if path.is_file())
    return {path.name: f"{path.name} {path.stat().st_size}" for path in files}


def _rendered_shards(cfg: AudioConfig, jobs: int) -> Iterable[Shard]:
    from kcarol.corpus.dataset.rendering import rendered_shards

    _check_synthesiser("pairs: --corpus data/pairs/train")
    return (shard for _, shard in rendered_shards(itertools.count(), cfg, jobs))


def _rendered_sung(cfg: AudioConfig, most_rows: int, jobs: int) -> Iterable[SungRows]:
    from kcarol.corpus.dataset.rendering import rendered
    from kcarol.corpus.dataset.sung import N_ROWS, make_sung

    _check_synthesiser("songs: --corpus data/sung")
    seeds = range(max(1, most_rows // N_ROWS))
    return (rows for _, rows in rendered(functools.partial(make_sung, cfg=cfg), seeds, jobs))


def _check_synthesiser(instead: str) -> None:
    """RenderError if something that rendering needs is missing."""
    from kcarol.corpus.dataset.pairs import missing
    from kcarol.synthesis.render import RenderError

    if lacking := missing():
        raise RenderError(f"{lacking}; or train on existing {instead}")


def open_batches(
    what: str,
    corpus: Path | None,
    cfg: Config,
    most_pairs: int,
    device: str | torch.device,
    jobs: int = 1,
    weights: Path | None = None,
) -> Batches:
    """At most `most_pairs` pairs, or rows of carols or sung songs, of a folder, all loaded first so
    that a run repeats to the bit; or rendered beside the training. `weights`: as `base_weights` of
    syllables.
    """
    train = cfg.train
    if what == "syllables":
        songs = corpus_sung(corpus, cfg.audio, most_pairs, jobs)
        hearing = load_converter(find_weights(weights).converter, device).model
        sizes = (train.batch_size, train.window_frames, train.seed)
        return SungBatches(songs, hearing, cfg.audio, *sizes, device)
    if what != "hearing":
        carols = corpus_carols(corpus, cfg.audio, most_pairs)
        kind = CarolBatches if what == "player" else WaveBatches
        return kind(carols, cfg.audio, train.batch_size, train.window_frames, train.seed)
    shards = corpus_shards(corpus, cfg.audio, jobs)
    if corpus is not None:
        # counted first, by reading each shard twice, so that memory is allocated as needed
        counted = itertools.islice(corpus_shards(corpus, cfg.audio), max(1, most_pairs // 2))
        totals = list(itertools.accumulate(len(shard.pop) for shard in counted))
        n_shards = max(1, sum(total <= most_pairs for total in totals))
        shards = itertools.islice(shards, n_shards)
        most_pairs = totals[n_shards - 1] if totals else most_pairs
    return PairBatches(
        shards,
        cfg.audio,
        most_pairs,
        train.batch_size,
        train.window_frames,
        train.seed,
        device,
        wait=corpus is not None,
    )


def mel_statistics(waves: Tensor, cfg: AudioConfig) -> tuple[Tensor, Tensor]:
    """Mean and deviation (M,) of the log-mel per band, over waves (N, T) int16."""
    log_mel = LogMel(cfg)
    mel = torch.cat([log_mel(wave / FULL_SCALE) for wave in waves])
    return mel.mean(0), mel.std(0).clamp_min(LEAST_DEVIATION)


# --- export


def export(module: nn.Module, path: Path, cfg: Config, about: dict) -> None:
    """Write weights for release, float16; with a converter its named styles and its texture. Raises
    WeightsError.
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
) -> tuple[dict[str, Style], Tensor]:
    """The named styles, each with the texture (2 * n_bands,) that the module's playing of them
    lacks, and the texture of all; measured on the shipped references.
    """
    references = references or load_style_references()
    device = next(module.parameters()).device
    styles = {}
    for name in sorted(references.log_mels, key=STYLE_NAMES.index):
        target = references.log_mels[name].to(device)  # (N, F, 2, n_bands)
        embedding = module.embed_style(target).mean(0)
        played = module.play(
            references.notes[name], target.shape[1], embedding.expand(len(target), -1)
        )
        pairs = zip(module.destandardise(played), target.flatten(2), strict=True)
        textures = torch.stack([measure_texture(p, t).cpu() for p, t in pairs])
        styles[name] = Style(embedding.cpu(), texture=_root_mean_square(textures))
    return styles, _root_mean_square(torch.stack([style.texture for style in styles.values()]))


def _root_mean_square(x: Tensor) -> Tensor:
    return x.square().mean(0).sqrt()
