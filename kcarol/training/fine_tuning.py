"""The user's own files: the shipped converter goes on learning, with the user's carol as style and
as real target.

No recording of the user's songs as carols exists, so the carol is its own pair, in two ways. Laid
under pop drums and mixed as a pop record it is the input (self-reconstruction); and written down by
the converter's own ears, arranged and rendered as a pop song it is the input, too
(back-translation, as in machine translation: Sennrich et al., arXiv 1511.06709). The target is the
real carol each time. Only the playing half learns: what is to be heard in a song does not depend on
whose carol is played. It gets what is heard in the clean carol, and what is heard in its pop
versions, mistakes included, as in a conversion (`hearsay`). Pairs of the corpus come along, so that
nothing is unlearned.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch

from kcarol.audio.clips import load_clip
from kcarol.audio.encoding import save_audio
from kcarol.audio.errors import DataError
from kcarol.config import AudioConfig, Config, ModelConfig
from kcarol.conversion.converter import Converter, to_reference_rms
from kcarol.conversion.styles import Style
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, save_converter, shipped_weights
from kcarol.corpus.mixing.mix import mix
from kcarol.corpus.synthesis.drum_machine import DrumKit, play_drums
from kcarol.corpus.synthesis.render import TRAINING_SOUNDFONTS, available, renew
from kcarol.dataset.labels import NO_NOTE, SCALE
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.model.device import best_device
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import WeightsError
from kcarol.training.batches import PairBatches
from kcarol.training.checkpoint import kept_random_state, load_model_state
from kcarol.training.loop import fit
from kcarol.training.losses import STAGES, ConverterLoss
from kcarol.training.pretraining import Pictures, styles_and_texture
from kcarol.training.pseudo_labels import with_pseudo_labels
from kcarol.training.recipe import mel_statistics
from kcarol.transcription.lead_sheet import Stroke
from kcarol.transcription.notation import bar_places, notate
from kcarol.transcription.transcription import Transcription
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder

OWN = "own"  # name of the user's style
TEXTURE_SHARE = 1.0  # of what is missing when the trained converter plays the user's carol
PAIRS = Path("data/pairs/train")  # the corpus pairs that come with the repository
KICK, SNARES, CLOSED_HAT, OPEN_HAT, SHAKER = 36, (38, 39, 40), 42, 46, 70  # General MIDI drum notes


@dataclass(frozen=True)
class PersonalConfig:
    """What a user's own files are made into."""

    # of the windows of a batch, on average, that are the user's carol; the rest are corpus pairs
    share: float = 0.5
    n_drummed: int = 2  # versions of each carol under drums of their own, in a pop mix
    n_rendered: int = 6  # pop arrangements of what was written down of it
    # of the way from the base's weights to the trained ones: all of it loses too much of the songs
    trained_share: float = 0.5
    heard_s: float = 120.0  # of each carol, from its beginning
    listen_s: float = 30.0  # of each of the user's songs, converted at the end

    @classmethod
    def smoke(cls) -> PersonalConfig:
        return cls(n_drummed=1, n_rendered=1, heard_s=40.0, listen_s=6.0)


