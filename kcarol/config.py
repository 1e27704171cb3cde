"""Settings of each part as frozen dataclasses, and constants that several parts share."""

from __future__ import annotations

import json
import os
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# MIDI pitches of tunes, C2 to B6
TUNE_LOWEST = 36
TUNE_HIGHEST = 95
# MIDI, D5: a tune is moved by whole octaves until its median lies within a tritone of this
TUNE_CENTRE = 74

# what turns the notes of a carol into sound: the playing half, or FluidSynth
NETWORK, SAMPLES = ENGINES = ("network", "samples")
# what choirs sing: the song's vowels, where they are heard surely, or what their samples do; or the
# song's own voice sings in their place
SYLLABLES, AH, OF_VOICE = CHOIRS = ("syllables", "ah", "voice")
# what becomes of the carol's tune where the song's own voice sings it
KEEP, DUCK, LEAVE_OUT = VOICE_TUNES = ("keep", "duck", "leave-out")


@dataclass(frozen=True)
class AudioConfig:
    """Sample rates, log-mel and features. T samples have F == 1 + T // hop_length frames."""

    sample_rate: int = 16_000  # Hz
    hop_length: int = 256  # samples: 16 ms a frame
    max_s: float = 30.0  # longest clip that `preprocess` keeps, seconds

    # log-mel: what the converter predicts and the vocoder reads
    n_fft: int = 2048  # samples: 7.8 Hz a bin, a semitone apart from 130 Hz upwards
    n_mels: int = 128
    # one bin apart, up to 430 Hz, so that semitones stay apart where chords are
    n_linear_bands: int = 50
    f_min_hz: float = 40.0
    f_max_hz: float = 8_000.0
    log_floor: float = 1e-5  # smallest mel magnitude, -100 dB

    # full band: carols are stereo at the full rate, with the same 16 ms frames
    full_rate: int = 48_000  # Hz, a multiple of `sample_rate`
    n_treble_bands: int = 12  # above f_max_hz
    treble_max_hz: float = 20_000.0
    treble_n_fft: int = 1536  # samples at the full rate: 32 ms, short for sharp attacks

    # features: what the converter reads
    feature_n_fft: int = 4096  # samples: semitones apart from 65 Hz upwards
    bands_per_semitone: int = 2
    lowest_midi: int = 33  # A1, 55 Hz
    highest_midi: int = 109  # exclusive; the piano's highest note is 108, 4.2 kHz
    log_gain: float = 20.0  # features are log1p(log_gain * magnitude) at the reference rms
    reference_rms: float = 0.1  # of songs before hearing, and of carols in training
    whiten_octaves: float = 1.0  # on either side of a band
    whiten_clip: tuple[float, float] = (-2.0, 4.0)
    flux_n_fft: int = 1024  # samples, short for sharp onsets
    n_flux: int = 8

    @property
    def n_pitch_bands(self) -> int:
        return (self.highest_midi - self.lowest_midi) * self.bands_per_semitone

    @property
    def n_features(self) -> int:
        """Whitened pitch bands, flux bands and one loudness value."""
        return self.n_pitch_bands + self.n_flux + 1

    @property
    def n_bands(self) -> int:
        """Of the middle or the side in full band: mel bands, then treble bands."""
        return self.n_mels + self.n_treble_bands

    @property
    def full_factor(self) -> int:
        """Samples at the full rate for each one at `sample_rate`."""
        return self.full_rate // self.sample_rate

    @property
    def full_hop(self) -> int:
        """Samples at the full rate a frame."""
        return self.hop_length * self.full_factor

    @property
    def frame_rate(self) -> float:
        """Frames per second, Hz."""
        return self.sample_rate / self.hop_length

    def n_frames(self, n_samples: int) -> int:
        return 1 + n_samples // self.hop_length


@dataclass(frozen=True)
class ModelConfig:
    """`MusicTransformer`: the first layers transcribe (hear), the last ones play."""

    n_features: int = AudioConfig().n_features
    n_bands: int = AudioConfig().n_bands  # of the middle, and as many of the side
    d_model: int = 320
    n_heads: int = 8
    n_layers: int = 6
    n_hearing_layers: int = 3  # a fourth improves neither tune nor chords (data/experiments.md)
    d_feedforward: int = 1024
    kernel_size: int = 5  # of the first Conv1d; the second reaches one frame over its stride
    stride: int = 4  # frames a Transformer step: 64 ms
    d_style: int = 64
    max_random_offset: int = 512  # steps, of the positional encoding in training
    dropout: float = 0.0  # pairs are drawn endlessly; masks took a tenth of a step

    @property
    def n_played(self) -> int:
        """Bands of a frame that is played: the middle's, then the side's."""
        return 2 * self.n_bands

    @classmethod
    def smoke(cls) -> ModelConfig:
        """A tiny model that trains in seconds, for tests and notebooks."""
        return cls(d_model=64, n_layers=6, d_feedforward=128, d_style=16)


