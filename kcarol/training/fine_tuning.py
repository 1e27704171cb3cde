"""Fine-tuning on a user's own files: the shipped converter learns the sound of the user's carol.

No recording of the user's songs as carols exists, so the recorded carol is the target of two kinds
of input: the carol itself, mixed like a pop record under pop drums (self-reconstruction), and its
transcription, arranged and rendered as a pop song (back-translation, as in machine translation:
Sennrich et al., arXiv 1511.06709). Only the playing half learns, since the transcription of a song
does not depend on whose carol is played. It reads the transcriptions of the clean carol and of its
pop versions, mistakes included, as in a conversion. Pairs of the corpus are mixed in against
forgetting.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch

from kcarol.audio.clips import load_clip
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import DataError
from kcarol.audio.loudness import first_sound
from kcarol.config import AudioConfig, Config, ModelConfig
from kcarol.conversion.converter import MIN_STYLE_S, Converter, to_reference_rms
from kcarol.conversion.styles import Style
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, save_converter
from kcarol.dataset.pair_set import is_pair_set, load_pair_set
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.model.device import best_device
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import WeightsError
from kcarol.training.batches import PairBatches
from kcarol.training.callbacks import ConverterPictures
from kcarol.training.checkpoint import kept_random_state, load_model_state
from kcarol.training.distributed import rank
from kcarol.training.loop import fit, listed
from kcarol.training.losses import STAGES, ConverterLoss
from kcarol.training.pretraining import (
    freeze_idle_half_,
    mel_statistics,
    standardise_,
    styles_and_texture,
)
from kcarol.training.pseudo_labels import labels_of, with_pseudo_labels
from kcarol.training.weight_averaging import interpolate_
from kcarol.transcription.transcription import Transcription
from kcarol.vocoder.neural import NeuralVocoder

OWN = "own"  # name of the user's style
TEXTURE_SHARE = 1.0  # of the difference when the trained converter plays the user's carol
PAIRS = Path("data/pairs/train")  # the corpus pairs that come with the repository
REPOSITORY = Path(__file__).resolve().parents[2]  # unless the package is installed apart from it


@dataclass(frozen=True)
class FineTuningConfig:
    """How training pairs are made of a user's files."""

    share: float = 0.5  # share of windows from the user's carol, the rest from corpus pairs
    n_drummed: int = 2  # versions of each carol under drums, in a pop mix
    n_rendered: int = 6  # pop arrangements of its transcription
    # interpolation from the base's weights to the trained ones; 1 loses too much of the songs
    trained_share: float = 0.5
    heard_s: float = 120.0  # of each carol, from its beginning
    listen_s: float = 30.0  # of each of the user's songs, converted at the end

    @classmethod
    def smoke(cls) -> FineTuningConfig:
        return cls(n_drummed=1, n_rendered=1, heard_s=40.0, listen_s=6.0)


def fine_tuning_schedule(cfg: Config | None = None) -> Config:
    """A short run at a small learning rate, from trained weights: minutes on two cores."""
    return (cfg or Config()).with_train(
        steps=600,
        batch_size=8,
        learning_rate=4e-4,
        warmup_steps=20,
        ema_decay=0.99,
        save_every=100,
        picture_every=200,
    )


