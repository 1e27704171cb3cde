"""Fine-tuning on a user's own files: the shipped converter learns the sound of the user's carol.

No recording of the user's songs as carols exists, so the recorded carol is transcribed and arranged
like a song, and the player learns to play those notes as the recording sounds. Only the playing
half learns, since the transcription of a song does not depend on whose carol is played. Rendered
carols are mixed in against forgetting.
"""

from __future__ import annotations

import copy
import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kcarol.arrangement.played_notes import notes_of
from kcarol.audio.clips import load_clip, load_full_band
from kcarol.audio.files import DataError
from kcarol.audio.loudness import first_sound
from kcarol.config import AudioConfig, Config, ModelConfig
from kcarol.conversion.converter import MIN_STYLE_S, Converter, to_reference_rms
from kcarol.conversion.style_matching import completed, known_bands
from kcarol.conversion.styles import Style
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, save_converter
from kcarol.dataset.carols import CarolRows
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.dataset.style_references import load_style_references
from kcarol.model.device import best_device
from kcarol.model.note_bank import RING_FRAMES
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import WeightsError
from kcarol.training.batches import CarolBatches
from kcarol.training.callbacks import PlayerPictures
from kcarol.training.checkpoint import kept_random_state, load_model_state
from kcarol.training.distributed import rank
from kcarol.training.loop import fit, listed
from kcarol.training.losses import PlayerLoss
from kcarol.training.pretraining import freeze_all_but_, styles_and_texture
from kcarol.training.weight_averaging import interpolate_
from kcarol.vocoder.neural import NeuralVocoder

OWN = "own"  # name of the user's style
REFERENCE_FRAMES = 256  # of a window: the references of the named styles are not much longer


@dataclass(frozen=True)
class FineTuningConfig:
    """How a user's files are trained on."""

    share: float = 0.5  # share of windows from the user's carol, the rest from rendered carols
    # interpolation from the base's weights to the trained ones; 1 loses too much of the songs
    trained_share: float = 0.5
    heard_s: float = 120.0  # of each carol, from its beginning

    @classmethod
    def smoke(cls) -> FineTuningConfig:
        return cls(heard_s=40.0)


