"""Transcriptions and logits of songs whose labels are known."""

from dataclasses import replace

import numpy as np
import torch

from kcarol.config import AudioConfig
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.dataset.labels import unpack
from kcarol.model.content import N_PITCHES
from kcarol.model.logits import HEADS, Logits
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.form.onset_rate import rate_of_strokes
from kcarol.transcription.lead_sheet import TimeGrid
from kcarol.transcription.song_level import SongLevel
from kcarol.transcription.transcription import Transcription

AUDIO = AudioConfig()


def labels_of(title, drift=0.0, seed=0):
    """Of at most 40 s of a tune, its tempo drifting."""
    sheet = tune(title)
    grid = TimeGrid.of(sheet, np.random.default_rng(seed) if drift else None, drift)
    n_samples = round(min(grid.length_s, 40) * AUDIO.sample_rate)
    return sheet_labels(sheet, grid, AUDIO, AUDIO.n_frames(n_samples))


def logits_of(labels, firm=6.0, noise=0.0, seed=0):
    """What perfect heads would give, with noise on top."""
    targets = unpack(torch.from_numpy(labels.packed()))
    one_hot, content = torch.nn.functional.one_hot, targets.content
    shares = {
        "tune": one_hot(targets.tune, N_PITCHES + 1),
        "bass": one_hot(targets.bass, 13),
        "onset": content.onset,
        "chord": content.chord,
        "beat": targets.beat,
        "downbeat": targets.downbeat,
        "accent": content.accent,
    }
    rng = np.random.default_rng(seed)
    logits = {name: ((2 * share.float() - 1) * firm).numpy() for name, share in shares.items()}
    logits["energy"] = torch.logit(content.energy.clamp(1e-3, 1 - 1e-3)).numpy()
    noisy = {name: x + noise * rng.standard_normal(x.shape) for name, x in logits.items()}
    return Logits(**{name: torch.from_numpy(x).half() for name, x in noisy.items()})


def random_logits(n_frames, rng):
    return Logits(
        *(torch.from_numpy(rng.normal(0, 3, (n_frames, n))).half() for n in HEADS.values())
    )


def bar_places(beats: np.ndarray, downbeats: np.ndarray) -> tuple[np.ndarray, int]:
    """Place (n,) of each beat in its bar, 0 the first, and the commonest metre (4 if unknown)."""
    number = np.arange(len(beats))
    firsts = np.searchsorted(beats, downbeats)
    if not len(firsts):
        return number % 4, 4
    metre = int(np.median(np.diff(firsts))) if len(firsts) > 1 else 4
    bar = (np.searchsorted(firsts, number, side="right") - 1).clip(0)
    return (number - firsts[bar]) % metre, metre


def with_text(transcription):
    """With a syllable of two vowels on each note, by turns; every fifth note is not understood."""
    tune = transcription.tune
    begins = (tune >= 0) & np.append(True, np.diff(tune) != 0)
    number, frame = np.cumsum(begins), np.arange(len(tune))
    since = frame - np.maximum.accumulate(np.where(begins, frame, 0))
    vowel = (number + (since > 8)) % NO_VOWEL
    vowel[(tune < 0) | (number % 5 == 0)] = NO_VOWEL
    syllable = (begins & (vowel != NO_VOWEL)).astype(int)
    return replace(transcription, vowel=vowel, syllable=syllable)


def transcription_of(labels):
    """What perfect decoding gives."""
    beats = np.flatnonzero(labels.beat)
    positions, metre = bar_places(beats, np.flatnonzero(labels.downbeat))
    return Transcription(
        beats=beats,
        positions=positions,
        metres=np.full(len(beats), metre),
        divisions=np.full(len(beats), 2),
        tune=labels.tune.astype(int),
        tune_probability=(labels.tune >= 0).astype(np.float32),
        tune_shift=labels.tune_shift,
        onset=labels.onset.astype(np.float32),
        chord=labels.chord.astype(np.float32),
        bass=(labels.bass[:, None] == np.arange(12)).astype(np.float32),
        strokes=labels.accent.astype(np.float32),
        energy=labels.energy.astype(np.float32),
        onset_rate=rate_of_strokes(labels.accent, AUDIO),
        tuning_cents=np.zeros(len(labels.tune), np.float32),
        vowel=np.full(len(labels.tune), NO_VOWEL),
        syllable=np.zeros(len(labels.tune), int),
        level=SongLevel.steady(len(labels.tune)),
    )
