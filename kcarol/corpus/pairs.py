"""Pairs of pop and carol, drawn by seed: sound, truth and style of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.carol import CarolStyle, draw_style, render_carol
from kcarol.corpus.compose import draw_sheet
from kcarol.corpus.mix import MixSettings, mix
from kcarol.corpus.pop import PopArrangement, arrange_pop, synth_role
from kcarol.corpus.render import TRAINING_SOUNDFONTS, VALIDATION_SOUNDFONT, render_parts
from kcarol.corpus.sheet import LeadSheet, Part, TimeGrid
from kcarol.corpus.synth import DrumKit, SynthSound, play_drums, play_synth
from kcarol.corpus.truth import Truth
from kcarol.corpus.voice import Singer, sing

SONGS_PER_STYLE = 2  # one is the other's style reference
VALIDATION_SEED = 1 << 40  # seeds from here on: held-out compositions, held-out soundfont


@dataclass(frozen=True)
class Pair:
    """One song as pop and as carol, both (T,) float32, on one time grid."""

    pop: np.ndarray
    carol: np.ndarray
    truth: Truth
    style: CarolStyle
    title: str


def is_validation(seed: int) -> bool:
    return seed >= VALIDATION_SEED


def _play(part: Part, kind: str, arrangement: PopArrangement, length_s: float, rate: int, soundfont: str,
          singer: Singer, rng: np.random.Generator, stereo: bool = False) -> np.ndarray:  # fmt: skip
    """One part's stem, (T,): its place in the room is the mix's business. With `stereo`, sampled drums are (2, T)."""
    strokes = arrangement.tuned_strokes(part.name)
    if kind in ("voice", "rap"):
        own = singer if part.name in arrangement.tune_parts else None
        return sing(strokes, length_s, rate, rng, own, style="sung" if kind == "voice" else "rap")
    if kind == "synth":
        return play_synth(strokes, SynthSound.draw(rng, synth_role(part.name)), length_s, rate, rng)
    if kind == "drumsynth":
        return play_drums(part.strokes, DrumKit.draw(rng), length_s, rate, rng)
    tuning = 0.0 if part.is_drums else arrangement.tuning_cents
    sampled = render_parts((part,), length_s, rate, soundfont, tuning)
    return sampled if stereo and part.is_drums else sampled.mean(axis=0)


def render_pop(
    arrangement: PopArrangement, length_s: float, sample_rate: int, soundfont: str, rng: np.random.Generator,
    settings: MixSettings | None = None, stereo: bool = False,
) -> np.ndarray:  # fmt: skip
    """A pop arrangement as one record, mono (T,) or `stereo` (2, T), float32."""
    singer = Singer.draw(rng, arrangement.voice) if arrangement.voice else Singer.draw(rng)
    stems = {
        part.name: _play(part, arrangement.sounds[part.name], arrangement, length_s, sample_rate, soundfont, singer, rng, stereo)
        for part in arrangement.parts
        if part.strokes
    }
    if not stems:
        n_samples = round(length_s * sample_rate)
        return np.zeros((2, n_samples) if stereo else n_samples, np.float32)
    gains = {part.name: part.gain_db for part in arrangement.parts}
    pans = {part.name: part.pan for part in arrangement.parts}
    return mix(stems, rng, settings, sample_rate, gains, pans, stereo)


def make_pair(
    sheet: LeadSheet, style: CarolStyle, rng: np.random.Generator, cfg: AudioConfig, soundfont: str,
    hints: Mapping | None = None,
) -> Pair:  # fmt: skip
    """One lead sheet arranged twice on one time grid and rendered."""
    grid = TimeGrid.of(sheet, rng, drift=float(rng.choice([0.0, 0.003, 0.01])))
    length_s = grid.length_s
    n_samples = round(length_s * cfg.sample_rate)
    arrangement = arrange_pop(sheet, grid, rng, hints)
    pop = render_pop(arrangement, length_s, cfg.sample_rate, soundfont, rng)[:n_samples]
    carol = render_carol(sheet, grid, style, cfg.sample_rate, length_s)
    return Pair(pop, carol, Truth.of(sheet, grid, cfg, cfg.n_frames(n_samples)), style, sheet.title)


def make_pairs(
    seed: int, cfg: AudioConfig | None = None, length_s: float = 22.0, n: int = SONGS_PER_STYLE, style: CarolStyle | None = None
) -> list[Pair]:
    """`n` songs in one carol style, all drawn from `seed`, the style too unless it is given.

    Seeds from VALIDATION_SEED on share nothing with the others.
    """
    cfg, rng, held_out = cfg or AudioConfig(), np.random.default_rng(seed), is_validation(seed)
    style = style or draw_style(rng)
    fonts = (VALIDATION_SOUNDFONT,) if held_out else TRAINING_SOUNDFONTS
    return [
        make_pair(draw_sheet(rng, length_s, validation=held_out), style, rng, cfg, str(rng.choice(fonts))) for _ in range(n)
    ]
