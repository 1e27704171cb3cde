"""What the sections of a composed song share: metre, tempo, key, harmony, singer, tune's style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kcarol.corpus.draws import pick, pick_weighted
from kcarol.corpus.lead_sheet.melody import TuneStyle, draw_tune_scale
from kcarol.corpus.lead_sheet.metres import METRES, PLAIN_SHARES, MetreKind
from kcarol.corpus.lead_sheet.progressions import Harmony
from kcarol.transcription.lead_sheet import LeadSheet

# lowest and highest note of singers; a deep bass down to C2, a soprano up to F6
SINGERS_MIDI = {"male": (45, 67), "female": (55, 79), "bass": (36, 60), "soprano": (64, 89)}
SINGER_SHARES = (0.4, 0.4, 0.1, 0.1)
USUAL_SINGERS = ("male", "female")
MAX_RANGE = 17  # semitones: an octave and a fourth
CHANGING = 0.12  # share of songs of which a section has another metre


@dataclass(frozen=True)
class SectionMetre:
    """Metre and groove of a section."""

    kind: MetreKind
    accents: tuple[float, ...]


@dataclass(frozen=True)
class ComposedSong:
    """A song before its sections are written."""

    sheet: LeadSheet  # without notes, chords and sections
    harmony: Harmony
    tune: TuneStyle
    metre: SectionMetre
    others: Mapping[str, SectionMetre]  # by the letter of a section: those that have another metre


def draw_song(rng: np.random.Generator, plain: bool, letters: str) -> ComposedSong:
    """A song of the sections `letters`. `plain`: in 4/4 or 3/4 throughout, by a male or a female
    voice of the usual register.
    """
    shares = PLAIN_SHARES if plain else {name: kind.share for name, kind in METRES.items()}
    kind = METRES[pick_weighted(rng, list(shares), list(shares.values()))]
    tempo_bpm = kind.draw_tempo(rng)
    key = int(rng.integers(12))
    mode = pick_weighted(rng, ("major", "minor"), (0.6, 0.4))
    range_midi = _draw_range(rng, plain)
    scale = draw_tune_scale(rng, key, mode)
    metre = _draw_accents(rng, kind)
    others = {} if plain or rng.random() >= CHANGING else _draw_others(rng, kind, letters)
    tune = _draw_tune_style(rng, kind, tempo_bpm, range_midi, scale)
    kinds = [kind, *(other.kind for other in others.values())]
    has_halves = all(kind.division == 2 for kind in kinds) and tune.grid != 4
    swing = draw_swing(rng) if has_halves and rng.random() < 0.2 else 0.0
    richness = pick(rng, (0.0, 0.15, 0.4, 0.85))
    approach = pick(rng, (0.0, 0.0, 0.1, 0.2, 0.4))
    sheet = LeadSheet("", tempo_bpm, kind.beats, key, mode, (), (), (), swing, metre.accents)
    return ComposedSong(sheet, Harmony(key, mode, richness, approach), tune, metre, others)


def _draw_accents(rng: np.random.Generator, kind: MetreKind) -> SectionMetre:
    groove = np.array(pick_weighted(rng, kind.accents))
    accents = np.clip(groove + rng.normal(0, 0.06, len(groove)), 0, 1)
    return SectionMetre(kind, tuple(round(float(accent), 2) for accent in accents))


def _draw_others(
    rng: np.random.Generator, kind: MetreKind, letters: str
) -> dict[str, SectionMetre]:
    """Another metre for one of the sections, mostly chorus or verse."""
    letter = pick(rng, [x for x in "ccvb" if x in letters] or letters)
    return {letter: _draw_accents(rng, METRES[pick(rng, kind.to)])}


def draw_swing(rng: np.random.Generator) -> float:
    return float(np.round(rng.uniform(0.08, 1 / 3), 3))


def _draw_range(rng: np.random.Generator, plain: bool) -> tuple[int, int]:
    singers = USUAL_SINGERS if plain else tuple(SINGERS_MIDI)
    low, high = SINGERS_MIDI[pick_weighted(rng, singers, SINGER_SHARES[: len(singers)])]
    width = int(rng.integers(11, MAX_RANGE + 1))
    bottom = int(rng.integers(low, high - width + 1))
    return bottom, bottom + width


def _draw_tune_style(
    rng: np.random.Generator,
    kind: MetreKind,
    tempo_bpm: float,
    range_midi: tuple[int, int],
    scale: tuple[int, ...],
) -> TuneStyle:
    grid = _draw_grid(rng, tempo_bpm, kind.division)
    notes_per_s = float(np.clip(np.exp(rng.normal(1.05, 0.4)), 0.9, 5.0))
    is_wordy = rng.random() < 0.12  # close to rap: many repeated notes
    if is_wordy:
        notes_per_s *= 1.4
    return TuneStyle(
        low=range_midi[0],
        high=range_midi[1],
        scale=scale,
        grid=grid,
        density=min(notes_per_s * 60 / tempo_bpm, 11 / grid),
        syncopation=float(rng.beta(1.5, 2.5)),
        anticipation=float(rng.beta(1.0, 4.0)),
        leaps=float(rng.uniform(0.3, 1.8)),
        repeats=float(rng.uniform(3, 7)) if is_wordy else float(rng.uniform(0.5, 1.8)),
        rest=float(rng.uniform(0.0, 0.5)),
        late_start=float(rng.uniform(0, 0.5)),
        staccato=pick(rng, (0.0, 0.1, 0.35)),
        division=kind.division,
    )


def _draw_grid(rng: np.random.Generator, tempo_bpm: float, division: int) -> int:
    """Finest step of the tune in ticks: sixteenths only where they are not hurried."""
    if division == 3:
        return pick_weighted(rng, (4, 2, 12), (0.8, 0.12, 0.08) if tempo_bpm < 70 else (1, 0, 0))
    if tempo_bpm < 84:
        return pick_weighted(rng, (3, 6, 4), (0.5, 0.42, 0.08))
    if tempo_bpm < 108:
        return pick_weighted(rng, (3, 6, 4), (0.3, 0.64, 0.06))
    return pick_weighted(rng, (6, 12), (0.85, 0.15))
