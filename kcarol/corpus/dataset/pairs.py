"""Pairs of pop and carol, drawn by seed: sound, labels and style of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES, CarolStyle
from kcarol.audio.full_band import RESAMPLING
from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.pop.arrange import arrange_pop
from kcarol.corpus.arrangement.realised_sheet import as_played
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.dataset.pop_record import render_pop
from kcarol.corpus.draws import pick
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.lead_sheet.tempo_curves import draw_grid
from kcarol.corpus.synthesis import speech
from kcarol.corpus.synthesis.speech import TRAINING_SPEAKERS, VALIDATION_SPEAKERS, Speaker
from kcarol.dataset.labels import Labels
from kcarol.synthesis import render
from kcarol.synthesis.carol import render_carol
from kcarol.synthesis.render import TRAINING_SOUNDFONTS, VALIDATION_SOUNDFONT
from kcarol.transcription.form.bar_shapes import measured
from kcarol.transcription.lead_sheet import LeadSheet, SungVowel, TimeGrid

SONGS_PER_STYLE = 2  # one is the other's style reference
VALIDATION_SEED = 1 << 40  # seeds from here on: held-out compositions, soundfont and speakers


@dataclass(frozen=True)
class Pair:
    """One song as pop and as carol, both (T,) float32, on one time grid.

    Of the carol it is the middle, dry: what hearing and figures need. The playing half learns from
    whole carols, see `corpus.dataset.carols`.
    """

    pop: np.ndarray
    carol: np.ndarray
    labels: Labels
    style: CarolStyle
    title: str


def missing() -> str | None:
    """What this machine lacks for rendering and how to get it, in one line, or None."""
    return render.available() or speech.available()


def make_pairs(
    seed: int,
    cfg: AudioConfig | None = None,
    length_s: float = 22.0,
    n: int = SONGS_PER_STYLE,
    style: CarolStyle | None = None,
    plain: bool = False,
) -> list[Pair]:
    """`n` songs in one carol style, all drawn from `seed`, the style too unless it is given.

    `plain`: songs in 4/4 or 3/4, in a steady tempo, mostly in tune, by the usual voices. Seeds from
    VALIDATION_SEED on share nothing with the others. The sound does not depend on earlier renders.
    """
    cfg = cfg or AudioConfig()
    rng = np.random.default_rng(seed)
    is_held_out = seed >= VALIDATION_SEED
    style = style or STYLES[pick(rng, list(STYLES))]
    soundfonts = (VALIDATION_SOUNDFONT,) if is_held_out else TRAINING_SOUNDFONTS
    speakers = VALIDATION_SPEAKERS if is_held_out else TRAINING_SPEAKERS
    pairs = []
    for _ in range(n):
        sheet = draw_sheet(rng, length_s, validation=is_held_out, plain=plain)
        pairs.append(make_pair(sheet, style, rng, cfg, pick(rng, soundfonts), speakers, plain))
    return pairs


def make_pair(
    sheet: LeadSheet,
    style: CarolStyle,
    rng: np.random.Generator,
    cfg: AudioConfig,
    soundfont: str,
    speakers: Sequence[Speaker],
    plain: bool = False,
) -> Pair:
    """One lead sheet arranged twice on one time grid and rendered."""
    pop, sheet, grid = make_pop(sheet, rng, cfg, soundfont, speakers, plain)
    carol = middle_of(render_carol(arrange_carol(sheet, grid, style), grid.length_s), cfg)
    labels = sheet_labels(sheet, grid, cfg, cfg.n_frames(len(pop)))
    return Pair(pop, carol, labels, style, sheet.title)


def middle_of(carol: np.ndarray, cfg: AudioConfig) -> np.ndarray:
    """(2, T) at the full rate -> (T,) at `sample_rate`, its peak at most 1."""
    middle = soxr.resample(carol.mean(0), cfg.full_rate, cfg.sample_rate, RESAMPLING)
    return middle / max(1.0, np.abs(middle).max())


def make_pop(
    sheet: LeadSheet,
    rng: np.random.Generator,
    cfg: AudioConfig,
    soundfont: str,
    speakers: Sequence[Speaker] = TRAINING_SPEAKERS,
    plain: bool = False,
    text_: list[SungVowel] | None = None,
) -> tuple[np.ndarray, LeadSheet, TimeGrid]:
    """A pop record (T,) float32, its sheet as played and measured, and its time grid.

    `text_` gets what is sung of the tune.
    """
    grid = draw_grid(sheet, rng, plain)
    arrangement = arrange_pop(sheet, grid, rng, plain=plain)
    take = (arrangement, grid.length_s, cfg.sample_rate, soundfont, rng)
    pop = render_pop(*take, speakers=speakers, text_=text_)
    pop = pop[: round(grid.length_s * cfg.sample_rate)]
    return pop, measured(as_played(sheet, arrangement, grid), grid, pop, cfg), grid