@kept_random_state()
def fine_tune(
    processed: Path,
    out: Path,
    cfg: Config | None = None,
    resume: bool = False,
    device: str | torch.device | None = None,
    max_s: float | None = None,
    base_weights: Path | None = None,
    pairs: Sequence[Shard] | None = None,
    own: FineTuningConfig | None = None,
) -> Path:
    """Train on the clips in `processed`/carol and /kpop; returns `out`, which holds
    converter.safetensors and checkpoint.pt.

    Starts from `base_weights` (a folder or file; None: the shipped ones) if `cfg.model` fits them,
    else from scratch. `pairs` None: the repository's own, if present; what is trained on, and what
    is missing, is said. The user's songs are converted into `out`/listen. `max_s`: seconds of
    training. Raises DataError (no carol, or a silent one), WeightsError (base weights given that do
    not fit), and what `fit` raises.
    """
    cfg = cfg or fine_tuning_schedule()
    if own is None:
        own = FineTuningConfig.smoke() if cfg.model == ModelConfig.smoke() else FineTuningConfig()
    pairs = repository_pairs() if pairs is None else pairs
    out = Path(out)
    device = torch.device(device or best_device())
    clips = load_carols(Path(processed) / "carol", cfg.audio)
    songs = load_songs(Path(processed) / "kpop", cfg.audio)  # now: an error must not come too late
    say_data(clips, pairs, cfg.audio)
    carols = [to_reference_rms(wave) for wave in clips.values()]

    base = Converter.load(base_weights, device)
    data = data_of(clips, pairs, base)
    torch.manual_seed(cfg.train.seed)
    module = MusicTransformer(cfg.model)
    from_base = start_from_(module, base, cfg.model, explicit=base_weights is not None)
    own_pairs = paired_with_themselves(carols, base, own, cfg)
    if from_base:
        own_pairs = list(with_pseudo_labels(own_pairs, base))
        pairs = list(with_pseudo_labels(pairs, base))
    else:
        standardise_(module, mel_statistics([*own_pairs, *pairs], cfg.audio))

    batches = shared_batches(own_pairs, pairs, own.share, cfg, device)
    loss = ConverterLoss(cfg.audio, STAGES["play" if from_base else "all"])
    pictures = ConverterPictures(batches, cfg.audio, device)
    torch.manual_seed(cfg.train.seed)  # the number of draws so far depends on the base
    checkpoint = fit(
        module,
        loss,
        batches,
        cfg.train,
        out,
        resume,
        device,
        callbacks=(pictures,),
        max_s=max_s,
        data=data,
    )
    steps = load_model_state(checkpoint, module)
    if from_base:
        interpolate_(module, base.model, own.trained_share)
    if rank() == 0:
        trained = as_converter(module, base, from_base, carols, cfg)
        about = {"steps": steps, "carols": len(carols), "from_base": from_base}
        save(out, trained, {"trained": "personal", **about}, keep_vocoder=base_weights is not None)
        write_listening(trained, songs, out / "listen", own.listen_s)
    return out


# --- what is trained on


def repository_pairs() -> list[Shard]:
    """The corpus pairs of the repository that is worked in, or that the package lies in; none, if
    there is none.
    """
    found = [folder for folder in (PAIRS, REPOSITORY / PAIRS) if is_pair_set(folder)]
    return load_pair_set(found[0]) if found else []


def say_data(clips: Mapping[str, np.ndarray], pairs: Sequence[Shard], audio: AudioConfig) -> None:
    """Print, in the first process, the carols (T,) by name and what else is trained on."""
    if rank() != 0:
        return
    seconds = {name: len(wave) / audio.sample_rate for name, wave in clips.items()}
    names = listed([f"{name} ({length_s:.0f} s)" for name, length_s in seconds.items()])
    n_pairs = sum(len(shard.pop) for shard in pairs)
    others = f"and on {n_pairs} pairs of the corpus" if pairs else "alone"
    print(f"kcarol: training on carols: {names}; {others}", file=sys.stderr)
    if not pairs:
        print(
            f"kcarol: expected pairs in {PAIRS}, found none: without them the network may forget "
            "songs that are unlike the carol; train in kcarol's repository, or give --corpus",
            file=sys.stderr,
        )


def data_of(
    clips: Mapping[str, np.ndarray], pairs: Sequence[Shard], base: Converter
) -> dict[str, str]:
    """Hashes by name of what a run is made of, as `fit` takes data: the carols (T,), the pairs, and
    the weights that the trained ones are drawn towards.
    """
    arrays = {f"{name}.pt": [wave] for name, wave in clips.items()}
    if pairs:
        arrays["pairs"] = [shard.labels for shard in pairs]
    arrays["base weights"] = [x.cpu().numpy() for x in base.model.state_dict().values()]
    return {name: _sha256(several) for name, several in arrays.items()}