def personal_config(cfg: Config | None = None) -> Config:
    """A short run at a small rate, for weights that have learned most already: minutes on two
    cores.
    """
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
def train_personal(
    processed: Path,
    out: Path,
    cfg: Config | None = None,
    resume: bool = False,
    device: str | None = None,
    max_s: float | None = None,
    base_weights: Path | None = None,
    pairs: Sequence[Shard] | None = None,
    own: PersonalConfig | None = None,
) -> Path:
    """Train on the clips in `processed`/carol and /kpop; returns `out`, which holds
    converter.safetensors and checkpoint.pt.

    Starts from `base_weights` (a folder or file, None: the shipped ones) where `cfg.model` fits,
    else from nothing. `pairs` None: the repository's own, where they are. The user's songs are
    converted into `out`/listen. `max_s`: seconds of training. Raises DataError (no carol),
    WeightsError (base weights given that do not fit), and what `fit` raises.
    """
    cfg = cfg or personal_config()
    own = own or (PersonalConfig.smoke() if cfg.model == ModelConfig.smoke() else PersonalConfig())
    out, device = Path(out), device or str(best_device())
    carols = [
        to_reference_rms(wave) for wave in load_waves(Path(processed) / "carol", cfg.audio).values()
    ]
    pairs = _stored_pairs() if pairs is None else list(pairs)
    base = _load_base(base_weights, device)
    torch.manual_seed(cfg.train.seed)
    module, from_base = start_module(base, cfg, explicit=base_weights is not None)
    groups = own_shards(carols, base or _converter(module, cfg, device, None), own, cfg)
    if from_base:
        groups, pairs = (list(with_pseudo_labels(part, base)) for part in (groups, pairs))
    else:
        mean, std = mel_statistics([*groups, *pairs], cfg.audio)
        module.mel_mean.copy_(mean)
        module.mel_std.copy_(std)
    pool = SharedPool(groups, pairs, own.share, cfg, device)
    loss = ConverterLoss(cfg.audio, STAGES["play" if from_base else "all"])
    torch.manual_seed(cfg.train.seed)  # how much was drawn until here depends on the base
    pictures = Pictures(pool, cfg.audio, device)
    checkpoint = fit(
        module, loss, pool, cfg.train, out, resume, device, callbacks=(pictures,), max_s=max_s
    )
    steps = load_model_state(checkpoint, module)
    if from_base:
        go_part_of_the_way(module, base.model, own.trained_share)
    if int(os.environ.get("RANK", 0)) == 0:
        converter = _converter(module, cfg, device, base)
        converter = with_styles(converter, base if from_base else None, carols)
        about = {
            "trained": "personal",
            "steps": steps,
            "carols": len(carols),
            "from_base": from_base,
        }
        save_converter(
            out / CONVERTER_FILE,
            module,
            converter.styles,
            converter.window_frames,
            about,
            converter.texture,
        )
        if base_weights is not None and isinstance(converter.vocoder, NeuralVocoder):
            # the base's own, which need not be the shipped one
            converter.vocoder.save(out / VOCODER_FILE)
        write_listening(converter, Path(processed) / "kpop", out / "listen", own.listen_s)
    return out


@torch.no_grad()
def go_part_of_the_way(module: torch.nn.Module, base: torch.nn.Module, share: float) -> None:
    """Puts `share` of the module's weights and the rest of the base's into the module (Wortsman et
    al., arXiv 2109.01903).
    """
    for own, before in zip(module.parameters(), base.parameters(), strict=True):
        own.lerp_(before.to(own), 1 - share)


# --- what there is to start from
# -----------------------------------------------------------------------------------


def load_waves(folder: Path, audio: AudioConfig) -> dict[str, np.ndarray]:
    """Waves (T,) by name of all clips of a folder. DataError without clips, or where the sample
    rate is another.
    """
    waves = {}
    for path in sorted(folder.glob("[!.]*.pt")):
        clip = load_clip(path)
        if clip["sample_rate"] != audio.sample_rate:
            raise DataError(
                f"{path}: expected {audio.sample_rate} Hz, found {clip['sample_rate']}: preprocess it again"
            )
        waves[path.stem] = clip["wave"].numpy()
    if not waves:
        raise DataError(
            f"{folder}: expected clips (NAME.pt), found none: put sound files into data/raw and run preprocess"
        )
    return waves


def _load_base(weights: Path | None, device: str) -> Converter | None:
    """The converter to start from; None where nothing is given and nothing was shipped."""
    if weights is None and not (shipped_weights() / CONVERTER_FILE).is_file():
        return None
    return Converter.load(weights, device)


