"""A song of any length to its carol: hear in windows, decide over the whole song, play in windows,
vocode in long pieces.

Only what was heard and decided is kept of a whole song in memory; its sound and its log-mel are on
tapes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kcarol.audio.chunks import chunk_spans, overlap_add, overlap_add_stream
from kcarol.audio.decoding import load_audio, load_audio_into
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.encoding import save_audio
from kcarol.audio.features import Features, transpose_features
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import in_pieces, loudness_curve, loudness_db, match_loudness, peak
from kcarol.audio.parallel import parallel_map, single_threaded
from kcarol.config import AudioConfig, ConvertConfig, ModelConfig
from kcarol.conversion.post_filter import PostFilter
from kcarol.conversion.style_matching import STRETCH_S, balance_of, stretch_of
from kcarol.conversion.texture import measure_texture
from kcarol.model.content import Content
from kcarol.model.device import fast_inference
from kcarol.model.logits import HEADS, Logits
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import (
    LARGEST,
    WeightsError,
    config_from,
    load_module,
    save_module,
    vector,
)
from kcarol.transcription.decoding import Transcription, decode, with_confidence
from kcarol.vocoder.neural import GriffinLim, NeuralVocoder, vocoded
from kcarol.vocoder.phase_refinement import Phases

STYLE_NAMES = ("bells", "choir", "strings", "organ", "brass", "piano")
CONVERTER_FILE, VOCODER_FILE = "converter.safetensors", "vocoder.safetensors"
REFERENCE_S = 120.0  # of a style file that are listened to
LEAST_SAMPLES = 400  # 25 ms: less is no music
LEAST_STYLE_S = 0.5
CPU_WINDOWS = 4  # at once by each thread: more would not fit its cache
LEVEL_REACH_FRAMES = 2  # of the loudness curve's window
OWN_OF_SOUND = ("texture", "balance", "stretch")  # what a style can have for itself
# share of what the playing of a recording lacks: the rest is notes that were not heard
REFERENCE_TEXTURE = 0.85


def shipped_weights() -> Path:
    return Path(str(resources.files("kcarol") / "weights"))


def save_converter(
    path: Path,
    module: MusicTransformer,
    styles: dict[str, Tensor],
    window_frames: int,
    about: dict,
    texture: Tensor | None = None,
    sounds: Mapping[str, Sound] | None = None,
) -> None:
    """Weights in half precision, with the named styles' embeddings, the texture (M,) and the window
    the model was trained on.

    `sounds`: of those styles that have texture, balance and stretch of their own.
    """
    extra = {
        "styles": {k: v.tolist() for k, v in styles.items()},
        "window_frames": window_frames,
        "about": about,
    }
    for kind in OWN_OF_SOUND:
        own = {name: getattr(sound, kind) for name, sound in (sounds or {}).items()}
        extra[f"own_{kind}"] = {
            name: values.tolist() for name, values in own.items() if values is not None
        }
    extra["texture"] = (torch.zeros(module.cfg.n_mels) if texture is None else texture).tolist()
    save_module(path, module, module.cfg, extra, torch.float16)


def _read_extra(path: Path, extra: dict, cfg: ModelConfig) -> tuple[dict[str, Tensor], int, Tensor]:
    """Styles (d_style,) by name, frames of a window, and texture (M,) of a converter's file.
    WeightsError for what is none.
    """
    styles, window_frames = extra.get("styles"), extra.get("window_frames")
    if (
        not isinstance(styles, dict)
        or not isinstance(window_frames, int)
        or not 2 <= window_frames <= LARGEST
    ):
        raise WeightsError(
            f"{path}: expected styles and window_frames beside the weights, found others; get the file anew"
        )
    vectors = {
        name: vector(path, f"style {name}", values, cfg.d_style) for name, values in styles.items()
    }
    return vectors, window_frames, vector(path, "texture", extra.get("texture"), cfg.n_mels)


def _read_sounds(
    path: Path, extra: dict, styles: dict[str, Tensor], cfg: ModelConfig
) -> dict[str, Sound]:
    """Styles with what is their own, from a converter's file; older files have none. WeightsError
    for what is no sound.
    """
    kinds = {kind: extra.get(f"own_{kind}", {}) for kind in OWN_OF_SOUND}
    if not all(isinstance(own, dict) and own.keys() <= styles.keys() for own in kinds.values()):
        raise WeightsError(
            f"{path}: expected {', '.join(OWN_OF_SOUND)} of its own styles, found others; get the file anew"
        )
    read = {
        kind: {
            name: vector(path, f"{kind} of {name}", values, cfg.n_mels)
            for name, values in own.items()
        }
        for kind, own in kinds.items()
    }
    return {
        name: Sound(styles[name], **{kind: own.get(name) for kind, own in read.items()})
        for name in styles
    }


@dataclass(frozen=True)
class Sound:
    """A style as it is played: the embedding (d_style,) steers the player; the rest, (M,) each, is
    its own, if any.
    """

    vector: Tensor
    texture: Tensor | None = None  # None: the converter's
    balance: Tensor | None = None  # nats to add throughout; None: nothing
    stretch: Tensor | None = None  # None: the converter's


class Converter:
    """The two networks and how they are used together."""

    def __init__(
        self,
        model: MusicTransformer,
        vocoder: NeuralVocoder | GriffinLim,
        styles: dict[str, Tensor],
        window_frames: int,
        audio: AudioConfig | None = None,
        device: str | torch.device = "cpu",
        texture: Tensor | None = None,
        cfg: ConvertConfig | None = None,
        sounds: Mapping[str, Sound] | None = None,
    ):
        """`texture`: deviation (M,) of what the predicted log-mel lacks and playing adds; None:
        nothing.

        `sounds`: of those styles that have a texture, balance or stretch of their own.
        """
        self.cfg = cfg or ConvertConfig()
        self.audio, self.device, self.window_frames = (
            audio or AudioConfig(),
            torch.device(device),
            window_frames,
        )
        self.model, self.vocoder = model.to(device).eval(), vocoder.to(device).eval()
        self.styles = {
            name: torch.as_tensor(vector, dtype=torch.float32, device=device)
            for name, vector in styles.items()
        }
        self.texture = (
            torch.zeros(model.cfg.n_mels) if texture is None else torch.as_tensor(texture)
        )
        self.sounds = dict(sounds or {})
        self.features, self.log_mel = Features(self.audio).to(device), LogMel(self.audio).to(device)

    @classmethod
    def load(
        cls,
        weights: Path | str | None = None,
        device: str | torch.device | None = None,
        vocoder: str = "neural",
    ) -> Converter:
        """From a folder with converter.safetensors and vocoder.safetensors (None: the shipped
        ones), or a converter file.

        A vocoder missing there is taken from the shipped weights. Raises WeightsError.
        """
        if vocoder not in ("neural", "griffin-lim"):
            raise ValueError(f"expected vocoder neural or griffin-lim, found {vocoder!r}")
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        place = Path(weights) if weights else shipped_weights()
        path = place if place.suffix == ".safetensors" else place / CONVERTER_FILE
        model, extra = load_module(
            path, lambda values: MusicTransformer(config_from(ModelConfig, values)), device
        )
        if vocoder == "griffin-lim":
            player: NeuralVocoder | GriffinLim = GriffinLim()
        else:
            own = path.parent / VOCODER_FILE
            player = NeuralVocoder.load(
                own if own.is_file() else shipped_weights() / VOCODER_FILE, device
            )
        styles, window_frames, texture = _read_extra(path, extra, model.cfg)
        sounds = _read_sounds(path, extra, styles, model.cfg)
        return cls(
            model, player, styles, window_frames, device=device, texture=texture, sounds=sounds
        )

    def with_vocoder(self, vocoder: NeuralVocoder | GriffinLim) -> Converter:
        """The same, heard through another vocoder."""
        audio, texture = self.audio, self.texture
        window, sounds = self.window_frames, self.sounds
        return Converter(
            self.model, vocoder, self.styles, window, audio, self.device, texture, self.cfg, sounds
        )

    # --- style ------------------------------------------------------------------------------------
    # -------------

    def sound(self, style: str | Path | Tensor | Sound) -> Sound:
        """Of a name, of a carol's recording, of an embedding, or as it is. Raises ValueError for
        what is none of these.
        """
        if isinstance(style, Sound):
            return style
        if isinstance(style, Tensor):
            return Sound(style.to(self.device))
        if (name := str(style)) in self.styles:
            return replace(
                self.sounds.get(name, Sound(self.styles[name])), vector=self.styles[name]
            )
        if not Path(style).exists():
            raise ValueError(
                f"expected a style of {', '.join(self.styles)} or a carol's audio file, found {style}: no such file"
            )
        return self.sound_of(load_audio(style, self.audio, duration_s=REFERENCE_S))

    def style(self, style: str | Path | Tensor | Sound) -> Tensor:
        """(d_style,) of a name, of a carol's recording, or as it is. Raises ValueError for what is
        neither.
        """
        return self.sound(style).vector

    @torch.inference_mode()
    def sound_of(self, wave: np.ndarray, texture_share: float = REFERENCE_TEXTURE) -> Sound:
        """(T,) a carol -> its sound, measured on it: what this converter, playing what it heard,
        misses. As `embed_style`.
        """
        vector, wave = self.embed_style(wave), level(wave)
        mel = self.log_mel(torch.from_numpy(wave).to(self.device)).cpu()
        played = self.play(self.write_down(wave)[1], vector, lively=False)
        texture = texture_share * measure_texture(played, mel)
        return Sound(
            vector,
            texture,
            balance_of(played, mel),
            stretch_of(played, mel, self.cfg.texture * texture, self.audio),
        )

    @torch.inference_mode()
    def embed_style(self, wave: np.ndarray) -> Tensor:
        """(T,) a carol -> (d_style,), mean over windows. ValueError for silence, or less than
        LEAST_STYLE_S.
        """
        if len(wave) < LEAST_STYLE_S * self.audio.sample_rate or not np.any(wave):
            found = (
                "silence"
                if len(wave) and not np.any(wave)
                else f"{len(wave) / self.audio.sample_rate:.2f} s"
            )
            raise ValueError(
                f"expected at least {LEAST_STYLE_S:g} s of a carol as style, found {found}"
            )
        mel = self.log_mel(torch.from_numpy(level(wave)).to(self.device))
        spans = chunk_spans(len(mel), min(self.window_frames, len(mel)), 0)
        return torch.stack([self.model.embed_style(mel[None, a:b])[0] for a, b in spans]).mean(0)

    # --- the three steps
    # ---------------------------------------------------------------------------------------

    def spans(self, n_frames: int) -> list[tuple[int, int]]:
        return chunk_spans(
            n_frames, self.window_frames, round(self.cfg.overlap * self.window_frames)
        )

    def _groups(self, spans: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """Windows that are heard or played at once."""
        size = (
            min(self.cfg.batch_windows, CPU_WINDOWS)
            if self.device.type == "cpu"
            else self.cfg.batch_windows
        )
        return [spans[i : i + size] for i in range(0, len(spans), size)]

    def _wave_window(self, wave: np.ndarray, start: int, stop: int) -> Tensor:
        """Samples whose features are frames start to stop."""
        hop = self.audio.hop_length
        piece = wave[start * hop : stop * hop - 1]
        return torch.from_numpy(np.pad(piece, (0, (stop - start) * hop - 1 - len(piece))))

    @torch.inference_mode()
    def hear(self, wave: np.ndarray) -> dict[str, np.ndarray]:
        """(T,) -> logits (F, n) float16 by name, as in `models.Heard`."""
        n_frames = self.audio.n_frames(len(wave))
        spans = self.spans(n_frames)
        edges = np.cumsum([HEADS[f.name] for f in fields(Logits)])
        whole = np.empty((n_frames, edges[-1]), np.float16)
        for start, rows in overlap_add_stream(self._heard_windows(wave, spans), spans, n_frames):
            whole[start : start + len(rows)] = rows.numpy()
        return dict(
            zip([f.name for f in fields(Logits)], np.split(whole, edges[:-1], axis=1), strict=True)
        )

    def _heard_windows(self, wave: np.ndarray, spans: list[tuple[int, int]]) -> Iterator[Tensor]:
        """Logits of each window, all heads side by side, (f, n)."""

        def heard(group: list[tuple[int, int]]) -> Tensor:
            features = self.features(
                torch.stack([self._wave_window(wave, a, b) for a, b in group]).to(self.device)
            )
            with fast_inference(self.device):
                several = [
                    self.model.hear(transpose_features(features, s, self.audio)).transposed(-s)
                    for s in self.cfg.heard_at
                ]
            logits = Logits.mean(several)
            return torch.cat([getattr(logits, f.name) for f in fields(Logits)], dim=-1).cpu()

        for windows in parallel_map(heard, self._groups(spans), self.device):
            yield from windows

    def write_down(self, wave: np.ndarray | DiskBuffer) -> tuple[Transcription, Content]:
        """(T,) -> what was decided of it, and that as it is played: with how sure it is, of the
        tune in part.
        """
        return self._noted(self.hear(wave))

    def _noted(self, heard: dict[str, np.ndarray]) -> tuple[Transcription, Content]:
        transcription = decode(heard, self.audio)
        # by its tune a song is known
        return transcription, with_confidence(transcription, heard, tune_doubt=self.cfg.tune_doubt)

    @torch.inference_mode()
    def play(self, content: Content, style: Tensor | Sound, lively: bool = True) -> Tensor:
        """Content (F, n) and style (d_style,) -> carol log-mel (F, M); not `lively`: the
        conditional mean as predicted.
        """
        sound, spans = self.sound(style), self.spans(len(content.tune))
        mel = overlap_add(
            self._played_windows(content, sound.vector, spans), spans, len(content.tune)
        )
        return self._played(mel, sound).whole() if lively else mel

    def _played(self, predicted: Tensor | DiskBuffer, sound: Sound) -> PostFilter:
        own = sound.stretch is not None
        factor, over_s = (
            (sound.stretch, STRETCH_S) if own else (self.cfg.stretch, self.cfg.stretch_s)
        )
        texture = self.cfg.texture * (self.texture if sound.texture is None else sound.texture)
        over_frames = round(over_s * self.audio.frame_rate)
        return PostFilter(
            predicted, factor, over_frames, texture, sound.balance, self.cfg.seed, self.audio
        )

    def _played_windows(
        self, content: Content, style: Tensor, spans: list[tuple[int, int]]
    ) -> Iterator[Tensor]:
        def played(group: list[tuple[int, int]]) -> Tensor:
            batch = content.map(lambda x: torch.stack([x[a:b] for a, b in group]).to(self.device))
            with fast_inference(self.device):
                mel = self.model.play(batch, style[None].expand(len(group), -1))
            return self.model.destandardise(mel).cpu()

        for windows in parallel_map(played, self._groups(spans), self.device):
            yield from windows

    @torch.inference_mode()
    def predict(
        self, wave: np.ndarray, style: str | Path | Tensor | Sound = "bells", lively: bool = True
    ) -> tuple[Tensor, Transcription]:
        """(T,) -> carol log-mel (F, M), `lively` as in `play`, and what was decided on the way."""
        sound = self.sound(style)
        transcription, content = self.write_down(wave)
        mel = self.play(content, sound, lively)
        # in place: songs last hours
        mel.add_(self.rests(wave)[:, None]).clamp_min_(math.log(self.audio.log_floor))
        return mel, transcription

    def rests(self, wave: np.ndarray) -> Tensor:
        """(T,) -> (F,) nats to add to the carol's log-mel: 0 where the song sounds, ever less the
        softer it becomes.
        """
        level_db = torch.cat(list(self._levels(wave))) - loudness_db(wave)
        reach = round(self.cfg.rest_release_s * self.audio.frame_rate)
        ringing_db = functional.max_pool1d(
            functional.pad(level_db[None], (reach, 0), value=-120.0), reach + 1, 1
        )[0]
        return (ringing_db - self.cfg.rest_db).clamp(max=0) * (math.log(10) / 20)

    def _levels(self, wave: np.ndarray | DiskBuffer) -> Iterator[Tensor]:
        """The loudness curve of (T,), piece by piece."""
        n_frames, hop = self.audio.n_frames(len(wave)), self.audio.hop_length
        for start in range(0, n_frames, self.cfg.piece_frames):
            stop, before = (
                min(start + self.cfg.piece_frames, n_frames),
                min(start, LEVEL_REACH_FRAMES),
            )
            piece = wave[(start - before) * hop : (stop + LEVEL_REACH_FRAMES) * hop]
            yield loudness_curve(torch.from_numpy(piece), hop)[before : before + stop - start]

    def convert(
        self, wave: np.ndarray, style: str | Path | Tensor | Sound = "bells", strength: float = 1.0
    ) -> np.ndarray:
        """(T,) float32 mono at the model's rate -> its carol, (T,) as long and as loud, peak at
        most 1.

        Raises ValueError for an empty wave, samples that are not finite, an unknown style, or a
        strength outside 0 to 1.
        """
        wave = np.asarray(wave, dtype=np.float32)
        if wave.ndim != 1 or len(wave) < 1:
            raise ValueError(f"expected a mono wave (T,), found shape {wave.shape}")
        if not np.isfinite([wave.min(), wave.max()]).all():
            raise ValueError(
                "expected finite samples, found some that are not: repair the sound first"
            )
        carol = np.zeros_like(wave)
        self.convert_onto(carol, wave, style, strength)
        return carol

    @torch.inference_mode()
    def convert_onto(
        self,
        carol: np.ndarray | DiskBuffer,
        song: np.ndarray | DiskBuffer,
        style: str | Path | Tensor | Sound = "bells",
        strength: float = 1.0,
        beside: Path | None = None,
    ) -> None:
        """`convert` a song (T,) of finite samples, its carol put in place of the zeros (T,) of
        `carol`.

        `beside`: as for a `DiskBuffer`, here of the log-mel, 115 MB an hour. Raises ValueError and
        OSError.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"expected a strength of 0 to 1, found {strength}")
        sound = self.sound(style)
        if len(song) < LEAST_SAMPLES or not peak(song):
            return
        with DiskBuffer(width=self.model.cfg.n_mels, beside=beside) as predicted, single_threaded():
            rests = self._predict_onto(predicted, song, sound)
            mel_of, start = self._mel_of(predicted, rests, sound), 0
            for piece in vocoded(
                self.vocode, mel_of, len(song), self.audio.hop_length, self.cfg.piece_frames
            ):
                carol[start : start + len(piece)] = piece
                start += len(piece)
            match_loudness(carol, song, self.audio.sample_rate, in_place=True)
            if strength < 1:
                mix_into(carol, song, strength, self.audio.sample_rate)

    def _predict_onto(
        self, predicted: DiskBuffer, song: np.ndarray | DiskBuffer, sound: Sound
    ) -> Tensor:
        """The carol's log-mel as predicted onto the tape, and what `rests` says; of what was heard
        nothing is kept.
        """
        heard = self.hear(song)
        content, rests = parallel_map(
            lambda made: made(), (lambda: self._noted(heard)[1], lambda: self.rests(song))
        )
        spans = self.spans(len(content.tune))
        for _, rows in overlap_add_stream(
            self._played_windows(content, sound.vector, spans), spans, len(content.tune)
        ):
            predicted.append(rows.numpy())
        return rests

    def _mel_of(
        self, predicted: DiskBuffer, rests: Tensor, sound: Sound
    ) -> Callable[[int, int], Tensor]:
        """A function of a first frame and the one behind the last -> the carol's log-mel there, as
        in `predict`.
        """
        played = self._played(predicted, sound)

        def mel_of(first: int, stop: int) -> Tensor:
            return (
                played.lively(first, stop)
                .add_(rests[first:stop, None])
                .clamp_min_(math.log(self.audio.log_floor))
            )

        return mel_of

    def vocode(self, mel: Tensor, length: int, phases: Phases | None = None) -> np.ndarray:
        """Log-mel (F, M) -> (length,); `phases` as in `vocoded`."""
        with fast_inference(self.device):
            return self.vocoder.vocode(mel.to(self.device), length, phases=phases).cpu().numpy()


