"""A pop arrangement as a record: each part sung, synthesised or sampled, then mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.corpus.arrangement.pop.arrange import PopArrangement
from kcarol.corpus.arrangement.pop.bands import synth_role
from kcarol.corpus.mixing.degradation import drift_pitch
from kcarol.corpus.mixing.dynamics import amplifier
from kcarol.corpus.mixing.mix import mix
from kcarol.corpus.mixing.settings import MixSettings
from kcarol.corpus.synthesis import speech
from kcarol.corpus.synthesis.drum_machine import DrumKit, play_drums
from kcarol.corpus.synthesis.formant_voice import synthesise_singing
from kcarol.corpus.synthesis.oscillators import play_synth
from kcarol.corpus.synthesis.patches import Patch
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.speech import Speaker
from kcarol.corpus.synthesis.world_voice import choose, sing_words
from kcarol.synthesis.render import RenderError, render_parts
from kcarol.transcription.lead_sheet import Part, SungVowel

# General MIDI program: share of songs in which it goes through an amplifier of our own, so that
# chords distort as one
AMPLIFIED = {26: 0.15, 27: 0.3, 28: 0.3, 29: 0.7, 30: 0.7, 84: 0.4, 17: 0.2, 4: 0.1}
# share of sung parts whose syllables were spoken by espeak-ng; the formant voice sings the others
SPOKEN = 0.5
# shares of these: tunes sung twice over, backing voices sung by several
DOUBLED, CHORAL = 0.12, 0.35
PLAYED_VIBRATO = 0.4  # share of sampled tunes with vibrato, which samples lack


def render_pop(
    arrangement: PopArrangement,
    length_s: float,
    sample_rate: int,
    soundfont: str,
    rng: np.random.Generator,
    settings: MixSettings | None = None,
    stereo: bool = False,
    speakers: Sequence[Speaker] = (),
    text_: list[SungVowel] | None = None,
) -> np.ndarray:
    """A pop arrangement as one record, mono (T,) or `stereo` (2, T), float32.

    With `speakers`, some of the sung parts are sung in their syllables; without, the formant voice
    sings them all. `text_` gets what is sung of the tune. Raises RenderError where FluidSynth, a
    soundfont or what `speech` needs is missing.
    """
    singer = Singer.draw(rng, arrangement.voice)
    if speakers and (lacking := speech.available()):
        # checked even if nobody sings words, so that all seeds fail alike
        raise RenderError(lacking)
    lead = choose(speakers, singer, rng) if speakers and rng.random() < SPOKEN else None
    text = [] if text_ is None else text_
    studio = _Studio(
        arrangement, length_s, sample_rate, soundfont, rng, stereo, singer, speakers, lead, text
    )
    stems = {part.name: studio.stem(part) for part in arrangement.parts if part.strokes}
    if not stems:
        n_samples = round(length_s * sample_rate)
        return np.zeros((2, n_samples) if stereo else n_samples, np.float32)
    gains_db = {part.name: part.gain_db for part in arrangement.parts}
    pans = {part.name: part.pan for part in arrangement.parts}
    return mix(stems, rng, settings, sample_rate, gains_db, pans, stereo)


@dataclass(frozen=True)
class _Studio:
    """Plays the parts of an arrangement one by one; the mix places them in a room."""

    arrangement: PopArrangement
    length_s: float
    sample_rate: int
    soundfont: str
    rng: np.random.Generator
    stereo: bool  # whether sampled drums stay in stereo
    singer: Singer  # of the tune
    speakers: Sequence[Speaker]
    lead: Speaker | None  # voice of the tune's syllables; None: the formant voice
    text: list[SungVowel]  # gets what is sung of the tune

    def stem(self, part: Part) -> np.ndarray:
        """(T,), or (2, T) for sampled drums in stereo."""
        kind = self.arrangement.sounds[part.name]
        length_s, rate = self.length_s, self.sample_rate
        if kind in ("voice", "rap"):
            return self._sung(part, "rap" if kind == "rap" else "sung")
        if kind == "synth":
            patch = Patch.draw(self.rng, synth_role(part.name))
            strokes = self.arrangement.tuned_strokes(part.name)
            return play_synth(strokes, patch, length_s, rate, self.rng)
        if kind == "drumsynth":
            return play_drums(part.strokes, DrumKit.draw(self.rng), length_s, rate, self.rng)
        return self._sampled(part)

    def _sung(self, part: Part, style: str) -> np.ndarray:
        """The tune in the words of `lead` or by the formant voice; other parts by either."""
        rng = self.rng
        strokes = self.arrangement.tuned_strokes(part.name)
        is_tune = part.name in self.arrangement.tune_parts
        singer = self.singer if is_tune else None
        take = (strokes, self.length_s, self.sample_rate, rng, singer)
        text = self.text if is_tune else None
        if not self.speakers:
            return synthesise_singing(*take, style, text)
        is_spoken = self.lead is not None if is_tune else rng.random() < SPOKEN
        has_several = rng.random() < (DOUBLED if is_tune else CHORAL)
        if not is_spoken:
            return synthesise_singing(*take, style, text)
        if has_several and style == "sung":
            style = "double" if is_tune else "choir"
        speakers = (self.lead,) if is_tune else self.speakers
        return sing_words(*take, style, speakers, text)

    def _sampled(self, part: Part) -> np.ndarray:
        """The part by the soundfont, some instruments through an amplifier, tunes with vibrato."""
        rng, rate = self.rng, self.sample_rate
        tuning = None if part.is_drums else self.arrangement.tuning_at
        wave = render_parts((part,), self.length_s, rate, self.soundfont, tuning)
        if part.is_drums:
            return wave if self.stereo else wave.mean(axis=0)
        wave = wave.mean(axis=0)
        if part.program in AMPLIFIED and rng.random() < AMPLIFIED[part.program]:
            wave = amplifier(
                wave, rate, drive_db=rng.uniform(6, 34), tone_hz=rng.uniform(2500, 6500)
            )
        if part.name in self.arrangement.tune_parts and rng.random() < PLAYED_VIBRATO:
            cents, rate_hz = rng.uniform(4, 40), rng.uniform(3.5, 7.0)
            wave = drift_pitch(wave, rate, cents, rate_hz, start=rng.random())
        return wave