def fine_tuning_schedule(cfg: Config | None = None) -> Config:
    """A short run at a small learning rate, from trained weights: minutes on two cores."""
    return (cfg or Config()).with_train(
        steps=300,
        batch_size=8,
        window_frames=REFERENCE_FRAMES,
        learning_rate=2e-4,
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
    others: Sequence[CarolRows] | None = None,
    own: FineTuningConfig | None = None,
) -> Path:
    """Train on the clips in `processed`/carol; returns `out`, which holds converter.safetensors and
    checkpoint.pt.

    Starts from `base_weights` (a folder or file; None: the shipped ones) if `cfg.model` fits them,
    else, but for the note bank, from scratch. `others`: rendered carols; None: the references of
    the named styles. `max_s`: seconds of training. Raises DataError (no carol, or a silent one),
    WeightsError (base weights given that do not fit), and what `fit` raises.
    """
    cfg = cfg or fine_tuning_schedule()
    if own is None:
        own = FineTuningConfig.smoke() if cfg.model == ModelConfig.smoke() else FineTuningConfig()
    others = reference_carols() if others is None else others
    out = Path(out)
    device = torch.device(device or best_device())
    clips = load_carols(Path(processed) / "carol", cfg.audio)
    say_data(clips, cfg.audio)
    carols = [to_reference_rms(wave) for wave in clips.values()]

    base = Converter.load(base_weights, device)
    data = data_of(clips, others, base)
    torch.manual_seed(cfg.train.seed)
    module = MusicTransformer(cfg.model)
    from_base = start_from_(module, base, cfg.model, explicit=base_weights is not None)
    batches = shared_batches([played_rows(wave, base, own) for wave in carols], others, own, cfg)
    pictures = PlayerPictures(batches, cfg.audio, device)
    torch.manual_seed(cfg.train.seed)  # the number of draws so far depends on the base
    checkpoint = fit(
        module,
        PlayerLoss(cfg.audio),
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
    return out


# --- what is trained on


def reference_carols() -> list[CarolRows]:
    """The shipped passages in the named styles."""
    references = load_style_references()
    return [
        CarolRows(references.notes[name], log_mel.half())
        for name, log_mel in references.log_mels.items()
    ]


def say_data(clips: Mapping[str, np.ndarray], audio: AudioConfig) -> None:
    """Print, in the first process, the carols by name."""
    if rank() == 0:
        seconds = {name: wave.shape[-1] / rate_of(wave, audio) for name, wave in clips.items()}
        names = listed([f"{name} ({length_s:.0f} s)" for name, length_s in seconds.items()])
        print(f"kcarol: training on carols: {names}", file=sys.stderr)


def data_of(
    clips: Mapping[str, np.ndarray], others: Sequence[CarolRows], base: Converter
) -> dict[str, str]:
    """Hashes by name of what a run is made of, as `fit` takes data: the carols, the rendered
    ones, and the weights that the trained ones are drawn towards.
    """
    arrays = {f"{name}.pt": [wave] for name, wave in clips.items()}
    if others:
        arrays["rendered carols"] = [rows.log_mel.numpy() for rows in others]
    arrays["base weights"] = [x.cpu().numpy() for x in base.model.state_dict().values()]
    return {name: _sha256(several) for name, several in arrays.items()}


def _sha256(arrays: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def load_carols(folder: Path, audio: AudioConfig) -> dict[str, np.ndarray]:
    """Carols from where each begins to sound: in full band (2, T), or of clips without that as of
    `load_waves`. DataError for silence, or under MIN_STYLE_S.
    """
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
        full_band = load_full_band(folder / f"{name}.pt", audio)
        if full_band is not None:
            carols[name] = full_band[:, start * audio.full_factor :]
    return carols


def rate_of(carol: np.ndarray, audio: AudioConfig) -> int:
    """The sample rate of one of `load_carols`."""
    return audio.sample_rate if carol.ndim == 1 else audio.full_rate


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
    """Give the module the base's weights, its playing half free to learn; whether they fit. If not,
    it gets the note bank alone. WeightsError if weights were given that do not fit.
    """
    # these two matter only in training
    in_training = {"dropout": cfg.dropout, "max_random_offset": cfg.max_random_offset}
    if replace(base.model.cfg, **in_training) != cfg:
        if explicit:
            raise WeightsError(
                f"the base weights have {base.model.cfg}, this run wants {cfg}: leave out one of "
                "both"
            )
        module.note_bank.load_state_dict(base.model.note_bank.state_dict())
        module.mel_mean.copy_(base.model.mel_mean)
        module.mel_std.copy_(base.model.mel_std)
        return False
    module.load_state_dict(base.model.state_dict())
    freeze_all_but_(module, "play")
    module.style_encoder.requires_grad_(False)  # the named styles' embeddings keep their meaning
    return True


# --- what is played of the carol


@torch.no_grad()
def played_rows(carol: np.ndarray, base: Converter, own: FineTuningConfig) -> CarolRows:
    """A carol, as of `load_carols`, and the notes that its transcription is arranged to, in at
    least two rows that cover it; a carol shorter than a row is repeated.
    """
    audio = base.audio
    rate = rate_of(carol, audio)
    row_samples = round(ROW_FRAMES / audio.frame_rate * rate)
    carol = carol[..., : round(own.heard_s * rate)]
    n_samples = max(carol.shape[-1], row_samples)
    carol = np.tile(carol, -(-n_samples // carol.shape[-1]))[..., :n_samples]
    bands = base.bands_of(carol)  # (F, 2, n_bands)
    known = known_bands(bands)
    style = Style(base.embed_style(carol))
    notes = notes_of(base.arrange(base.transcribe(base.heard(carol)), style), audio.frame_rate)
    n_rows = max(2, -(-len(bands) // ROW_FRAMES))
    firsts = np.linspace(0, len(bands) - ROW_FRAMES - 1, n_rows).round().astype(int).tolist()
    log_mel = filled(bands, known, base.model)
    return CarolRows(
        [notes.window(first, first + ROW_FRAMES + 1, RING_FRAMES) for first in firsts],
        torch.stack([log_mel[first : first + ROW_FRAMES + 1].half() for first in firsts]),
        known=known.float(),
    )


def filled(bands: Tensor, known: Tensor, model: MusicTransformer) -> Tensor:
    """Log-mel (F, 2, n_bands) in which unknown bands move as known ones do: the style encoder reads
    all of them.
    """
    model = copy.deepcopy(model).cpu()
    whole = completed(model.standardise(bands.flatten(1)).unflatten(1, (2, -1)), known)
    return model.destandardise(whole.flatten(1)).unflatten(1, (2, -1))


def shared_batches(
    own_rows: Sequence[CarolRows], others: Sequence[CarolRows], own: FineTuningConfig, cfg: Config
) -> CarolBatches:
    """Batches in which the user's own rows fill a given share of the windows on average."""
    train = cfg.train
    n_own = sum(len(rows.notes) for rows in own_rows)
    n_others = sum(len(rows.notes) for rows in others)
    weight = own.share / (1 - own.share) * n_others / n_own if others else 1.0
    return CarolBatches(
        [*own_rows, *others],
        cfg.audio,
        train.batch_size,
        train.window_frames,
        train.seed,
        weights=[weight] * len(own_rows) + [1.0] * len(others),
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
    return with_own_style(trained, carols)


def with_own_style(converter: Converter, carols: Sequence[np.ndarray]) -> Converter:
    """The converter, told of carols as of `load_carols`: their sound is the style OWN."""
    own = mean_style([converter.measure_style(wave) for wave in carols])
    return converter.with_styles({**converter.styles, OWN: own})


def mean_style(styles: Sequence[Style]) -> Style:
    """The mean of what is known of all, in the arrangement of the first."""
    means = {}
    for field in fields(Style):
        values = [getattr(style, field.name) for style in styles]
        if all(isinstance(value, Tensor) for value in values):
            means[field.name] = torch.stack(values).mean(0)
    return Style(**means, arrangement=styles[0].arrangement)


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
