"""Converts songs of any length to carols.

    song (T,) ──features, MusicTransformer.hear──▶ Logits (F, n) ──decode──▶ Transcription

    Transcription, Style ──MusicTransformer.play──▶ log-mel (F, M) ──PostFilter──▶ log-mel (F, M)
        ──vocoder──▶ wave (T,) ──PlayingTime──▶ wave (T,) ──match_loudness──▶ carol (T,)

Songs and carols are arrays or disk buffers of float32 samples, mono, at the model's rate. Of a
whole song only logits and transcription are in memory; sound and log-mel go through in pieces.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kcarol.audio.chunks import chunk_spans
from kcarol.audio.decoding import load_audio
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.features import Features
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import SILENT_DB, in_pieces, match_loudness_, measure_loudness
from kcarol.audio.parallel import parallel_map, single_threaded
from kcarol.config import AudioConfig, ConversionConfig, DecodingConfig
from kcarol.conversion.playing_time import PlayingTime
from kcarol.conversion.post_filter import PostFilter
from kcarol.conversion.style_matching import balance_of, measure_texture, stretch_of
from kcarol.conversion.styles import AnyStyle, Style
from kcarol.conversion.vibrato import centre_vibrato
from kcarol.conversion.weights import find_weights, load_converter, weights_sha256
from kcarol.conversion.windowed_model import WindowedModel
from kcarol.model.content import Content
from kcarol.model.device import best_device, fast_inference
from kcarol.model.logits import Logits
from kcarol.model.transformer import MusicTransformer
from kcarol.transcription.decoding import decode
from kcarol.transcription.form.onset_rate import onset_rate
from kcarol.transcription.song_level import measure_level
from kcarol.transcription.transcription import Transcription
from kcarol.transcription.tuning import estimate_tuning
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder
from kcarol.vocoder.pieces import vocode_in_pieces
from kcarol.vocoder.refinement.phase_continuation import CarriedPhases

Sound = np.ndarray | DiskBuffer

MIN_SAMPLES = 400  # 25 ms: the shortest song
MIN_STYLE_S = 0.5
MAX_STYLE_S = 120.0  # of a style file that are read
# share of the measured difference that is applied; the rest is due to missed notes
REFERENCE_TEXTURE = 0.85


class Converter:
    """The two networks and the named styles, which together turn songs into carols."""

    def __init__(
        self,
        model: MusicTransformer,
        vocoder: NeuralVocoder | GriffinLim,
        styles: Mapping[str, Style | Tensor],
        window_frames: int,
        audio: AudioConfig | None = None,
        device: str | torch.device = "cpu",
        texture: Tensor | None = None,
        cfg: ConversionConfig | None = None,
        weights_sha256: str = "",
    ):
        """`styles`: by name, (d_style,) or more. `texture`: (M,) nats of styles without their own.

        `window_frames`: of the model's training. `weights_sha256`: see there; empty if unknown.
        """
        self.weights_sha256 = weights_sha256
        self.cfg = cfg or ConversionConfig()
        self.audio = audio or AudioConfig()
        self.device = torch.device(device)
        self.model = model.to(device).eval()
        self.vocoder = vocoder.to(device).eval()
        self.styles = {name: Style.of(style) for name, style in styles.items()}
        self.texture = torch.zeros(model.cfg.n_mels) if texture is None else texture
        self.features = Features(self.audio).to(device)
        self.log_mel = LogMel(self.audio).to(device)
        self.window_frames = window_frames
        self.windows = WindowedModel(
            self.model, self.features, window_frames, self.audio, self.device, self.cfg
        )

    @classmethod
    def load(
        cls,
        weights: Path | str | None = None,
        device: str | torch.device | None = None,
        vocoder: str = "neural",
    ) -> Converter:
        """From a folder of weights or a converter's file; None: the shipped weights.

        A vocoder that is not beside it is taken from the shipped weights. Raises WeightsError.
        """
        if vocoder not in ("neural", "griffin-lim"):
            raise ValueError(f"expected vocoder neural or griffin-lim, found {vocoder!r}")
        device = torch.device(device) if device else best_device()
        path, vocoder_path = find_weights(weights)
        loaded = load_converter(path, device)
        if vocoder == "griffin-lim":
            player: NeuralVocoder | GriffinLim = GriffinLim()
        else:
            player = NeuralVocoder.load(vocoder_path, device)
        return cls(
            loaded.model,
            player,
            loaded.styles,
            loaded.window_frames,
            device=device,
            texture=loaded.texture,
            weights_sha256=weights_sha256(weights, vocoder),
        )

    def with_vocoder(self, vocoder: NeuralVocoder | GriffinLim) -> Converter:
        return self._copy(self.styles, vocoder)

    def with_styles(self, styles: Mapping[str, Style | Tensor]) -> Converter:
        return self._copy(styles, self.vocoder)

    def _copy(
        self, styles: Mapping[str, Style | Tensor], vocoder: NeuralVocoder | GriffinLim
    ) -> Converter:
        return Converter(
            self.model,
            vocoder,
            styles,
            self.window_frames,
            self.audio,
            self.device,
            self.texture,
            self.cfg,
        )

    # --- from song to carol

    def convert(
        self,
        song: Sound,
        style: AnyStyle = "bells",
        strength: float = 1.0,
        carol: Sound | None = None,
        beside: Path | None = None,
    ) -> Sound:
        """A song (T,) -> its carol (T,), as loud as the song, peaks at most 1.

        strength: share of the carol, 0 to 1; the rest is the song.
        carol: zeros (T,) to write into; None: a new array.
        beside: file in whose folder temporary files are made; None: the system's.
        ValueError for samples that are no finite mono wave, an unknown style, another strength.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"expected a strength of 0 to 1, found {strength}")
        style = self.style(style)
        carol = self.play(self.transcribe(song), style, carol, beside)
        if strength < 1:
            blend_(carol, song, strength, self.audio.sample_rate)
        return carol

    @torch.inference_mode()
    def transcribe(self, song: Sound) -> Transcription:
        """A song (T,) -> its transcription. ValueError as in `convert`."""
        _check_song(song)
        cfg = DecodingConfig()
        with single_threaded():
            tuning_cents = estimate_tuning(song, self.audio)
            logits = self.hear(song, tuning_cents)
            jobs = (
                lambda: decode(logits, audio=self.audio, cfg=cfg),
                lambda: (measure_level(song, self.audio, cfg), onset_rate(song, self.audio)),
            )
            transcription, (level, rate) = parallel_map(lambda job: job(), jobs)
            transcription = replace(
                transcription, level=level, onset_rate=rate, tuning_cents=tuning_cents
            )
            return centre_vibrato(transcription, song, self.audio)

    @torch.inference_mode()
    def play(
        self,
        transcription: Transcription,
        style: AnyStyle = "bells",
        carol: Sound | None = None,
        beside: Path | None = None,
    ) -> Sound:
        """A song's transcription -> its carol (T,), in the song's tuning.

        `carol`, `beside` as in `convert`.
        """
        level = transcription.level
        carol = np.zeros(level.n_samples, np.float32) if carol is None else carol
        if level.n_samples < MIN_SAMPLES or level.loudness.rms_db <= SILENT_DB:
            return carol
        style = self.style(style)
        with single_threaded():
            if not transcription.tuning_cents.any():
                self.play_at_a440(transcription, style, carol, beside)
            else:
                time = PlayingTime(transcription, self.audio)
                with DiskBuffer(time.n_samples, beside=beside) as played:
                    self.play_at_a440(time.stretched, style, played, beside)
                    time.resample_onto(carol, played)
            match_loudness_(carol, level.loudness, self.audio.sample_rate)
        return carol

    # --- its steps

    def play_at_a440(
        self, transcription: Transcription, style: Style, carol: Sound, beside: Path | None
    ) -> None:
        """Write a transcription's carol into `carol` (T,), whatever the song's tuning."""
        with DiskBuffer(len(transcription), self.model.cfg.n_mels, beside) as predicted:
            # content takes 80 MB an hour: it is freed before the vocoder needs memory
            self.predict(transcription.weighted_content(self.cfg.tune_doubt), style, predicted)
            log_mel = self.post_filter(predicted, style, transcription.level.fade_db)
            self.vocode_onto(carol, log_mel)

    def hear(self, song: Sound, tuning_cents: np.ndarray | None = None) -> Logits:
        """(T,) -> logits (F, n) float16, by features and `MusicTransformer.hear`.

        `tuning_cents` (F,) as of `estimate_tuning`; None: estimated.
        """
        if tuning_cents is None:
            tuning_cents = estimate_tuning(song, self.audio)
        return self.windows.hear(song, tuning_cents)

    def predict(
        self, content: Content, style: AnyStyle, out: DiskBuffer | None = None
    ) -> Tensor | DiskBuffer:
        """Content (F, n) -> log-mel (F, M), by `MusicTransformer.play`: a conditional mean.

        out: a buffer (F, M) to write into; None: a new tensor.
        """
        embedding = self.style(style).embedding
        if out is not None:
            self.windows.play(content, embedding, out)
            return out
        mel = torch.empty(len(content.tune), self.model.cfg.n_mels)
        self.windows.play(content, embedding, mel.numpy())
        return mel

    def post_filter(
        self, predicted: Tensor | DiskBuffer, style: AnyStyle, fade_db: np.ndarray | None = None
    ) -> PostFilter:
        """Of a predicted log-mel (F, M), with the fades (F,) of a song if there are any."""
        style = self.style(style)
        return PostFilter(
            predicted,
            stretch=self.cfg.stretch if style.stretch is None else style.stretch,
            stretch_frames=round(self.cfg.stretch_s * self.audio.frame_rate),
            texture=self.cfg.texture * (self.texture if style.texture is None else style.texture),
            balance=style.balance,
            fade=None if fade_db is None else torch.from_numpy(fade_db) * (math.log(10) / 20),
            seed=self.cfg.seed,
            audio=self.audio,
        )

    def vocode_onto(self, carol: Sound, log_mel: PostFilter) -> None:
        """Write the wave of a log-mel (F, M) into `carol` (T,), piece by piece."""
        phases = CarriedPhases()

        def vocode(first: int, last: int, n_samples: int) -> np.ndarray:
            return self.vocode(log_mel.frames(first, last), n_samples, phases)

        hop, piece_frames = self.audio.hop_length, self.cfg.piece_frames
        pieces = vocode_in_pieces(vocode, len(carol), hop, piece_frames, [phases])
        start = 0
        for piece in pieces:
            carol[start : start + len(piece)] = piece
            start += len(piece)

    def vocode(self, mel: Tensor, length: int, phases: CarriedPhases | None = None) -> np.ndarray:
        """Log-mel (F, M) -> (length,); `phases` as in `vocode_in_pieces`."""
        with fast_inference(self.device):
            return self.vocoder.vocode(mel.to(self.device), length, phases=phases).cpu().numpy()

    # --- for figures

    def carol_mel(self, transcription: Transcription, style: AnyStyle) -> Tensor:
        """The log-mel (F, M) of a carol, as `play` gives it to the vocoder."""
        style = self.style(style)
        predicted = self.predict(transcription.weighted_content(self.cfg.tune_doubt), style)
        post_filter = self.post_filter(predicted, style, transcription.level.fade_db)
        return post_filter.frames(0, len(predicted))

    def predicted_mel(self, song: Sound, style: AnyStyle) -> Tensor:
        """The log-mel (F, M) of a song's carol before the post-filter, as in training's loss."""
        content = self.transcribe(song).weighted_content(self.cfg.tune_doubt)
        return self.predict(content, style)

    def carol_at_a440(self, song: Sound, style: AnyStyle) -> Sound:
        """A song's carol (T,) as if the song were in tune, for comparison with a target that is."""
        transcription = self.transcribe(song)
        in_tune = np.zeros_like(transcription.tuning_cents)
        return self.play(replace(transcription, tuning_cents=in_tune), style)

    # --- styles

    def style(self, style: AnyStyle) -> Style:
        """A `Style` from a name, a carol's file, an embedding (d_style,) or a `Style`.

        ValueError, with the known names, for anything else; AudioError.
        """
        if isinstance(style, (Style, Tensor)):
            return Style.of(style)
        if str(style) in self.styles:
            return self.styles[str(style)]
        if not Path(style).exists():
            raise ValueError(
                f"expected a style of {', '.join(self.styles)} or a carol's audio file, "
                f"found {style}: no such file"
            )
        return self.measure_style(load_audio(style, self.audio, duration_s=MAX_STYLE_S))

    @torch.inference_mode()
    def measure_style(self, carol: np.ndarray, texture_share: float = REFERENCE_TEXTURE) -> Style:
        """The style of a recorded carol (T,), see `style_matching`. Raises as `embed_style`."""
        embedding = self.embed_style(carol)
        carol = to_reference_rms(carol)
        mel = self.log_mel(torch.from_numpy(carol).to(self.device)).cpu()
        played = self.predicted_mel(carol, embedding)
        texture = texture_share * measure_texture(played, mel)
        n_frames = round(self.cfg.stretch_s * self.audio.frame_rate)
        return Style(
            embedding,
            texture,
            balance_of(played, mel),
            stretch_of(played, mel, self.cfg.texture * texture, n_frames),
        )

    @torch.inference_mode()
    def embed_style(self, carol: np.ndarray) -> Tensor:
        """(T,) -> (d_style,), mean over windows. ValueError for silence or under MIN_STYLE_S."""
        length_s = len(carol) / self.audio.sample_rate
        if length_s < MIN_STYLE_S or not np.any(carol):
            found = "silence" if len(carol) and not np.any(carol) else f"{length_s:.2f} s"
            raise ValueError(
                f"expected at least {MIN_STYLE_S:g} s of a carol as style, found {found}"
            )
        mel = self.log_mel(torch.from_numpy(to_reference_rms(carol)).to(self.device))
        spans = chunk_spans(len(mel), min(self.window_frames, len(mel)), 0)
        return torch.stack([self.model.embed_style(mel[None, a:b])[0] for a, b in spans]).mean(0)


