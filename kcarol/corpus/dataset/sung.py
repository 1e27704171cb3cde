"""Renders songs with what is sung in them, from which the syllable head learns."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.dataset.pairs import VALIDATION_SEED, make_pop
from kcarol.corpus.dataset.rendering import SONG_S, build_files, numbered
from kcarol.corpus.draws import pick
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.synthesis.speech import TRAINING_SPEAKERS, VALIDATION_SPEAKERS
from kcarol.corpus.synthesis.sung_text import vowel_frames
from kcarol.dataset.shards import ROW_FRAMES, wave_row
from kcarol.dataset.sung import SUFFIX, SungRows, save_sung
from kcarol.synthesis.render import TRAINING_SOUNDFONTS, VALIDATION_SOUNDFONT
from kcarol.transcription.lead_sheet import SungVowel

N_ROWS = 4  # of a file
PLAYED = 0.15  # share of songs kept whose tune is played: nobody sings in them


def make_sung(seed: int, cfg: AudioConfig | None = None) -> SungRows:
    """N_ROWS songs drawn from `seed`; seeds from VALIDATION_SEED on are held out, see `pairs`."""
    cfg = cfg or AudioConfig()
    rng = np.random.default_rng(seed)
    held_out = seed >= VALIDATION_SEED
    soundfonts = (VALIDATION_SOUNDFONT,) if held_out else TRAINING_SOUNDFONTS
    speakers = VALIDATION_SPEAKERS if held_out else TRAINING_SPEAKERS
    n_samples = ROW_FRAMES * cfg.hop_length
    pops, frames = [], []
    while len(pops) < N_ROWS:
        text: list[SungVowel] = []
        sheet = draw_sheet(rng, SONG_S, validation=held_out)
        pop, _, _ = make_pop(sheet, rng, cfg, pick(rng, soundfonts), speakers, text_=text)
        if not text and rng.random() >= PLAYED:
            continue
        pops.append(wave_row(pop, n_samples))
        frames.append(vowel_frames(text, ROW_FRAMES + 1, cfg.frame_rate))
    vowels, begins = zip(*frames, strict=True)
    return SungRows(np.stack(pops), np.stack(vowels), np.stack(begins))


def build_sung(
    out: Path,
    hours: float,
    seed: int,
    jobs: int,
    cfg: AudioConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, float]:
    """Renders sung songs until `out` holds `hours` hours, see `build_files`.

    Returns (rows rendered, seconds taken).
    """
    cfg = cfg or AudioConfig()
    paths = numbered(out, SUFFIX, hours, seed, N_ROWS, cfg)
    n_files, seconds = build_files(
        paths, functools.partial(make_sung, cfg=cfg), save_sung, jobs, progress
    )
    return N_ROWS * n_files, seconds