def start_module(
    base: Converter | None, cfg: Config, explicit: bool
) -> tuple[MusicTransformer, bool]:
    """A module to train, and whether it has the base's weights. WeightsError if these were asked
    for and do not fit.
    """
    module = MusicTransformer(cfg.model)
    if base is None:
        return module, False
    same = (
        replace(
            base.model.cfg, dropout=cfg.model.dropout, max_random_offset=cfg.model.max_random_offset
        )
        == cfg.model
    )
    if not same:
        if explicit:
            raise WeightsError(
                f"the base weights have {base.model.cfg}, this run wants {cfg.model}: leave out one of both"
            )
        return module, False
    module.load_state_dict(base.model.state_dict())
    # so that the named styles' embeddings keep their meaning
    module.style_encoder.requires_grad_(False)
    for parameter in module.parameters_of("hear"):
        parameter.requires_grad_(False)
    return module, True


def _stored_pairs() -> list[Shard]:
    if not PAIRS.is_dir():
        return []
    from kcarol.dataset.pair_set import load_pair_set

    return list(load_pair_set(PAIRS))


def _converter(
    module: MusicTransformer, cfg: Config, device: str, base: Converter | None
) -> Converter:
    """A module as it is used, with the base's vocoder, the shipped one or, without either,
    Griffin-Lim.
    """
    shipped = shipped_weights() / VOCODER_FILE
    if base is not None:
        vocoder = base.vocoder
    else:
        vocoder = (
            NeuralVocoder.load(shipped, device) if shipped.is_file() else GriffinLim(cfg.audio)
        )
    window = max(
        cfg.train.window_frames, base.window_frames if base and base.model.cfg == module.cfg else 0
    )
    texture = base.texture if base is not None and base.model.cfg == module.cfg else None
    return Converter(module, vocoder, {}, window, cfg.audio, device, texture)


def with_styles(
    converter: Converter, base: Converter | None, carols: Sequence[np.ndarray]
) -> Converter:
    """The same with the user's own style and the named ones: the base's or, of a model trained from
    nothing, measured on the references that ship.
    """
    if base is not None:
        styles, texture = base.styles, base.texture
    else:
        styles, texture = styles_and_texture(converter.model)
    return Converter(
        converter.model,
        converter.vocoder,
        {**styles, OWN: own_style(converter, carols)},
        converter.window_frames,
        converter.audio,
        converter.device,
        texture,
        converter.cfg,
    )


def own_style(converter: Converter, carols: Sequence[np.ndarray]) -> Style:
    """Mean over the user's carols, measured on how the trained converter plays each."""
    styles = [converter.measure_style(wave, TEXTURE_SHARE) for wave in carols]
    return Style(
        **{
            f.name: torch.stack([getattr(style, f.name) for style in styles]).mean(0)
            for f in fields(Style)
        }
    )


# --- the carol as its own pair
# ------------------------------------------------------------------------------------


def packed_decision(transcription: Transcription) -> np.ndarray:
    """(F, N_PACKED) int16, as `Labels.packed`: what was decided stands for what is true."""
    content = transcription.content.map(lambda x: x.numpy())
    n_frames = len(content.tune)
    sine, cosine = content.phase[:, :2], content.phase[:, 2:]
    positions = np.round(np.arctan2(sine, cosine) / (2 * np.pi) % 1 * SCALE)
    bass = np.where(content.bass.any(1), content.bass.argmax(1), NO_NOTE)
    bits = (content.chord > 0.5) @ (1 << np.arange(12))
    beat, downbeat = np.zeros(n_frames, int), np.zeros(n_frames, int)
    beat[transcription.beats[transcription.beats < n_frames]] = 1
    downbeat[transcription.downbeats[transcription.downbeats < n_frames]] = 1
    flags = (content.onset[:, 0] > 0.5) + 2 * beat + 4 * downbeat + 8 * (content.accent[:, 0] > 0.5)
    energy, shift = (
        np.round(content.energy[:, 0] * SCALE),
        np.full(n_frames, transcription.tune_shift),
    )
    columns = [
        transcription.tune,
        bass,
        bits,
        flags,
        positions[:, 0],
        positions[:, 1],
        energy,
        shift,
    ]
    return np.stack(columns, axis=1).astype(np.int16)