@dataclass(frozen=True)
class SyllableConfig:
    """`SyllableHearing`: which vowel the singer sings, and where a syllable begins."""

    n_features: int = AudioConfig().n_features
    n_pitch_bands: int = AudioConfig().n_pitch_bands
    d_model: int = 192
    n_heads: int = 8
    n_layers: int = 2
    d_feedforward: int = 512
    kernel_size: int = 5  # of the first Conv1d
    stride: int = 2  # frames a Transformer step: 32 ms
    dropout: float = 0.1

    @classmethod
    def smoke(cls) -> SyllableConfig:
        return cls(d_model=32, d_feedforward=64, n_heads=4, n_layers=1)


@dataclass(frozen=True)
class VocoderConfig:
    """`NeuralVocoder`: ConvNeXt blocks and an inverse STFT (Vocos, arXiv 2306.00814)."""

    n_mels: int = AudioConfig().n_mels
    hop_length: int = AudioConfig().hop_length
    n_fft: int = 1024  # samples, of the inverse STFT
    d_model: int = 256
    d_feedforward: int = 768
    n_layers: int = 8
    kernel_size: int = 7
    # phase refinement: passes over the wave before and after those over its low octaves
    corrections: tuple[int, int] = (0, 4)
    correction_step: float = 1.2  # share of the log-mel error that a pass corrects
    correction_momentum: float = 0.8
    # the low octaves are refined at the sample rate divided by these
    low_rates: tuple[int, ...] = (16, 8, 4)
    low_passes: tuple[int, ...] = (160, 36, 20)
    low_momenta: tuple[float, ...] = (0.98, 0.96, 0.94)

    @classmethod
    def smoke(cls) -> VocoderConfig:
        return cls(d_model=64, d_feedforward=128, n_layers=2)


@dataclass(frozen=True)
class HalvesRegression:
    """Log-odds, in nats, that every other beat of a path is half a beat.

    A logistic regression on 290 songs (data/experiments.md).
    """

    constant: float = -8.8
    tempo: float = 2.0  # an octave above `likely_bpm`
    lead: float = 2.3  # a nat by which the stronger half of the beats is surer
    between: float = -1.0  # a nat of the mean logit halfway between beats
    alternation: float = 1.7  # a nat by which every other downbeat is surer

    def log_odds(self, tempo: float, lead: float, between: float, alternation: float) -> float:
        return (
            self.constant
            + self.tempo * tempo
            + self.lead * lead
            + self.between * between
            + self.alternation * alternation
        )


@dataclass(frozen=True)
class ThirdsRegression:
    """Log-odds that two in three beats of a path are thirds of a beat, fitted on the same songs."""

    constant: float = -8.7
    lead: float = 4.0  # a nat by which the strongest third of the beats is surer

    def log_odds(self, lead: float) -> float:
        return self.constant + self.lead * lead


@dataclass(frozen=True)
class StrokeRegression:
    """Log-odds that the groove strikes an eighth; all inputs are logits.

    A logistic regression on 360 renders (data/experiments.md).
    """

    constant: float = -1.35
    place: float = 0.81  # mean level of the eighth's place in the bar, over the bars around
    contrast: float = 0.29  # that level above the threshold between strong and weak places
    eighth: float = 0.33  # level of the eighth itself

    def log_odds(self, place: np.ndarray, contrast: np.ndarray, eighth: np.ndarray) -> np.ndarray:
        """Of arrays (n,) -> (n,)."""
        import numpy as np  # imported here, since the command line starts without numpy

        terms = np.stack([np.ones_like(place), place, contrast, eighth])
        return np.dot(astuple(self), terms)


