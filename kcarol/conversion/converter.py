"""Converts songs of any length to carols.

    song (T,) ──features, MusicTransformer.hear──▶ Logits (F, n) ──decode──▶ Transcription
        └─ with the tune, SyllableHearing ──▶ SyllableLogits (F, n) ──find_syllables──▶ its text

    Transcription ──Score.of_transcription──▶ Score ──arrange_carol──▶ Parts ──notes_of──▶
        Notes ──MusicTransformer.play──▶ log-mel of middle and side (F, 2 * n_bands)
        ──PostFilter, FullBandVocoder──▶ stereo (2, t) ──PlayingTime──▶ stereo (2, T)
        ──follow_loudness, Hall, match_loudness──▶ carol (2, T)

With the engine `samples`, FluidSynth takes the place of `notes_of` to `FullBandVocoder`.

Songs are heard at the model's rate, in mono; carols are stereo, at any rate. Both are arrays of
float32 samples or the same on disk. Of a whole song only logits, transcription and notes are in
memory; sound and log-mel go through in pieces.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from torch import Tensor

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.groups import grouped
from kcarol.arrangement.played_notes import notes_of, text_of
from kcarol.arrangement.styles import STYLES
from kcarol.audio.chunks import chunk_spans
from kcarol.audio.decoding import load_stereo
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave, place_of
from kcarol.audio.features import Features
from kcarol.audio.files import DoubtfulFileWarning, printable
from kcarol.audio.full_band import FullBandMel
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import SILENT_DB, Loudness, in_pieces, match_loudness_, measure_loudness
from kcarol.audio.parallel import parallel_map, single_threaded
from kcarol.config import AH, OF_VOICE, SAMPLES, AudioConfig, ConversionConfig, DecodingConfig
from kcarol.conversion.settings import CarolSettings
from kcarol.conversion.sound.dynamics import follow_loudness_
from kcarol.conversion.sound.laid_over import lay_over_
from kcarol.conversion.sound.playing_time import PlayingTime
from kcarol.conversion.sound.post_filter import PostFilter
from kcarol.conversion.sound.stems import Stems, mix_down_onto
from kcarol.conversion.style_matching import (
    balance_of,
    completed,
    has_treble,
    known_bands,
    stretch_of,
)
from kcarol.conversion.styles import AnyStyle, Style, nearest_arrangement
from kcarol.conversion.vibrato import centre_vibrato
from kcarol.conversion.weights import find_weights, load_converter, weights_sha256
from kcarol.conversion.windowed_model import WindowedModel
from kcarol.model.device import best_device, fast_inference
from kcarol.model.logits import Logits
from kcarol.model.notes import Notes
from kcarol.model.singing.text import Text
from kcarol.model.syllable_hearing import SyllableHearing
from kcarol.model.transformer import MusicTransformer
from kcarol.progress import Progress, steps, untold, within
from kcarol.score.score import Score
from kcarol.transcription.decoding import decode
from kcarol.transcription.form.onset_rate import onset_rate
from kcarol.transcription.lead_sheet import Part
from kcarol.transcription.song_level import measure_level
from kcarol.transcription.syllables import find_syllables
from kcarol.transcription.transcription import Transcription
from kcarol.transcription.tuning import estimate_tuning
from kcarol.vocoder.full_band import FullBandVocoder
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.hall import Hall
from kcarol.vocoder.neural import NeuralVocoder
from kcarol.voice.tune import under_voice

Song = np.ndarray | DiskBuffer  # (T,) at the model's rate
Wave = np.ndarray | DiskWave  # (channels, T)

MIN_SAMPLES = 400  # 25 ms: the shortest song
MIN_STYLE_S = 0.5
MAX_STYLE_S = 120.0  # of a style file that are read
# of the time that a carol's sound takes, until it is made as loud as the song; of that, until it is
# there in song time; of that, until it is there at all; of that, until the log-mel is
PLAYED_SHARE, IN_TIME_SHARE, SOUNDED_SHARE, PREDICTED_SHARE = 0.92, 0.96, 0.97, 0.15


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
        syllables: SyllableHearing | None = None,
    ):
        """`styles`: by name, (d_style,) or more. `texture`: (2 * n_bands,) nats of styles without
        their own. `syllables`: None where the song's text is not heard.

        `window_frames`: of the model's training. `weights_sha256`: see there; empty if unknown.
        """
        self.weights_sha256 = weights_sha256
        self.cfg = cfg or ConversionConfig()
        self.audio = audio or AudioConfig()
        self.device = torch.device(device)
        self.model = model.to(device).eval()
        self.vocoder = vocoder.to(device).eval()
        self.full_band = FullBandVocoder(self.vocoder, self.audio).to(device)
        self.styles = {
            name: replace(
                style, arrangement=style.arrangement or (name if name in STYLES else None)
            )
            for name, style in ((name, Style.of(style)) for name, style in styles.items())
        }
        self.texture = torch.zeros(2 * self.audio.n_bands) if texture is None else texture
        self.features = Features(self.audio).to(device)
        self.log_mel = LogMel(self.audio).to(device)
        self.full_band_mel = FullBandMel(self.audio).to(device)
        self.window_frames = window_frames
        self.syllables = syllables if syllables is None else syllables.to(device).eval()
        self.windows = WindowedModel(
            self.model,
            self.syllables,
            self.features,
            window_frames,
            self.audio,
            self.device,
            self.cfg,
        )

    @classmethod
    @single_threaded()  # threads would wait for each other longer than such small tensors take
    def load(
        cls,
        weights: Path | str | None = None,
        device: str | torch.device | None = None,
        vocoder: str = "neural",
    ) -> Converter:
        """From a folder of weights or a converter's file; None: the shipped weights.

        What is not beside it is taken from the shipped weights. Raises WeightsError.
        """
        if vocoder not in ("neural", "griffin-lim"):
            raise ValueError(f"expected vocoder neural or griffin-lim, found {vocoder!r}")
        device = torch.device(device) if device else best_device()
        files = find_weights(weights)
        with ThreadPoolExecutor(1) as meanwhile:
            sha256 = meanwhile.submit(weights_sha256, weights, vocoder)
            loaded = load_converter(files.converter, device)
            if vocoder == "griffin-lim":
                player: NeuralVocoder | GriffinLim = GriffinLim()
            else:
                player = NeuralVocoder.load(files.vocoder, device)
            syllables = SyllableHearing.load(files.syllables, device)
        return cls(
            loaded.model,
            player,
            loaded.styles,
            loaded.window_frames,
            device=device,
            texture=loaded.texture,
            weights_sha256=sha256.result(),
            syllables=syllables,
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
            syllables=self.syllables,
        )

    # --- from song to carol

    def convert(
        self, song: Song, style: AnyStyle = "bells", strength: float = 1.0, **chosen: Any
    ) -> np.ndarray:
        """A song (T,) at the model's rate -> its carol (2, T'), as loud as the song.

        style, strength, chosen: fields of `CarolSettings`. ValueError for samples that are no
        finite mono wave, an unknown style or other settings that there are not.
        """
        settings = CarolSettings(self.style(style), strength, **chosen)
        transcription = self.transcribe(song)
        carol = self._silence(transcription, settings)
        original = self._resampled(song[:], settings, carol) if strength < 1 else None
        self.play_onto(carol, transcription, settings, original=original)
        return carol

    def _silence(self, song: Score | Transcription, settings: CarolSettings) -> np.ndarray:
        """Zeros in the shape of a song's carol."""
        rate = settings.rate or self.audio.full_rate
        n_samples = math.ceil(song.level.n_samples * rate / self.audio.sample_rate)
        return np.zeros((1 if settings.mono else 2, n_samples), np.float32)

    def _resampled(self, song: np.ndarray, settings: CarolSettings, carol: Wave) -> np.ndarray:
        """(T,) at the model's rate -> in the shape (C, T') of its carol."""
        rate = settings.rate or self.audio.full_rate
        wave = soxr.resample(song, self.audio.sample_rate, rate)[: carol.shape[-1]]
        return np.tile(np.pad(wave, (0, carol.shape[-1] - len(wave))), (len(carol), 1))

    @torch.inference_mode()
    def transcribe(self, song: Song, progress: Progress = untold) -> Transcription:
        """A song (T,) -> its transcription. ValueError as in `convert`."""
        _check_song(song)
        cfg = DecodingConfig()
        with single_threaded():
            tuning_cents = estimate_tuning(song, self.audio)
            hearing = within(progress, 0.03, 0.7)
            logits, syllables = self.windows.hear(song, tuning_cents, hearing)
            jobs = (
                lambda: measure_level(song, self.audio, cfg),
                lambda: decode(logits, audio=self.audio, cfg=cfg),
                lambda: onset_rate(song, self.audio),
            )
            level, transcription, rate = parallel_map(lambda job: job(), jobs)
            progress(0.9)
            vowel, syllable = find_syllables(*syllables, transcription.tune, self.audio, cfg)
            transcription = replace(
                transcription,
                level=level,
                onset_rate=rate,
                tuning_cents=tuning_cents,
                vowel=vowel,
                syllable=syllable,
            )
            return centre_vibrato(transcription, song, self.audio)

    def arrange(self, song: Score | Transcription, style: AnyStyle = "bells") -> tuple[Part, ...]:
        """What the instruments of a song's carol play, in song time."""
        score = self.score_of(song)
        name = nearest_arrangement(self.style(style), self.styles)
        return arrange_carol(score.sheet, score.grid, STYLES[name])

    def score_of(self, song: Score | Transcription) -> Score:
        """The score of what was heard; a score as it is."""
        return song if isinstance(song, Score) else Score.of_transcription(song, self.audio)

    def play(
        self, song: Score | Transcription, style: AnyStyle = "bells", **chosen: Any
    ) -> np.ndarray:
        """A song's transcription or score -> its carol (2, T), as loud as the song was heard.

        style, chosen: fields of `CarolSettings`. Raises as `play_onto`.
        """
        settings = CarolSettings(style, **chosen)
        carol = self._silence(song, settings)
        self.play_onto(carol, song, settings)
        return carol

    @torch.inference_mode()
    def play_onto(
        self,
        carol: Wave,
        song: Score | Transcription,
        settings: CarolSettings,
        *,
        loudness: Loudness | None = None,
        original: Wave | None = None,
        stems: Stems | None = None,
        progress: Progress = untold,
    ) -> None:
        """Write a song's carol into `carol`, zeros (2, T) or (1, T), in the song's tuning, as loud
        as the song, true peaks at most PEAK_DB.

        loudness: of the song in as many channels; None: as it was heard, in mono.
        original: the song (C, T) as recorded, blended in where the strength is below 1.
        stems: to put what each group of parts adds to the carol into; of silence there are none.

        ValueError for an unknown style, or stems of a carol that the song is blended into;
        RenderError without FluidSynth or a soundfont.
        """
        strength, rate = settings.strength, self._rate_of(settings)
        if stems is not None and strength < 1:
            raise ValueError(f"expected strength 1 for stems, found {strength}: the song is none")
        settings = replace(settings, style=self.style(settings.style))
        level = song.level
        if level.n_samples >= MIN_SAMPLES and level.loudness.rms_db > SILENT_DB:
            wanted = loudness or heard_loudness(level.loudness, len(carol))
            waves = () if stems is None else stems.waves.values()
            with single_threaded():
                playing = within(progress, 0.0, PLAYED_SHARE)
                self._play_onto(carol, self.score_of(song), settings, stems, playing)
                matching = within(progress, PLAYED_SHARE, 1.0)
                match_loudness_(carol, wanted, rate, [*waves], matching)
        if strength < 1:
            assert original is not None
            blend_(carol, original, strength)
            match_loudness_(carol, loudness or measure_loudness(original, rate), rate)

    # --- its steps

    def _rate_of(self, settings: CarolSettings) -> int:
        return settings.rate or self.audio.full_rate

    def _play_onto(
        self,
        carol: Wave,
        score: Score,
        settings: CarolSettings,
        stems: Stems | None,
        progress: Progress,
    ) -> None:
        """As `play_stereo_onto`, into `carol` (2, T) or (1, T)."""
        if len(carol) == 2:
            self.play_stereo_onto(carol, score, settings, stems, progress)
            return
        with DiskWave(2, carol.shape[-1], place_of(carol)) as stereo:
            self.play_stereo_onto(stereo, score, settings, stems, progress)
            mix_down_onto(carol, stereo)
        if stems is not None:
            stems.mix_down_()

    def play_stereo_onto(
        self,
        carol: Wave,
        score: Score,
        settings: CarolSettings,
        stems: Stems | None = None,
        progress: Progress = untold,
    ) -> None:
        """Write a score's carol into `carol` (2, T), at a loudness of its own, and its stems."""
        rate, voice = self._rate_of(settings), settings.singer
        parts = self._parts_of(score, settings)
        with ExitStack() as opened:
            singers = None
            if settings.choir == OF_VOICE:
                from kcarol.conversion.sound.voice_choir import voice_choir

                assert voice is not None
                made = voice_choir(voice.wave, rate, parts, score, place_of(carol))
                singers, parts = opened.enter_context(made)
            playing = within(progress, 0.0, IN_TIME_SHARE)
            self._play_in_time_onto(carol, parts, score, settings, stems, playing)
            if singers is not None:
                singers.sing_onto(carol, rate, stems)
        waves = [] if stems is None else list(stems.waves.values())
        if score.sheet.bars:  # a score without a record is as loud as it is arranged
            follow_loudness_(carol, score.level, rate, self.audio, waves)
        if voice is not None:
            lay_over_(carol, voice, rate, stems)
        waves = [] if stems is None else list(stems.waves.values())
        hall = Hall(self._hall_of(settings), rate)
        in_hall = steps(progress, 1 + len(waves), start=IN_TIME_SHARE)
        for wave, step in zip((carol, *waves), in_hall, strict=True):
            hall.add_(wave, step)

    def _parts_of(self, score: Score, settings: CarolSettings) -> tuple[Part, ...]:
        """What the instruments play, in song time."""
        if settings.choir == AH:
            score = replace(score, sheet=replace(score.sheet, text=()))
        parts, voice = self.arrange(score, settings.style), settings.singer
        if voice is None:
            return parts
        return under_voice(parts, voice.sung, settings.voice_tune, self.audio.frame_rate)

    def _hall_of(self, settings: CarolSettings) -> float:
        if settings.hall is not None:
            return settings.hall
        return STYLES[nearest_arrangement(self.style(settings.style), self.styles)].hall

    def _play_in_time_onto(
        self,
        carol: Wave,
        parts: Sequence[Part],
        score: Score,
        settings: CarolSettings,
        stems: Stems | None,
        progress: Progress,
    ) -> None:
        """Write what parts sound like into `carol` (2, T), dry, and its stems."""
        rate, time = self._rate_of(settings), PlayingTime(score.tuning_cents, self.audio)
        n_samples = time.n_samples(score.level.n_samples / self.audio.sample_rate)
        groups = {} if stems is None else grouped(parts)
        all_parts, *of_groups = steps(progress, 1 + len(groups), 0.0, SOUNDED_SHARE)
        with DiskWave(2, n_samples, place_of(carol)) as played:
            self.play_parts_onto(played, parts, time, settings, all_parts)
            if stems is not None:
                for (name, some), step in zip(groups.items(), of_groups, strict=True):
                    alone = stems.add(name, 2, n_samples)
                    self.play_parts_onto(alone, some, time, settings, step)
                stems.make_add_up_(played)
                stems.resample_(carol.shape[-1], rate, time)
            time.resample_onto(carol, rate, played, within(progress, SOUNDED_SHARE, 1.0))

    def play_parts_onto(
        self,
        played: Wave,
        parts: Sequence[Part],
        time: PlayingTime,
        settings: CarolSettings,
        progress: Progress = untold,
    ) -> None:
        """Write what parts in song time sound like into `played` (2, t), zeros at the full rate in
        playing time, without a hall.
        """
        if settings.engine == SAMPLES:
            from kcarol.synthesis.carol import play_samples_onto

            play_samples_onto(played, time.played_parts(parts), self.audio.full_rate)
        else:
            notes = time.played(notes_of(parts, self.audio.frame_rate))
            n_frames = 1 + played.shape[-1] // self.audio.full_hop
            text = text_of(time.played_parts(parts), n_frames, self.audio.frame_rate)
            self.play_notes_onto(played, notes, self.style(settings.style), text, progress)

    def play_notes_onto(
        self,
        played: Wave,
        notes: Notes,
        style: Style,
        text: Text | None = None,
        progress: Progress = untold,
    ) -> None:
        """Write what notes sound like into `played` (2, T) at the full rate, without a hall; `text`
        as of `predict`.
        """
        n_frames = 1 + played.shape[-1] // self.audio.full_hop
        with DiskBuffer(n_frames, 2 * self.audio.n_bands, place_of(played)) as predicted:
            predicting = within(progress, 0.0, PREDICTED_SHARE)
            self.predict(notes, n_frames, style, predicted, text, predicting)
            vocoding = within(progress, PREDICTED_SHARE, 1.0)
            self.vocode_onto(played, self.post_filter(predicted, style), vocoding)

    def hear(self, song: Song, tuning_cents: np.ndarray | None = None) -> Logits:
        """(T,) -> logits (F, n) float16, by features and `MusicTransformer.hear`.

        `tuning_cents` (F,) as of `estimate_tuning`; None: estimated.
        """
        if tuning_cents is None:
            tuning_cents = estimate_tuning(song, self.audio)
        return self.windows.hear(song, tuning_cents)[0]

    def predict(
        self,
        notes: Notes,
        n_frames: int,
        style: AnyStyle,
        out: DiskBuffer | None = None,
        text: Text | None = None,
        progress: Progress = untold,
    ) -> Tensor | DiskBuffer:
        """Notes -> log-mel of middle and side (F, 2 * n_bands), by `MusicTransformer.play`:
        a conditional mean.

        out: a buffer (F, 2 * n_bands) to write into; None: a new tensor.
        text: of n_frames, that choirs sing; None: they sing "ah", or "ooh".
        """
        embedding = self.style(style).embedding
        if out is not None:
            self.windows.play(notes, n_frames, embedding, out, text, progress)
            return out
        mel = torch.empty(n_frames, 2 * self.audio.n_bands)
        self.windows.play(notes, n_frames, embedding, mel.numpy(), text, progress)
        return mel

    def post_filter(self, predicted: Tensor | DiskBuffer, style: AnyStyle) -> PostFilter:
        """Of a predicted log-mel (F, 2 * n_bands)."""
        style = self.style(style)
        return PostFilter(
            predicted,
            stretch=self.cfg.stretch if style.stretch is None else style.stretch,
            stretch_frames=round(self.cfg.stretch_s * self.audio.frame_rate),
            texture=self.cfg.texture * (self.texture if style.texture is None else style.texture),
            balance=style.balance,
            seed=self.cfg.seed,
            audio=self.audio,
        )

    def vocode_onto(self, played: Wave, log_mel: PostFilter, progress: Progress = untold) -> None:
        """Write the stereo of a log-mel (F, 2 * n_bands) into `played` (2, T), piece by piece."""

        def bands_of(first: int, stop: int) -> Tensor:
            return log_mel.frames(first, stop).unflatten(1, (2, -1))

        start = 0
        for piece in self.full_band.stream(bands_of, played.shape[-1], self.cfg.piece_frames):
            played[..., start : start + piece.shape[-1]] = piece
            start += piece.shape[-1]
            progress(start / played.shape[-1])

    # --- for figures and metrics

    @single_threaded()
    def predicted_mel(self, transcription: Transcription, style: AnyStyle) -> Tensor:
        """The log-mel (F, 2, n_bands) of a song's carol before the post-filter, at A440."""
        notes = notes_of(self.arrange(transcription, style), self.audio.frame_rate)
        played = self.predict(notes, len(transcription), style)
        assert isinstance(played, Tensor)  # since it was given no buffer
        return played.unflatten(1, (2, -1))

    @single_threaded()
    def carol_mel(self, transcription: Transcription, style: AnyStyle) -> Tensor:
        """The log-mel (F, 2, n_bands) of a carol, as the vocoder gets it, at A440."""
        predicted = self.predicted_mel(transcription, style).flatten(1)
        return self.post_filter(predicted, style).frames(0, len(predicted)).unflatten(1, (2, -1))

    def mono_carol(
        self, song: Song, style: AnyStyle = "bells", strength: float = 1.0
    ) -> np.ndarray:
        """A song's carol (T,) as the song is heard: in mono, at the model's rate."""
        rate = self.audio.sample_rate
        return self.convert(song, style, strength, rate=rate, mono=True)[:][0]

    def carol_at_a440(self, song: Song, style: AnyStyle) -> np.ndarray:
        """The mono carol (T,) as if the song were in tune, for comparison with a target that is."""
        transcription = self.transcribe(song)
        in_tune = np.zeros_like(transcription.tuning_cents)
        transcription = replace(transcription, tuning_cents=in_tune)
        return self.play(transcription, style, rate=self.audio.sample_rate, mono=True)[:][0]

    @torch.inference_mode()
    def vocode(self, mel: Tensor, length: int) -> np.ndarray:
        """Log-mel (F, M) of one channel -> its wave (T,) at the model's rate."""
        with fast_inference(self.device):
            return self.vocoder.vocode(mel.to(self.device), length).cpu().numpy()

    # --- styles

    def style(self, style: AnyStyle) -> Style:
        """A `Style` from a name, a carol's file, an embedding (d_style,) or a `Style`.

        ValueError, with the known names, for anything else; AudioError. DoubtfulFileWarning for a
        recording without treble.
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
        carol = load_stereo(style, self.audio.full_rate, duration_s=MAX_STYLE_S)
        if not has_treble(self.bands_of(carol)[:, 0], self.audio.n_mels):
            text = (
                f"{style}: expected a carol in full band, found nothing above "
                f"{self.audio.f_max_hz / 1000:g} kHz: its style is read less surely"
            )
            warnings.warn(DoubtfulFileWarning(printable(text)), stacklevel=2)
        return self.measure_style(carol)

    @torch.inference_mode()
    def measure_style(self, carol: np.ndarray) -> Style:
        """The style of a recorded carol, (2, T) at the full rate or (T,) at the model's rate, see
        `style_matching`. Raises as `embed_style`.
        """
        bands = self.bands_of(carol)
        style = Style(self._embedding_of(bands))
        style = replace(style, arrangement=nearest_arrangement(style, self.styles))
        played = self.predicted_mel(self.transcribe(self.heard(carol)), style)[: len(bands)]
        bands = bands[: len(played)]
        texture = self.cfg.texture * self.texture.view(2, -1)
        n_frames = round(self.cfg.stretch_s * self.audio.frame_rate)
        return replace(
            style,
            balance=balance_of(played, bands).flatten(),
            stretch=stretch_of(played, bands, texture, n_frames).flatten(),
        )

    @torch.inference_mode()
    def embed_style(self, carol: np.ndarray) -> Tensor:
        """As of `measure_style` -> (d_style,), mean over windows. ValueError for silence or under
        MIN_STYLE_S.
        """
        return self._embedding_of(self.bands_of(carol))

    def _embedding_of(self, bands: Tensor) -> Tensor:
        model = self.model
        standardised = model.standardise(bands.flatten(1)).unflatten(1, (2, -1))
        whole = completed(standardised, known_bands(bands)).flatten(1)
        spans = chunk_spans(len(whole), min(self.window_frames, len(whole)), 0)
        windows = [model.style_encoder(whole[None, a:b])[0] for a, b in spans]
        return torch.stack(windows).mean(0).cpu()

    def bands_of(self, carol: np.ndarray) -> Tensor:
        """As of `measure_style`, at the level that carols have in training -> (F, 2, n_bands)."""
        rate = self.audio.sample_rate if carol.ndim == 1 else self.audio.full_rate
        length_s = carol.shape[-1] / rate
        if length_s < MIN_STYLE_S or not np.any(carol):
            found = "silence" if carol.size and not np.any(carol) else f"{length_s:.2f} s"
            raise ValueError(
                f"expected at least {MIN_STYLE_S:g} s of a carol as style, found {found}"
            )
        carol = to_reference_rms(carol)
        if carol.ndim == 2:
            return self.full_band_mel(carol).cpu()
        mel = self.log_mel(torch.from_numpy(carol).to(self.device)).cpu()
        bands = mel.new_full((len(mel), 2, self.audio.n_bands), math.log(self.audio.log_floor))
        bands[:, 0, : self.audio.n_mels] = mel
        return bands

    def heard(self, carol: np.ndarray) -> np.ndarray:
        """As of `measure_style` -> (T,) as the model hears it."""
        if carol.ndim == 2:
            carol = soxr.resample(carol.mean(0), self.audio.full_rate, self.audio.sample_rate)
        return to_reference_rms(carol)


def _check_song(song: Song) -> None:
    """ValueError for arrays that are no finite mono wave; disk buffers were checked when filled."""
    if len(song.shape) != 1 or len(song) < 1:
        raise ValueError(f"expected a mono wave (T,), found shape {song.shape}")
    if isinstance(song, np.ndarray) and not np.isfinite([song.min(), song.max()]).all():
        raise ValueError("expected finite samples, found some that are not: repair the sound first")


def blend_(carol: Wave, song: Wave, strength: float) -> None:
    """Blends an equally loud song (C, T) into `carol`, in place: `strength` of it stays the carol.

    Waves, not spectra: blended log-mels lose the song in the vocoder (chroma .7 at strength 0),
    and their style is not monotone in the strength (p_carol highest at .75).
    """
    for span, piece in in_pieces(carol):
        carol[..., span] = np.float32(strength) * piece + np.float32(1 - strength) * song[..., span]


def heard_loudness(loudness: Loudness, n_channels: int) -> Loudness:
    """Of a song that was measured in mono and sounds in `n_channels`: BS.1770 adds their powers."""
    return replace(loudness, lufs=loudness.lufs + 10 * math.log10(n_channels))


def to_reference_rms(wave: np.ndarray) -> np.ndarray:
    """(..., T) at the root mean square that carols have in training."""
    rms = float(np.sqrt(np.mean(np.square(wave))))
    return (wave * (AudioConfig.reference_rms / max(1e-6, rms))).astype(np.float32)
