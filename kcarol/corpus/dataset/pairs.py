"""Pairs of pop and carol, drawn by seed: sound, truth and style of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.bands import synth_role
from kcarol.corpus.arrangement.carol import render_carol
from kcarol.corpus.arrangement.carol_styles import CarolStyle, draw_style
from kcarol.corpus.arrangement.pop import PopArrangement, arrange_pop
from kcarol.corpus.arrangement.realised_sheet import as_played
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.mixing.degradation import drift_pitch
from kcarol.corpus.mixing.dynamics import amplifier
from kcarol.corpus.mixing.mix import mix
from kcarol.corpus.mixing.settings import MixSettings
from kcarol.corpus.synthesis import render, speech
from kcarol.corpus.synthesis.drum_machine import DrumKit, play_drums
from kcarol.corpus.synthesis.formant_voice import synthesise_singing
from kcarol.corpus.synthesis.oscillators import play_synth
from kcarol.corpus.synthesis.patches import Patch
from kcarol.corpus.synthesis.render import (
    TRAINING_SOUNDFONTS,
    VALIDATION_SOUNDFONT,
    RenderError,
    render_parts,
)
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.speech import TRAINING_SPEAKERS, VALIDATION_SPEAKERS, Speaker
from kcarol.corpus.synthesis.world_voice import choose, sing_words
from kcarol.dataset.labels import Labels
from kcarol.transcription.lead_sheet import LeadSheet, Part, Stroke, TimeGrid

# General MIDI program: share of songs in which it goes through an amplifier of our own, so that
# chords distort as one
AMPLIFIED = {26: 0.15, 27: 0.3, 28: 0.3, 29: 0.7, 30: 0.7, 84: 0.4, 17: 0.2, 4: 0.1}
# share of sung parts whose syllables were spoken by espeak-ng; the formant voice sings the others
SPOKEN = 0.5
# shares of these: tunes sung twice over, backing voices sung by several
DOUBLED, CHORAL = 0.12, 0.35
PLAYED_VIBRATO = 0.4  # share of sampled tunes whose pitch swings: samples hold it as no player does
SONGS_PER_STYLE = 2  # one is the other's style reference
VALIDATION_SEED = 1 << 40  # seeds from here on: held-out compositions, soundfont and speakers


@dataclass(frozen=True)
class Pair:
    """One song as pop and as carol, both (T,) float32, on one time grid."""

    pop: np.ndarray
    carol: np.ndarray
    labels: Labels
    style: CarolStyle
    title: str


def missing() -> str | None:
    """What rendering pairs lacks on this machine, with the way to get it, in one line; None if
    nothing.
    """
    return render.available() or speech.available()


def is_validation(seed: int) -> bool:
    return seed >= VALIDATION_SEED


def _play(
    part: Part,
    kind: str,
    arrangement: PopArrangement,
    length_s: float,
    rate: int,
    soundfont: str,
    singer: Singer,
    rng: np.random.Generator,
    stereo: bool = False,
    speakers: Sequence[Speaker] = (),
    lead: Speaker | None = None,
) -> np.ndarray:
    """One part's stem, (T,): its place in the room is the mix's business. With `stereo`, sampled
    drums are (2, T).
    """
    strokes = arrangement.tuned_strokes(part.name)
    if kind in ("voice", "rap"):
        own = singer if part.name in arrangement.tune_parts else None
        if speakers:
            return _sing_part(strokes, kind, length_s, rate, rng, own, speakers, lead)
        return synthesise_singing(
            strokes, length_s, rate, rng, own, style="sung" if kind == "voice" else "rap"
        )
    if kind == "synth":
        return play_synth(strokes, Patch.draw(rng, synth_role(part.name)), length_s, rate, rng)
    if kind == "drumsynth":
        return play_drums(part.strokes, DrumKit.draw(rng), length_s, rate, rng)
    tuning = 0.0 if part.is_drums else arrangement.tuning_cents
    sampled = render_parts((part,), length_s, rate, soundfont, tuning)
    if stereo and part.is_drums:
        return sampled
    sampled = sampled.mean(axis=0)
    if part.program in AMPLIFIED and not part.is_drums and rng.random() < AMPLIFIED[part.program]:
        sampled = amplifier(
            sampled, rate, float(rng.uniform(6, 34)), float(rng.uniform(2500, 6500))
        )
    if part.name in arrangement.tune_parts and rng.random() < PLAYED_VIBRATO:
        return drift_pitch(
            sampled,
            rate,
            float(rng.uniform(4, 40)),
            float(rng.uniform(3.5, 7.0)),
            float(rng.random()),
        )
    return sampled


def _sing_part(
    strokes: Sequence[Stroke],
    kind: str,
    length_s: float,
    rate: int,
    rng: np.random.Generator,
    singer: Singer | None,
    speakers: Sequence[Speaker],
    lead: Speaker | None,
) -> np.ndarray:
    """A sung part (T,): the tune, which has a `singer`, in the words of `lead` or by the formant
    voice; others by either.
    """
    spoken, several = (
        lead is not None if singer else rng.random() < SPOKEN,
        rng.random() < (DOUBLED if singer else CHORAL),
    )
    style = "rap" if kind == "rap" else "sung"
    if not spoken:
        return synthesise_singing(strokes, length_s, rate, rng, singer, style)
    if several and kind == "voice":
        style = "double" if singer else "choir"
    return sing_words(strokes, length_s, rate, rng, singer, style, (lead,) if singer else speakers)


def render_pop(
    arrangement: PopArrangement,
    length_s: float,
    sample_rate: int,
    soundfont: str,
    rng: np.random.Generator,
    settings: MixSettings | None = None,
    stereo: bool = False,
    speakers: Sequence[Speaker] = (),
) -> np.ndarray:
    """A pop arrangement as one record, mono (T,) or `stereo` (2, T), float32.

    With `speakers`, some of the sung parts are sung in their syllables; without, the formant voice
    sings them all. Raises RenderError where FluidSynth, a soundfont or what `speech` needs is
    missing.
    """
    singer = Singer.draw(rng, arrangement.voice) if arrangement.voice else Singer.draw(rng)
    if speakers and (lacking := speech.available()):
        # also where nobody speaks: otherwise a seed would work here and fail there
        raise RenderError(lacking)
    lead = choose(speakers, singer, rng) if speakers and rng.random() < SPOKEN else None
    stems = {
        part.name: _play(
            part,
            arrangement.sounds[part.name],
            arrangement,
            length_s,
            sample_rate,
            soundfont,
            singer,
            rng,
            stereo,
            speakers,
            lead,
        )
        for part in arrangement.parts
        if part.strokes
    }
    if not stems:
        n_samples = round(length_s * sample_rate)
        return np.zeros((2, n_samples) if stereo else n_samples, np.float32)
    gains = {part.name: part.gain_db for part in arrangement.parts}
    pans = {part.name: part.pan for part in arrangement.parts}
    return mix(stems, rng, settings, sample_rate, gains, pans, stereo)


def make_pop(
    sheet: LeadSheet,
    rng: np.random.Generator,
    cfg: AudioConfig,
    soundfont: str,
    hints: Mapping | None = None,
    speakers: Sequence[Speaker] = TRAINING_SPEAKERS,
) -> tuple[np.ndarray, LeadSheet, TimeGrid]:
    """A lead sheet as a pop record, (T,) float32; the sheet as it is heard there (`as_played`); the
    time grid.
    """
    grid = TimeGrid.of(sheet, rng, drift=float(rng.choice([0.0, 0.003, 0.01, 0.02])))
    arrangement = arrange_pop(sheet, grid, rng, hints)
    pop = render_pop(arrangement, grid.length_s, cfg.sample_rate, soundfont, rng, speakers=speakers)
    return pop[: round(grid.length_s * cfg.sample_rate)], as_played(sheet, arrangement, grid), grid


def make_pair(
    sheet: LeadSheet,
    style: CarolStyle,
    rng: np.random.Generator,
    cfg: AudioConfig,
    soundfont: str,
    hints: Mapping | None = None,
    speakers: Sequence[Speaker] = TRAINING_SPEAKERS,
) -> Pair:
    """One lead sheet arranged twice on one time grid and rendered."""
    pop, sheet, grid = make_pop(sheet, rng, cfg, soundfont, hints, speakers)
    carol = render_carol(sheet, grid, style, cfg.sample_rate, grid.length_s)
    return Pair(
        pop, carol, sheet_labels(sheet, grid, cfg, cfg.n_frames(len(pop))), style, sheet.title
    )


def make_pairs(
    seed: int,
    cfg: AudioConfig | None = None,
    length_s: float = 22.0,
    n: int = SONGS_PER_STYLE,
    style: CarolStyle | None = None,
) -> list[Pair]:
    """`n` songs in one carol style, all drawn from `seed`, the style too unless it is given.

    Seeds from VALIDATION_SEED on share nothing with the others. The same sound whatever was
    rendered before.
    """
    render.renew()
    cfg, rng, held_out = cfg or AudioConfig(), np.random.default_rng(seed), is_validation(seed)
    style = style or draw_style(rng)
    fonts = (VALIDATION_SOUNDFONT,) if held_out else TRAINING_SOUNDFONTS
    speakers = VALIDATION_SPEAKERS if held_out else TRAINING_SPEAKERS
    return [
        make_pair(
            draw_sheet(rng, length_s, validation=held_out),
            style,
            rng,
            cfg,
            str(rng.choice(fonts)),
            speakers=speakers,
        )
        for _ in range(n)
    ]