@dataclass(frozen=True)
class DecodingConfig:
    """From logits to a `Transcription`."""

    # beats
    fallback_bpm: float = 100.0  # where no beat is found
    least_beat: float = 0.1  # highest probability of a beat in a song that has beats
    slowest_bpm: float = 36.0
    fastest_bpm: float = 220.0
    tempo_step: float = 0.035  # share of the tempo by which the paths' tempi differ
    likely_bpm: float = 105.0
    tempo_cost: float = 0.25  # nats a second at an octave from `likely_bpm`, as its square
    beat_threshold: float = 0.4  # log-odds below which a beat costs
    least_gain: float = -1.0  # nats that a beat can cost and bring
    most_gain: float = 3.0
    evidence_s: float = 4.0  # without any beat so near, a beat costs nothing
    steadiness: float = 150.0  # nats that a squared log ratio of two intervals costs
    tempo_jump: float = 8.0  # nats that any other tempo costs
    tempo_jump_share: float = 0.25  # log ratio of two intervals that parts stretches of a song
    same_tempo_share: float = 0.12  # log ratio within which two stretches have one tempo
    least_stretch: int = 8  # beats
    halves: HalvesRegression = HalvesRegression()
    thirds: ThirdsRegression = ThirdsRegression()

    # bars
    least_downbeat: float = 0.02  # probabilities are taken to lie between it and 1 less it
    # nats that a bar of so many beats costs
    metre_costs: tuple[tuple[int, float], ...] = ((4, 0.0), (3, 0.1), (2, 1.3), (5, 0.8), (7, 1.0))
    metre_change: float = 8.0  # nats that another metre costs
    division_beats: int = 8  # on either side, that are taken to divide in the same way
    least_thirds: float = 3.0  # nats by which thirds of beats are surer than their halves

    # melody
    note_change: float = 5.0  # nats that a change of pitch costs without an onset
    # nats a frame: a missed tune is better than another line in its place
    rest_penalty: float = 1.5
    shortest_note_s: float = 0.08
    onset_threshold: float = 0.5

    # syllables
    vowel_change: float = 6.0  # nats that a change of vowel costs where no syllable begins
    least_vowel: float = 0.45  # mean probability of a vowel that is sung
    shortest_vowel_s: float = 0.06
    syllable_threshold: float = 0.7  # probability

    # groove
    groove_bars: int = 4  # on either side, that are taken to have the same groove
    # nats between strong and weak places; below, they are not distinguished
    min_contrast: float = 1.2
    stroke: StrokeRegression = StrokeRegression()
    energy_s: float = 4.0  # of the running median

    # fade-outs and pauses
    fade_below_db: float = -45.0  # re the song's rms: below, the carol becomes as soft as the song
    fade_release_s: float = 0.6  # later, so that notes ring out


@dataclass(frozen=True)
class ConversionConfig:
    """From a song to its carol. The last four were chosen on renders (data/experiments.md)."""

    overlap: float = 0.25  # share of a window that it has in common with the next
    batch_windows: int = 8
    # semitones by which the song is transposed before hearing; the logits are averaged
    heard_at: tuple[int, ...] = (-1, 0, 1)
    piece_frames: int = 6_144  # of a longer song that are vocoded at once: 98 s
    # of a prediction's deviation from its mean over `stretch_s`: conditional means move too little
    stretch: float = 1.1
    stretch_s: float = 4.0
    texture: float = 0.35  # share of the measured texture that is added
    seed: int = 0  # of the texture


@dataclass(frozen=True)
class TrainConfig:
    """One training run."""

    steps: int = 20_000
    batch_size: int = 16
    accumulation: int = 1  # batches a step
    window_frames: int = 512  # 8.2 s
    learning_rate: float = 6e-4
    warmup_steps: int = 300
    betas: tuple[float, float] = (0.9, 0.98)
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    precision: str = "auto"  # auto, fp32, bf16 or fp16
    seed: int = 0
    log_every: int = 20  # steps
    picture_every: int = 1_000  # steps, spectrograms and audio for TensorBoard
    save_every: int = 500  # steps

    @classmethod
    def smoke(cls) -> TrainConfig:
        return cls(
            steps=30,
            batch_size=2,
            window_frames=128,
            warmup_steps=5,
            log_every=5,
            picture_every=15,
            save_every=15,
        )


@dataclass(frozen=True)
class Config:
    """All parts together, as a checkpoint stores them."""

    audio: AudioConfig = field(default_factory=AudioConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    syllables: SyllableConfig = field(default_factory=SyllableConfig)
    vocoder: VocoderConfig = field(default_factory=VocoderConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    @classmethod
    def smoke(cls) -> Config:
        return cls(
            model=ModelConfig.smoke(),
            syllables=SyllableConfig.smoke(),
            vocoder=VocoderConfig.smoke(),
            train=TrainConfig.smoke(),
        )

    def with_train(self, **changes: Any) -> Config:
        return replace(self, train=replace(self.train, **changes))


def is_smoke(default: bool) -> bool:
    """Whether to run in smoke size: tiny networks and few steps, to check that everything works.

    KCAROL_SMOKE=1 says yes and KCAROL_SMOKE=0 says no, everywhere. Where it is unset or empty the
    caller's `default` holds: True in the notebooks, False on the command line.
    """
    return {"": default, "0": False}.get(os.environ.get("KCAROL_SMOKE", ""), True)


def install_command(extra: str) -> str:
    """What installs an extra of the kcarol that runs: of its folder, or of the wheel or repository
    that pip took it from (PEP 610).
    """
    origin = _origin()
    folder = Path(__file__).parents[1]
    if origin.get("dir_info", {}).get("editable") or (folder / "pyproject.toml").is_file():
        return f"pip install -e '{folder}[{extra}]'"
    repository = f"{origin['vcs_info']['vcs']}+" if "vcs_info" in origin else ""
    place = f" @ {repository}{origin['url']}" if "url" in origin else ""
    return f"pip install 'kcarol[{extra}]{place}'"


def _origin() -> dict[str, Any]:
    """Empty where kcarol is not installed, or from an index."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return json.loads(distribution("kcarol").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return {}
