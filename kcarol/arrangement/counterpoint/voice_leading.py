"""What a voicing of a chord costs, and the way from one voicing to the next.

The rules are those of four-part writing as it is taught (for instance Piston, "Harmony"): complete
chords, no doubled leading note or seventh, small steps, no parallel fifths and octaves.
Voicings are arrays (K, 4) of MIDI pitches: soprano, alto, tenor, bass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kcarol.arrangement.counterpoint.harmony import SoundingChord
from kcarol.transcription.lead_sheet import Span

# MIDI: where each voice sings; the soprano's where it is free, since the tune rests
RANGES = {"soprano": (64, 77), "alto": (52, 74), "tenor": (48, 67), "bass": (41, 60)}
SOPRANO, ALTO, TENOR, BASS = range(4)
MIDDLE = np.array([70, 64, 57, 47])  # MIDI: where each voice sounds best
MOST_VOICINGS = 40  # of a chord, the cheapest
LEAST_VOICINGS = 4  # over each bass note
PAIRS = tuple(combinations(range(4), 2))
OUTER = PAIRS.index((SOPRANO, BASS))
UPPER, LOWER = (np.array(voices) for voices in zip(*PAIRS, strict=True))


@dataclass(frozen=True)
class VoicingCosts:
    """Of one voicing."""

    # a tone of the chord that no voice has, and one that a voice too many has; by semitones above
    # the root
    missing: tuple[float, ...] = (3, 0, 5, 8, 8, 8, 6, 1.2, 6, 4, 6, 6)
    doubled: tuple[float, ...] = (0, 0, 2, 0.8, 1.8, 2.5, 4, 0.6, 3, 2.5, 10, 10)
    doubled_leading_note: float = 14.0
    third_in_bass: float = 0.9  # and for each beat that it sounds
    third_in_bass_beat: float = 0.25
    fifth_in_bass: float = 4.0
    seventh_in_bass: float = 5.0
    not_the_written_bass: float = 7.0  # of a slash chord
    clash_with_tune: float = 7.0  # of the bass
    inverted_cadence: float = 2.5
    inverted_at_rest: float = 10.0  # first and last chord of the song
    crossing: float = 25.0  # above the lowest note of the tune
    unison: float = 2.0
    unison_with_tune: float = 3.0
    wide: float = 0.5  # each semitone beyond an octave between soprano and alto
    low_gap: float = 0.3  # each semitone beyond an octave and a fifth between tenor and bass
    semitone_cluster: float = 2.0
    off_middle: float = 0.04  # each semitone


@dataclass(frozen=True)
class MotionCosts:
    """Of the way from one voicing to the next."""

    semitone: float = 0.25  # of alto, tenor and free soprano
    leap: float = 1.5  # beyond a third
    wide_leap: float = 4.0  # beyond a fifth
    tritone: float = 1.5
    bass: tuple[float, ...] = (
        0,
        0,
        0,
        0.5,
        0.5,
        0.8,
        2.5,
        0.8,
        1.5,
        1.5,
        9,
        9,
        1.2,
    )  # by semitones
    beyond_octave: float = 12.0  # of the bass
    parallel: float = 7.0  # fifths or octaves between any two voices
    parallel_outer: float = 60.0
    hidden_outer: float = 3.0  # reached by similar motion and a leap of the soprano
    all_one_way: float = 1.5
    overlap: float = 1.0
    moved_within_chord: float = 0.8
    unresolved: float = 4.0  # leading note or seventh at a cadence


VOICING, MOTION = VoicingCosts(), MotionCosts()


@dataclass(frozen=True)
class Slot(Span):
    """A stretch in which alto, tenor and bass hold one note each."""

    chord: SoundingChord
    tune: tuple[int, ...]  # MIDI pitches in it, in order; empty: the tune rests
    main: int | None  # the pitch sung longest
    leading_note: int  # pitch class
    sings_leading_note: bool = False  # the tune, for longer than an eighth
    closes: bool = False  # the last chord of a phrase, or the one before it
    is_at_rest: bool = False  # begins or ends the song

    @property
    def weight(self) -> float:
        """Beats, in halves, up to a bar of four."""
        return min(4.0, round(2 * self.length) / 2)

    @property
    def key(self) -> tuple:
        """What its voicings depend on."""
        tune = self.tune, self.main, self.leading_note, self.sings_leading_note
        return *self.chord.name, *tune, self.weight, self.closes, self.is_at_rest


# --- one voicing


def voicings_of(slot: Slot) -> tuple[np.ndarray, np.ndarray]:
    """The cheapest voicings (K, 4) of a slot, under the tune's main note, and their costs (K,)."""
    tones = slot.chord.pitch_classes or slot.chord.full_classes
    basses = {*tones, slot.chord.bass_class}
    main = () if slot.main is None else (slot.main,)
    soprano = main or _pitches(tones, "soprano")
    voices = np.stack(
        np.meshgrid(
            soprano,
            _pitches(tones, "alto"),
            _pitches(tones, "tenor"),
            _pitches(basses, "bass"),
            indexing="ij",
        ),
        axis=-1,
    ).reshape(-1, 4)
    voices = voices[_is_possible(voices, is_free=not main)]
    cost = (
        _tone_cost(voices, slot) + _bass_cost(voices[:, BASS], slot) + _spacing_cost(voices, slot)
    )
    order = np.argsort(cost, kind="stable")
    by_bass = [order[voices[order, BASS] == bass] for bass in np.unique(voices[:, BASS])]
    best = np.unique(
        np.concatenate([order[:MOST_VOICINGS], *(some[:LEAST_VOICINGS] for some in by_bass)])
    )
    return voices[best], cost[best]