def drum_pattern(metre: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """One bar of a pop drummer at random: (2 * metre,) bool by drum note, in eighths."""
    eighth = np.arange(2 * metre)
    on_beat = eighth % 2 == 0
    kick = (
        on_beat.copy()
        if rng.random() < 0.3
        else rng.random(2 * metre) < np.where(on_beat, 0.4, 0.2)
    )
    kick[0] = True
    backbeats = eighth % 4 == 2 if metre == 4 else (eighth > 0) & on_beat
    snare = backbeats & (rng.random() < 0.9) | (rng.random(2 * metre) < 0.05)
    hats = [np.ones(2 * metre, bool), on_beat, ~on_beat, rng.random(2 * metre) < 0.6][
        rng.integers(4)
    ]
    return {
        KICK: kick,
        int(rng.choice(SNARES)): snare,
        int(rng.choice([CLOSED_HAT, CLOSED_HAT, OPEN_HAT, SHAKER])): hats,
    }


def drum_strokes(
    beats_s: np.ndarray, downbeats_s: np.ndarray, rng: np.random.Generator
) -> tuple[Stroke, ...]:
    """Drums on a song's beats (seconds), the same pattern in nearly every bar, with human timing
    and force.
    """
    place, metre = bar_places(beats_s, downbeats_s)
    pattern, strokes, loudness, resting = drum_pattern(metre, rng), [], rng.uniform(70, 110), False
    for i in range(len(beats_s) - 1):
        resting = rng.random() < 0.1 if place[i] == 0 else resting
        for half in () if resting else (0, 1):
            time_s = beats_s[i] + half / 2 * (beats_s[i + 1] - beats_s[i])
            for note in (note for note, bar in pattern.items() if bar[2 * place[i] + half]):
                velocity = int(np.clip(loudness + rng.normal(0, 8) - 12 * half, 20, 127))
                strokes.append(Stroke(max(0.0, time_s + rng.normal(0, 0.005)), 0.1, note, velocity))
    return tuple(strokes)


def drummed(
    wave: np.ndarray, transcription: Transcription, audio: AudioConfig, rng: np.random.Generator
) -> np.ndarray:
    """A carol (T,) under drums on its own beats, mixed as pop records are: EQ, compression, room,
    noise. (T,), peak <= 1.
    """
    beats_s, downbeats_s = (
        transcription.beats / audio.frame_rate,
        transcription.downbeats / audio.frame_rate,
    )
    strokes = drum_strokes(beats_s, downbeats_s, rng)
    drums = play_drums(
        strokes, DrumKit.draw(rng), len(wave) / audio.sample_rate, audio.sample_rate, rng
    )
    role = str(rng.choice(["lead", "chords"]))  # as loud as the drums, or softer and ducked by them
    return mix({role: wave, "drums": drums}, rng, sample_rate=audio.sample_rate)


def rendered(
    n_samples: int, transcription: Transcription, audio: AudioConfig, rng: np.random.Generator
) -> np.ndarray:
    """What was decided of a carol of `n_samples`, as a band plays it on the carol's own beats:
    (T,), peak <= 1. RenderError.
    """
    from kcarol.corpus.arrangement.pop import arrange_pop
    from kcarol.corpus.dataset.pop_record import render_pop

    renew()  # the same sound whatever was rendered before
    sheet, grid = notate(transcription, audio)
    soundfont, length_s = str(rng.choice(TRAINING_SOUNDFONTS)), n_samples / audio.sample_rate
    wave = render_pop(arrange_pop(sheet, grid, rng), length_s, audio.sample_rate, soundfont, rng)
    return np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))


