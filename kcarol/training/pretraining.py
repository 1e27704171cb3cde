"""Training the shipped networks, from a corpus to a weights file."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig, Config
from kcarol.conversion.converter import Converter
from kcarol.conversion.style_matching import measure_texture
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.conversion.weights import save_converter
from kcarol.dataset.labels import unpack
from kcarol.dataset.pair_set import is_pair_set, load_pair_set
from kcarol.dataset.shards import SUFFIX, Shard, stored_shards
from kcarol.dataset.style_references import StyleReferences, load_style_references
from kcarol.model.device import best_device
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import load_module
from kcarol.training.batches import FULL_SCALE, PairBatches, WaveBatches
from kcarol.training.callbacks import ConverterPictures, HeldOutLoss, VocoderPictures
from kcarol.training.checkpoint import load_model_state
from kcarol.training.distributed import rank
from kcarol.training.loop import fit
from kcarol.training.losses import STAGES, AdversarialLoss, ConverterLoss, SpectralLoss
from kcarol.training.memory import LossFn
from kcarol.training.pseudo_labels import with_pseudo_labels
from kcarol.vocoder.discriminators import Discriminators
from kcarol.vocoder.neural import NeuralVocoder

BATCHES = {"converter": PairBatches, "vocoder": WaveBatches}
STATISTICS_ROWS = 64  # carols whose mean and deviation per band standardise the log-mel
RENDERED_STATISTICS_SHARDS = 4  # while training, without a corpus folder
IDLE_HALF = {"hear": "play", "play": "hear"}  # frozen half by stage
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
    stage: str = "all",
) -> Path:
    """Train the "converter" or the "vocoder" on a corpus folder or, without one, on pairs rendered
    beside the training. Returns `out`/converter.safetensors or vocoder.safetensors, averaged
    weights.

    `held_out`: a folder of pairs for `validation.csv`. `base_weights`: to start from. `stage`:
    "hear" and "play" train one half of the converter, for a third of the time; "play" with
    `base_weights` also plays their transcriptions of the pairs. `adversarial`: the vocoder with
    discriminators, usually after a first run without. Raises FileNotFoundError without pairs, and
    what `fit` and `load_module` raise.
    """
    device = torch.device(device or best_device())
    listener = Converter.load(base_weights, device) if base_weights and stage == "play" else None
    batches = open_batches(what, corpus, cfg, most_pairs, device, jobs, listener)
    torch.manual_seed(cfg.train.seed)
    module = build_module(what, cfg)
    standardise_(module, corpus_statistics(corpus, cfg.audio))
    if base_weights is not None:
        base = load_module(Path(base_weights), lambda values: build_module(what, cfg))[0]
        module.load_state_dict(base.state_dict())
    if what == "converter":
        loss_fn: LossFn = ConverterLoss(cfg.audio, STAGES[stage])
        freeze_idle_half_(module, stage)
        pictures = ConverterPictures(batches, cfg.audio, device)
    else:
        loss_fn = vocoder_loss(cfg.audio, adversarial).to(device)
        pictures = VocoderPictures(batches, cfg.audio, device)
    validate = None
    if what == "converter" and held_out is not None:
        few = open_batches(what, held_out, cfg, 4 * cfg.train.batch_size, device)
        validate = HeldOutLoss(few, ConverterLoss(cfg.audio))
    checkpoint = fit(
        module,
        loss_fn,
        batches,
        cfg.train,
        out,
        resume,
        device,
        validate,
        callbacks=(pictures,),
        max_s=max_s,
        data=corpus_files(corpus),
    )
    path = Path(out) / f"{what}.safetensors"
    if rank() == 0:
        steps = load_model_state(checkpoint, module)
        export(module, path, cfg, {"steps": steps, "corpus": str(corpus or "rendered")})
    return path


def build_module(what: str, cfg: Config) -> nn.Module:
    """An untrained network. ValueError for anything but converter and vocoder."""
    if what not in BATCHES:
        raise ValueError(f"expected {' or '.join(BATCHES)}, found {what!r}")
    return MusicTransformer(cfg.model) if what == "converter" else NeuralVocoder(cfg.vocoder)


def vocoder_training(cfg: Config) -> Config:
    """The same run for the vocoder: many short windows, a smaller rate."""
    return cfg.with_train(batch_size=32, window_frames=64, learning_rate=5e-4)


def freeze_idle_half_(module: MusicTransformer, stage: str) -> None:
    if stage in IDLE_HALF:
        for parameter in module.parameters_of(IDLE_HALF[stage]):
            parameter.requires_grad_(False)


def vocoder_loss(cfg: AudioConfig, adversarial: bool) -> nn.Module:
    spectral = SpectralLoss(cfg)
    return AdversarialLoss(spectral, Discriminators()) if adversarial else spectral


# --- pairs


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


def first_pairs(corpus: Path, cfg: AudioConfig, most_pairs: int) -> list[Shard]:
    """The first shards of a folder, at least one, with at most `most_pairs` pairs. Raises as
    `corpus_shards`.
    """
    shards: list[Shard] = []
    for shard in corpus_shards(corpus, cfg):
        if shards and sum(len(s.pop) for s in [*shards, shard]) > most_pairs:
            break
        shards.append(shard)
    return shards


def corpus_files(corpus: Path | None) -> dict[str, str]:
    """Names of a corpus's files, each with its name and size, as `fit` takes data; their content
    would take minutes to read.
    """
    if corpus is None:
        return {"rendered pairs": "rendered"}
    files = sorted(path for path in Path(corpus).glob("[!.]*.*") if path.is_file())
    return {path.name: f"{path.name} {path.stat().st_size}" for path in files}


def _rendered_shards(cfg: AudioConfig, jobs: int) -> Iterable[Shard]:
    from kcarol.corpus.dataset.pairs import missing
    from kcarol.corpus.dataset.rendering import rendered_shards
    from kcarol.corpus.synthesis.render import RenderError

    if lacking := missing():
        raise RenderError(f"{lacking}; or train on existing pairs: --corpus data/pairs/train")
    return (shard for _, shard in rendered_shards(itertools.count(), cfg, jobs))


def open_batches(
    what: str,
    corpus: Path | None,
    cfg: Config,
    most_pairs: int,
    device: str | torch.device,
    jobs: int = 1,
    listener: Converter | None = None,
) -> PairBatches | WaveBatches:
    """At most `most_pairs` pairs of a folder, all loaded first so that a run repeats to the bit; or
    rendered beside the training. With a `listener` each pair comes twice: with its labels'
    content, and with the listener's transcription.
    """
    shards = corpus_shards(corpus, cfg.audio, jobs)
    if corpus is not None:
        # counted first, by reading each shard twice, so that memory is allocated as needed
        counted = itertools.islice(corpus_shards(corpus, cfg.audio), max(1, most_pairs // 2))
        totals = list(itertools.accumulate(len(shard.pop) for shard in counted))
        n_shards = max(1, sum(total <= most_pairs for total in totals))
        shards = itertools.islice(shards, n_shards)
        most_pairs = totals[n_shards - 1] if totals else most_pairs
    if listener is not None:
        shards = with_pseudo_labels(shards, listener)
        most_pairs = 2 * most_pairs
    return BATCHES[what](
        shards,
        cfg.audio,
        most_pairs,
        cfg.train.batch_size,
        cfg.train.window_frames,
        cfg.train.seed,
        device,
        wait=corpus is not None,
    )


def corpus_statistics(corpus: Path | None, cfg: AudioConfig) -> tuple[Tensor, Tensor]:
    """`mel_statistics` of the first pairs of a folder, or of the first that are rendered."""
    shards = corpus_shards(corpus, cfg)
    if corpus is None:
        shards = list(itertools.islice(shards, RENDERED_STATISTICS_SHARDS))
    return mel_statistics(shards, cfg)


def mel_statistics(shards: Iterable[Shard], cfg: AudioConfig) -> tuple[Tensor, Tensor]:
    """Mean and deviation (M,) of carol log-mel per band, over the first STATISTICS_ROWS carols."""
    log_mel = LogMel(cfg)
    n_rows = 0
    mels = []
    for shard in shards:
        mels.append(log_mel(torch.from_numpy(shard.carol).float() / FULL_SCALE).flatten(0, 1))
        n_rows += len(shard.carol)
        if n_rows >= STATISTICS_ROWS:
            break
    mel = torch.cat(mels)
    return mel.mean(0), mel.std(0).clamp_min(LEAST_DEVIATION)


def standardise_(module: nn.Module, statistics: tuple[Tensor, Tensor]) -> None:
    """Set the mean and deviation (M,) by which a network standardises log-mels."""
    mean, deviation = statistics
    if isinstance(module, NeuralVocoder):
        module.standardise(mean, deviation)
    else:
        module.mel_mean.copy_(mean)
        module.mel_std.copy_(deviation)


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
) -> tuple[dict[str, Tensor], Tensor]:
    """Embeddings (d_style,) of the named styles, and the texture (M,) that the module's playing of
    them lacks; measured on the shipped references.
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