def _pitches(pitch_classes: Iterable[int], voice: str) -> list[int]:
    lowest, highest = RANGES[voice]
    return [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in pitch_classes]


def _is_possible(voices: np.ndarray, is_free: bool) -> np.ndarray:
    """(K,) alto, tenor and bass in order, within an octave (a twelfth and more from the bass)."""
    soprano, alto, tenor, bass = voices.T
    possible = (alto >= tenor) & (alto - tenor <= 12) & (tenor >= bass)
    return possible & (soprano > alto) & (soprano - alto <= 12) if is_free else possible


def _tone_cost(voices: np.ndarray, slot: Slot) -> np.ndarray:
    """(K,) of tones of the chord that are missing, or sung by too many voices."""
    chord = slot.chord
    cost = np.zeros(len(voices))
    for pc in chord.pitch_classes:
        step = (pc - chord.root) % 12
        has = voices % 12 == pc
        if slot.sings_leading_note and pc == slot.leading_note:
            has[:, SOPRANO] = True
        is_leading = pc == slot.leading_note or (chord.quality == "7" and step == 4)
        doubled = VOICING.doubled_leading_note if is_leading else VOICING.doubled[step]
        sung = has.sum(1)
        cost += np.where(sung == 0, VOICING.missing[step], doubled * (sung - 1))
    return cost


def _bass_cost(bass: np.ndarray, slot: Slot) -> np.ndarray:
    """(K,) of the tone in the bass."""
    chord, costs = slot.chord, VOICING
    by_class = np.zeros(12)
    for pc in chord.full_classes:
        step = (pc - chord.root) % 12
        third = costs.third_in_bass + costs.third_in_bass_beat * slot.weight
        fifth = costs.fifth_in_bass
        by_class[pc] = 0 if step == 0 else third if step in (3, 4) else fifth
        by_class[pc] += (costs.seventh_in_bass - fifth) * (step in (2, 5, 10, 11))
    if chord.bass is not None:
        by_class[:] = costs.not_the_written_bass
    by_class[chord.bass_class] = 0
    is_inverted = np.arange(12) != chord.bass_class
    by_class += (
        costs.inverted_at_rest * slot.is_at_rest + costs.inverted_cadence * slot.closes
    ) * is_inverted
    if slot.main is not None and chord.omitted:
        by_class += [costs.clash_with_tune * (pc in chord.omitted) for pc in range(12)]
    return by_class[bass % 12]