def mix_into(
    carol: np.ndarray | DiskBuffer, song: np.ndarray | DiskBuffer, strength: float, sample_rate: int
) -> None:
    """Two equally loud waves (T,): `strength` of the carol, else the song, as loud as the song; in
    the carol's place.

    Waves, not spectra: a song that went through the vocoder is neither song (chroma .7 at strength
    0) nor ever less of a carol (p_carol highest at .75).
    """
    for span, piece in in_pieces(carol):
        carol[span] = np.float32(strength) * piece + np.float32(1 - strength) * song[span]
    match_loudness(carol, song, sample_rate, in_place=True)


def level(wave: np.ndarray, rms: float = AudioConfig.reference_rms) -> np.ndarray:
    """(T,) at the root mean square that carols have in training."""
    return (wave * (rms / max(1e-6, float(np.sqrt(np.mean(np.square(wave))))))).astype(np.float32)


def default_output(song: Path) -> Path:
    return song.with_name(song.stem + ".carol.wav")


def convert_file(
    song: Path | str,
    out: Path | str | None = None,
    converter: Converter | None = None,
    style: str | Path = "bells",
    strength: float = 1.0,
    force: bool = False,
) -> Path:
    """A song's file to its carol's file, WAV, FLAC, MP3 or OGG by the name; returns what was
    written.

    Raises AudioError (not readable or writable), FileExistsError (without `force`), WeightsError,
    ValueError.
    """
    song = Path(song)
    out = Path(out) if out else default_output(song)
    if out.exists() and not force:
        raise FileExistsError(f"{out} exists; give another name with -o, or --force to replace it")
    # unlike Path.resolve it knows links in a circle
    if os.path.realpath(out) == os.path.realpath(song):
        raise FileExistsError(f"{out} is the song itself; give another name with -o")
    converter = converter or Converter.load()
    with DiskBuffer(beside=out) as wave:
        load_audio_into(wave, song, converter.audio)
        with DiskBuffer(len(wave), beside=out) as carol:
            converter.convert_onto(carol, wave, style, strength, out)
            return save_audio(out, carol, converter.audio.sample_rate)


__all__ = [
    "Converter",
    "STYLE_NAMES",
    "Sound",
    "WeightsError",
    "convert_file",
    "default_output",
    "save_converter",
    "shipped_weights",
]