def _sha256(arrays: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def load_carols(folder: Path, audio: AudioConfig) -> dict[str, np.ndarray]:
    """`load_waves` from where each begins to sound. DataError for silence, or under MIN_STYLE_S."""
    carols = {}
    for name, wave in load_waves(folder, audio).items():
        start = first_sound(wave, audio.sample_rate)
        carols[name] = wave[len(wave) if start is None else start :]
        length_s = len(carols[name]) / audio.sample_rate
        if length_s < MIN_STYLE_S:
            found = "silence" if start is None else f"{length_s:.2f} s"
            raise DataError(
                f"{folder / name}.pt: expected at least {MIN_STYLE_S:g} s of a carol, found "
                f"{found}: preprocess again, or put another carol in its place"
            )
    return carols


def load_songs(folder: Path, audio: AudioConfig) -> dict[str, np.ndarray]:
    """`load_waves` of a folder that may have none, or be missing."""
    return load_waves(folder, audio) if any(folder.glob("[!.]*.pt")) else {}


# --- clips and base weights


def load_waves(folder: Path, audio: AudioConfig) -> dict[str, np.ndarray]:
    """Waves (T,) by name of all clips of a folder. DataError without clips, or where the sample
    rate is another.
    """
    waves = {}
    for path in sorted(folder.glob("[!.]*.pt")):
        clip = load_clip(path)
        if clip["sample_rate"] != audio.sample_rate:
            raise DataError(
                f"{path}: expected {audio.sample_rate} Hz, found {clip['sample_rate']}: "
                "preprocess it again"
            )
        waves[path.stem] = clip["wave"].numpy()
    if not waves:
        raise DataError(
            f"{folder}: expected clips (NAME.pt), found none: put sound files into data/raw and "
            "run preprocess"
        )
    return waves


def start_from_(
    module: MusicTransformer, base: Converter, cfg: ModelConfig, explicit: bool
) -> bool:
    """Give the module the base's weights, its playing half free to learn; whether they fit.
    WeightsError if weights were given that do not fit.
    """
    # these two matter only in training
    in_training = {"dropout": cfg.dropout, "max_random_offset": cfg.max_random_offset}
    if replace(base.model.cfg, **in_training) != cfg:
        if explicit:
            raise WeightsError(
                f"the base weights have {base.model.cfg}, this run wants {cfg}: leave out one of "
                "both"
            )
        return False
    module.load_state_dict(base.model.state_dict())
    freeze_idle_half_(module, "play")
    module.style_encoder.requires_grad_(False)  # the named styles' embeddings keep their meaning
    return True


# --- pairs made of the carol


def paired_with_themselves(
    carols: Sequence[np.ndarray], listener: Converter, own: FineTuningConfig, cfg: Config
) -> list[Shard]:
    """A shard for each carol (T,), labelled by `listener`'s transcription; a carol shorter than a
    row is repeated.
    """
    from tqdm import tqdm

    own = replace(own, n_rendered=renderable(own.n_rendered))
    rng = np.random.default_rng([cfg.train.seed, 1])
    row_samples = ROW_FRAMES * cfg.audio.hop_length
    n_versions = own.n_drummed + own.n_rendered
    shards = []
    with tqdm(
        total=len(carols) * n_versions, desc="versions", unit="song", disable=None
    ) as progress:
        for wave in carols:
            wave = wave[: round(own.heard_s * cfg.audio.sample_rate)]
            wave = np.resize(wave, max(len(wave), row_samples))
            transcription = listener.transcribe(wave)
            versions = []
            for version in pop_versions(wave, transcription, own, cfg.audio, rng):
                versions.append(version)
                progress.update()
            labels = labels_of(transcription).packed()
            shards.append(shard_of(wave, versions, labels, cfg.audio.hop_length))
    return shards


def renderable(n_rendered: int) -> int:
    """The number of rendered versions; 0, with a message, without the synthesiser."""
    from kcarol.corpus.synthesis.render import TRAINING_SOUNDFONTS, available

    lacking = available(TRAINING_SOUNDFONTS)
    if not n_rendered or lacking is None:
        return n_rendered
    print(
        f"kcarol: the carol is trained on under drums alone, not as a rendered pop song: {lacking}",
        file=sys.stderr,
    )
    return 0


def pop_versions(
    wave: np.ndarray,
    transcription: Transcription,
    own: FineTuningConfig,
    audio: AudioConfig,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """A carol (T,) as pop, (T,) each: under drums, then played by a band."""
    from kcarol.corpus.dataset.pop_versions import played_by_band, under_drums

    for _ in range(own.n_drummed):
        yield under_drums(wave, transcription, audio, rng)
    for _ in range(own.n_rendered):
        yield played_by_band(len(wave), transcription, audio, rng)


def shard_of(
    wave: np.ndarray, versions: Sequence[np.ndarray], labels: np.ndarray, hop_length: int
) -> Shard:
    """Rows that cover a carol (T,), its packed labels and each of its pop versions (T,) from
    beginning to end; at least two of each, since one is the other's reference of style.
    """
    n_rows = max(2, -(-len(wave) // (ROW_FRAMES * hop_length)))
    last = len(wave) // hop_length - ROW_FRAMES
    starts = np.linspace(0, last, n_rows).round().astype(int)

    def rows_of(x: np.ndarray) -> np.ndarray:
        spans = [slice(i * hop_length, (i + ROW_FRAMES) * hop_length) for i in starts]
        return np.stack([_int16(x[span]) for span in spans])

    label_rows = np.stack([labels[i : i + ROW_FRAMES + 1] for i in starts])
    return Shard(
        pop=np.concatenate([rows_of(version) for version in versions]),
        carol=np.concatenate([rows_of(wave)] * len(versions)),
        labels=np.concatenate([label_rows] * len(versions)),
    )


def _int16(wave: np.ndarray) -> np.ndarray:
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)


def shared_batches(
    own_pairs: Sequence[Shard],
    pairs: Sequence[Shard],
    share: float,
    cfg: Config,
    device: str | torch.device,
) -> PairBatches:
    """Batches in which the user's own rows fill a given share of the windows on average."""
    n_own = sum(len(shard.pop) for shard in own_pairs)
    n_others = sum(len(shard.pop) for shard in pairs)
    return PairBatches(
        [*own_pairs, *pairs],
        cfg.audio,
        n_own + n_others,
        cfg.train.batch_size,
        cfg.train.window_frames,
        cfg.train.seed,
        device,
        n_first=n_own,
        first_share=share,
    )


# --- results


def as_converter(
    module: MusicTransformer,
    base: Converter,
    from_base: bool,
    carols: Sequence[np.ndarray],
    cfg: Config,
) -> Converter:
    """The trained converter: with the base's vocoder, the user's own style, and the named styles of
    the base or, if trained from scratch, measured on the shipped references.
    """
    window = max(cfg.train.window_frames, base.window_frames if from_base else 0)
    styles, texture = (base.styles, base.texture) if from_base else styles_and_texture(module)
    device = base.device
    trained = Converter(module, base.vocoder, styles, window, cfg.audio, device, texture)
    own = mean_style([trained.measure_style(wave, TEXTURE_SHARE) for wave in carols])
    return trained.with_styles({**trained.styles, OWN: own})


def mean_style(styles: Sequence[Style]) -> Style:
    names = [f.name for f in fields(Style)]
    return Style(**{n: torch.stack([getattr(s, n) for s in styles]).mean(0) for n in names})


def save(out: Path, converter: Converter, about: dict, keep_vocoder: bool) -> None:
    """Write the converter's file, and its vocoder's unless it is the shipped one."""
    save_converter(
        out / CONVERTER_FILE,
        converter.model,
        converter.styles,
        converter.window_frames,
        about,
        converter.texture,
    )
    if keep_vocoder and isinstance(converter.vocoder, NeuralVocoder):
        converter.vocoder.save(out / VOCODER_FILE)


def write_listening(
    converter: Converter, songs: Mapping[str, np.ndarray], out: Path, length_s: float
) -> list[Path]:
    """The first `length_s` of each song (T,) as a carol in the user's style, out/NAME.carol.wav."""
    rate = converter.audio.sample_rate
    written = []
    for name, wave in songs.items():
        carol = converter.convert(wave[: round(length_s * rate)], OWN)
        written.append(save_audio(out / f"{name}.carol.wav", carol, rate))
    return written