def _spacing_cost(voices: np.ndarray, slot: Slot) -> np.ndarray:
    """(K,) of crossing, unisons, and gaps."""
    soprano, alto, tenor, bass = voices.T
    costs = VOICING
    lowest = min(slot.tune, default=99)
    return (
        costs.crossing * (alto > lowest)
        + costs.unison_with_tune * (alto == soprano)
        + costs.unison * ((alto == tenor) + 1.0 * (tenor == bass))
        + costs.semitone_cluster * (alto - tenor == 1)
        + costs.wide * (soprano - alto - 12).clip(0)
        + costs.low_gap * (tenor - bass - 19).clip(0)
        + costs.off_middle * np.abs(voices - MIDDLE)[:, ALTO if slot.tune else SOPRANO :].sum(1)
    )


# --- from one voicing to the next


def motion_cost(
    before: np.ndarray, after: np.ndarray, slots: tuple[Slot, Slot], is_free: bool
) -> np.ndarray:
    """(K, L) costs of the ways from voicings (K, 4) to voicings (L, 4).

    `is_free`: the soprano's way counts as the alto's and the tenor's do.
    """
    before, after = before.T[:, :, None], after.T[:, None]  # (4, K, 1) and (4, 1, L)
    moved = after - before  # (4, K, L)
    inner = moved[SOPRANO if is_free else ALTO : BASS]
    cost = STEP_COST[np.abs(inner)].sum(0) + BASS_COST[np.abs(moved[BASS])]
    cost += _parallel_cost(before, after, moved) + _direction_cost(before, after, moved)
    if is_same_harmony(*slots):
        cost += MOTION.moved_within_chord * (inner != 0).sum(0)
    if is_dominant_to_tonic(*slots):
        cost += _resolution_cost(before, moved, slots[0].chord.root)
    return cost


def is_same_harmony(before: Slot, after: Slot) -> bool:
    return (before.chord.root, before.chord.quality) == (after.chord.root, after.chord.quality)


def is_dominant_to_tonic(before: Slot, after: Slot) -> bool:
    """Whether a chord with a leading note falls by a fifth."""
    root = before.chord.root
    is_major = (root + 4) % 12 in before.chord.pitch_classes
    return is_major and (root - after.chord.root) % 12 == 7


def _step_costs() -> np.ndarray:
    """Of intervals (48,) of an inner voice."""
    apart = np.arange(48)
    return (
        MOTION.semitone * apart
        + MOTION.leap * (apart > 4)
        + MOTION.wide_leap * (apart > 7)
        + MOTION.tritone * (apart == 6)
    )


STEP_COST = _step_costs()
BASS_COST = np.array([*MOTION.bass, *[MOTION.beyond_octave] * 12])


def _parallel_cost(before: np.ndarray, after: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Of fifths and octaves that follow fifths and octaves, in any direction."""
    left = (before[UPPER] - before[LOWER]) % 12  # (6, K, 1)
    reached = (after[UPPER] - after[LOWER]) % 12  # (6, 1, L)
    is_perfect = (reached == 0) | (reached == 7)
    has_moved = moved != 0
    parallel = (left == np.where(is_perfect, reached, -1)) & has_moved[UPPER] & has_moved[LOWER]
    upper, bass = moved[SOPRANO], moved[BASS]
    hidden = is_perfect[OUTER] & (upper * bass > 0) & (np.abs(upper) > 2)
    return (
        MOTION.parallel * parallel.sum(0)
        + (MOTION.parallel_outer - MOTION.parallel) * parallel[OUTER]
        + MOTION.hidden_outer * hidden
    )


def _direction_cost(before: np.ndarray, after: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Of voices that all go one way, and of voices beyond where their neighbours were."""
    one_way = (moved > 0).all(0) | (moved < 0).all(0)
    overlap = (after[1:] > before[:-1]) | (after[:-1] < before[1:])
    return MOTION.all_one_way * one_way + MOTION.overlap * overlap.sum(0)


def _resolution_cost(before: np.ndarray, moved: np.ndarray, root: int) -> np.ndarray:
    """Of leading notes that do not rise and sevenths that do not fall by a step."""
    lower, moved = before[ALTO:] % 12, moved[ALTO:]
    stuck_low = (lower == (root + 4) % 12) & ((moved < 0) | (moved > 1))
    stuck_high = (lower == (root + 10) % 12) & ((moved > 0) | (moved < -2))
    return MOTION.unresolved * (stuck_low | stuck_high).sum(0)