def pop_versions(
    wave: np.ndarray,
    transcription: Transcription,
    own: PersonalConfig,
    audio: AudioConfig,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """The carol (T,) as pop, (T,) each: under drums, then rendered, where there is what rendering
    needs.
    """
    for _ in range(own.n_drummed):
        yield drummed(wave, transcription, audio, rng)
    for _ in range(own.n_rendered if available(TRAINING_SOUNDFONTS) is None else 0):
        yield rendered(len(wave), transcription, audio, rng)


def own_shard(
    wave: np.ndarray, pops: Sequence[np.ndarray], labels: np.ndarray, hop_length: int
) -> Shard:
    """Rows of a carol (T,), its truth (F, N_PACKED) and each of its pop versions (T,), at places
    that cover the whole carol.

    At least two rows, since one is the other's reference of style.
    """
    n_frames = len(wave) // hop_length - ROW_FRAMES
    starts = (
        np.linspace(0, n_frames, max(2, -(-len(wave) // (ROW_FRAMES * hop_length))))
        .round()
        .astype(int)
    )
    rows = []
    for pop in pops:
        for first in starts:
            span = slice(first * hop_length, (first + ROW_FRAMES) * hop_length)
            rows.append(
                (_int16(pop[span]), _int16(wave[span]), labels[first : first + ROW_FRAMES + 1])
            )
    return Shard(*(np.stack(column) for column in zip(*rows, strict=True)))


def own_shards(
    carols: Sequence[np.ndarray], listener: Converter, own: PersonalConfig, cfg: Config
) -> list[Shard]:
    """A group of rows for each carol; one shorter than a row begins again. Says so where no pop
    song can be rendered.

    True is what `listener` writes down of the clean carol.
    """
    from tqdm import tqdm

    if own.n_rendered and (missing := available(TRAINING_SOUNDFONTS)):
        print(
            f"kcarol: the carol is trained on under drums alone, not as a rendered pop song: {missing}",
            file=sys.stderr,
        )
    rng, audio, groups = np.random.default_rng([cfg.train.seed, 1]), cfg.audio, []
    with tqdm(
        total=len(carols) * (own.n_drummed + own.n_rendered),
        desc="versions",
        unit="song",
        disable=None,
    ) as bar:
        for wave in carols:
            wave = wave[: round(own.heard_s * audio.sample_rate)]
            wave = np.resize(wave, max(len(wave), ROW_FRAMES * audio.hop_length))
            transcription, pops = listener.transcribe(wave), []
            for pop in pop_versions(wave, transcription, own, audio, rng):
                pops.append(pop)
                bar.update()
            groups.append(own_shard(wave, pops, packed_decision(transcription), audio.hop_length))
    return groups


def _int16(wave: np.ndarray) -> np.ndarray:
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)


class SharedPool(PairBatches):
    """A `PairBatches` of two kinds of rows, in which the first kind fills a given share of the
    windows on average.
    """

    def __init__(
        self,
        first: Sequence[Shard],
        others: Sequence[Shard],
        share: float,
        cfg: Config,
        device: str | torch.device,
    ):
        if not 0 < share <= 1:
            raise ValueError(f"expected a share above 0 and at most 1, found {share}")
        self.n_first = sum(len(group.pop) for group in first)
        n_others = sum(len(group.pop) for group in others)
        self.share = share if n_others else 1.0
        train = cfg.train
        super().__init__(
            [*first, *others],
            cfg.audio,
            self.n_first + n_others,
            train.batch_size,
            train.window_frames,
            train.seed,
            device,
        )

    def draw(self, step: int, rank: int, world: int, n_starts: int):
        """As `Pool.draw`, with the rows drawn by their share."""
        rng, _, starts, own = super().draw(step, rank, world, n_starts)
        is_first = rng.random(self.batch_size) < self.share
        first = rng.integers(0, self.n_first, self.batch_size)
        others = rng.integers(min(self.n_first, self.filled - 1), self.filled, self.batch_size)
        return rng, torch.from_numpy(np.where(is_first, first, others)[own]), starts, own


# --- to listen to
# -------------------------------------------------------------------------------------------------


def write_listening(converter: Converter, songs: Path, out: Path, length_s: float) -> list[Path]:
    """The first `length_s` of each clip in a folder as a carol in the user's style,
    out/NAME.carol.wav.
    """
    if not any(songs.glob("[!.]*.pt")):
        return []
    rate, written = converter.audio.sample_rate, []
    for name, wave in load_waves(songs, converter.audio).items():
        carol = converter.convert(wave[: round(length_s * rate)], OWN)
        written.append(save_audio(out / f"{name}.carol.wav", carol, rate))
    return written