def _check_song(song: Sound) -> None:
    """ValueError for arrays that are no finite mono wave; disk buffers were checked when filled."""
    if len(song.shape) != 1 or len(song) < 1:
        raise ValueError(f"expected a mono wave (T,), found shape {song.shape}")
    if isinstance(song, np.ndarray) and not np.isfinite([song.min(), song.max()]).all():
        raise ValueError("expected finite samples, found some that are not: repair the sound first")


def blend_(carol: Sound, song: Sound, strength: float, sample_rate: int) -> None:
    """Blends an equally loud song (T,) into `carol`, in place: `strength` of it stays the carol.

    Waves, not spectra: blended log-mels lose the song in the vocoder (chroma .7 at strength 0),
    and their style is not monotone in the strength (p_carol highest at .75).
    """
    for span, piece in in_pieces(carol):
        carol[span] = np.float32(strength) * piece + np.float32(1 - strength) * song[span]
    match_loudness_(carol, measure_loudness(song, sample_rate), sample_rate)


def to_reference_rms(wave: np.ndarray) -> np.ndarray:
    """(T,) at the root mean square that carols have in training."""
    rms = float(np.sqrt(np.mean(np.square(wave))))
    return (wave * (AudioConfig.reference_rms / max(1e-6, rms))).astype(np.float32)
