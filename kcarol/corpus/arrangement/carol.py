"""The carol arranger: a deterministic function of lead sheet, time grid and style.

Everything it plays follows from what can be heard in the pop version (tune, chords, bass, beat,
groove, energy), because a network trained by mean squared error blurs whatever it cannot know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from kcarol.corpus.mixing.room import reverb
from kcarol.corpus.synthesis.render import CAROL_SOUNDFONT, render_parts
from kcarol.model.content import TUNE_CENTRE
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Part, Stroke, TimeGrid

LEGATO = 0.97  # share of a note's length that sounds
ALONE_DB = -12.0  # sleigh bells where nothing else sounds
HARMONY_LOWEST = 60  # MIDI, C4: the harmony's octave
# MIDI, G2: what lies below is doubled here, since mel bands cannot tell semitones apart there
BASS_LOWEST = 43

# General MIDI programs, numbered from 0
PIANO, CELESTA, GLOCKENSPIEL, MUSIC_BOX, VIBRAPHONE, TUBULAR_BELLS = 0, 8, 9, 10, 11, 14
CHURCH_ORGAN, REED_ORGAN, ACCORDION, NYLON_GUITAR = 19, 20, 21, 24
VIOLIN, VIOLA, CELLO, CONTRABASS, TREMOLO, PIZZICATO, HARP, TIMPANI = 40, 41, 42, 43, 44, 45, 46, 47
STRINGS, SLOW_STRINGS, CHOIR, OOHS = 48, 49, 52, 53
TRUMPET, TROMBONE, TUBA, HORN, BRASS = 56, 57, 58, 60, 61
OBOE, CLARINET, BASSOON, FLUTE, RECORDER = 68, 71, 70, 73, 74


@dataclass(frozen=True)
class Layer:
    """One instrument of a style and what it does."""

    role: str  # tune, harmony, bass, toll
    program: int
    # tune: plain; harmony and bass: hold, half, beat, arpeggio, accents, groove (beats and accents)
    pattern: str = "hold"
    shift: int = 0  # semitones above the role's own register
    gain_db: float = 0.0
    from_energy: float = 0.0  # silent in sections below
    tones: int = 4  # chord tones played at most (harmony)
    lift: float = LEGATO  # share of a stroke that sounds: less is detached


@dataclass(frozen=True)
class CarolStyle:
    """Instruments, sleigh bells and room of a carol."""

    name: str
    layers: tuple[Layer, ...]
    sleigh_db: float | None = -22.0  # None: no sleigh bells
    sleigh_every: int = 1  # beats
    rt60_s: float = 2.0
    wet: float = 0.15  # share of the hall
    damping: float = 0.6  # of the hall's treble
    tilt_db: float = 0.0  # treble against bass, dB over the whole band
    dynamics: float = 0.6  # how far energy moves loudness: 0 none, 1 by 20 dB
    # MIDI velocities between strokes on and off the groove's accents; 20 are about 5 dB
    accent: float = 24.0
    noise_db: float = -75.0  # of the room, against the loudest


def tune_shift(notes: Iterable[Note]) -> int:
    """Octaves in semitones that bring a tune's median nearest to TUNE_CENTRE."""
    pitches = [note.pitch for note in notes]
    return 0 if not pitches else 12 * round((TUNE_CENTRE - float(np.median(pitches))) / 12)


def voicing(
    pitch_classes: Iterable[int], lowest: int = HARMONY_LOWEST, tones: int = 4
) -> list[int]:
    """Each pitch class at its one place in the octave from `lowest`: common tones stay, others move
    by the smallest step.
    """
    return sorted(lowest + (pc - lowest) % 12 for pc in list(pitch_classes)[:tones])


def energy_at(sheet: LeadSheet, beat: float) -> float:
    for section in sheet.sections:
        if section.start <= beat < section.start + section.length:
            return section.energy
    return 0.6


def harmony_spans(sheet: LeadSheet) -> list[Chord]:
    """The chords, one after the other of the same tones and bass as one: a change that cannot be
    heard strikes nothing.

    Silent chords are left out.
    """
    spans: list[Chord] = []
    for chord in sheet.chords:
        if chord.silent:
            continue
        last = spans[-1] if spans else None
        if (
            last
            and set(last.pitch_classes) == set(chord.pitch_classes)
            and last.bass_class == chord.bass_class
            and abs(last.start + last.length - chord.start) < 1e-6
            and energy_at(sheet, last.start) == energy_at(sheet, chord.start)
        ):
            spans[-1] = replace(last, length=chord.start + chord.length - last.start)
        else:
            spans.append(chord)
    return spans


def _velocity(sheet: LeadSheet, style: CarolStyle, beat: float, softer: float = 0) -> int:
    """MIDI velocity of a stroke: the section's energy, the groove's accents, the first beat of the
    bar.
    """
    weight = style.accent * (0.4 if sheet.is_accented(beat) else -0.6) + (
        4 if beat % sheet.beats_per_bar < 0.01 else 0
    )
    return int(
        np.clip(
            82 + style.dynamics * 60 * (energy_at(sheet, beat) - 0.6) + weight - softer, 20, 124
        )
    )


def _stroke(
    grid: TimeGrid, start: float, length: float, pitch: int, velocity: int, lift: float = LEGATO
) -> Stroke:
    begin, end = grid.time_s(start), grid.time_s(start + length)
    return Stroke(float(begin), float(end - begin) * lift, pitch, velocity)


def _tune(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle, layer: Layer) -> list[Stroke]:
    shift = tune_shift(sheet.notes) + layer.shift
    return [
        _stroke(
            grid,
            note.start,
            note.length,
            note.pitch + shift,
            _velocity(sheet, style, note.start, -10),
            layer.lift,
        )
        for note in sheet.notes
        if energy_at(sheet, note.start) >= layer.from_energy
    ]


def _steps(sheet: LeadSheet, chord: Chord, pattern: str) -> list[tuple[float, float, int]]:
    """(start, length, number in the bar in eighths) of the strokes of one chord, in beats."""
    bar, end = sheet.beats_per_bar, chord.start + chord.length
    step = {"hold": bar, "half": bar / 2 if bar % 2 == 0 else bar, "beat": 1.0, "groove": 1.0}.get(
        pattern, 0.5
    )
    marks = [k * step for k in range(int(np.ceil(chord.start / step)), int(np.ceil(end / step)))]
    if pattern == "accents":
        marks = [mark for mark in marks if sheet.is_accented(mark)]
    elif pattern == "groove":
        eighths = (k / 2 for k in range(int(np.ceil(2 * chord.start)), int(np.ceil(2 * end))))
        marks += [mark for mark in eighths if sheet.is_accented(mark)]
    starts = sorted(
        {chord.start, *(mark for mark in marks if chord.start + 1e-6 < mark < end - 1e-6)}
    )
    return [
        (s, n - s, int(round(s % bar * 2))) for s, n in zip(starts, [*starts[1:], end], strict=True)
    ]


ARPEGGIO = (0, 1, 2, 3, 2, 1)  # order of chord tones over the eighths of a bar
ARPEGGIO_RINGS = 1.5  # beats, at most to the end of the chord


def _under(pitches: list[int], tune: int | None) -> list[int]:
    """Four-part writing: what would sound above the tune goes an octave down."""
    return (
        pitches
        if tune is None
        else sorted({pitch if pitch < tune else pitch - 12 for pitch in pitches})
    )


class _TuneAt:
    """Pitch of the carol's tune at a beat, None where it rests."""

    def __init__(self, sheet: LeadSheet):
        self.notes, self.shift = sheet.notes, tune_shift(sheet.notes)
        self.starts = np.array([note.start for note in sheet.notes])

    def __call__(self, beat: float) -> int | None:
        i = int(np.searchsorted(self.starts, beat + 1e-6)) - 1
        sounds = i >= 0 and beat < self.notes[i].start + self.notes[i].length - 1e-6
        return self.notes[i].pitch + self.shift if sounds else None


def _harmony(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle, layer: Layer) -> list[Stroke]:
    strokes, tune_at = [], _TuneAt(sheet)
    for chord in harmony_spans(sheet):
        if energy_at(sheet, chord.start) < layer.from_energy:
            continue
        pitches, end = (
            voicing(chord.pitch_classes, HARMONY_LOWEST + layer.shift, layer.tones),
            chord.start + chord.length,
        )
        for start, length, eighth in _steps(sheet, chord, layer.pattern):
            velocity = _velocity(sheet, style, start, 8)
            if layer.pattern == "arpeggio":
                ladder = [*pitches, pitches[0] + 12]
                pitch = ladder[ARPEGGIO[eighth % len(ARPEGGIO)] % len(ladder)]
                strokes.append(
                    _stroke(
                        grid, start, min(ARPEGGIO_RINGS, end - start), pitch, velocity, layer.lift
                    )
                )
            else:
                now = _under(pitches, tune_at(start))
                strokes += [
                    _stroke(grid, start, length, pitch, velocity, layer.lift) for pitch in now
                ]
    return strokes


def _bass(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle, layer: Layer) -> list[Stroke]:
    strokes = []
    for chord in harmony_spans(sheet):
        if energy_at(sheet, chord.start) < layer.from_energy:
            continue
        pitch = BASS_LOWEST + (chord.bass_class - BASS_LOWEST) % 12 + layer.shift
        for start, length, _ in _steps(sheet, chord, layer.pattern):
            strokes.append(
                _stroke(grid, start, length, pitch, _velocity(sheet, style, start, 4), layer.lift)
            )
    return strokes


def _toll(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle, layer: Layer) -> list[Stroke]:
    """A bell on the first beat of each bar: the bass note, above the harmony."""
    strokes = []
    for chord in harmony_spans(sheet):
        if energy_at(sheet, chord.start) < layer.from_energy:
            continue
        pitch = 60 + (chord.bass_class - 60) % 12 + layer.shift
        strokes += [
            _stroke(grid, start, length, pitch, _velocity(sheet, style, start, 10), layer.lift)
            for start, length, eighth in _steps(sheet, chord, "hold")
            if eighth == 0
        ]
    return strokes


ROLES = {"tune": _tune, "harmony": _harmony, "bass": _bass, "toll": _toll}


def arrange_carol(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle) -> tuple[Part, ...]:
    """The carol's parts, sleigh bells excepted (they are no General MIDI sound: see
    `sleigh_bells`).
    """
    # 0 dB: the synthesiser has no volume far above
    loudest = max((layer.gain_db for layer in style.layers), default=0.0)
    strokes = [tuple(ROLES[layer.role](sheet, grid, style, layer)) for layer in style.layers]
    return tuple(
        Part(f"{layer.role}{i}", played, layer.program, gain_db=layer.gain_db - loudest)
        for i, (layer, played) in enumerate(zip(style.layers, strokes, strict=True))
    )


def _jingle(sample_rate: int) -> np.ndarray:
    """One shake of sleigh bells: many small inharmonic bells, their strokes spread over some 30 ms."""
    rng = np.random.default_rng(25)
    t = np.arange(round(0.35 * sample_rate)) / sample_rate
    sound = np.zeros_like(t)
    for _ in range(24):
        start_s, frequency_hz, decay_s = (
            rng.uniform(0, 0.03),
            rng.uniform(2800, 7600),
            rng.uniform(0.03, 0.12),
        )
        local = t - start_s
        sound += np.where(
            local > 0, np.exp(-local / decay_s) * np.sin(2 * np.pi * frequency_hz * local), 0
        ) * rng.uniform(0.3, 1)
    return (sound / np.abs(sound).max()).astype(np.float32)


def sleigh_bells(
    sheet: LeadSheet, grid: TimeGrid, style: CarolStyle, sample_rate: int, n_samples: int
) -> np.ndarray:
    """(T,) sleigh bells: on the beat in styles that have them; on the groove's strokes where a song
    has drums alone.
    """
    out, shake = np.zeros(n_samples, np.float32), _jingle(sample_rate)
    for beat, level_db in [*_shakes(sheet, style), *_shakes_alone(sheet)]:
        at = round(float(grid.time_s(beat)) * sample_rate)
        piece = shake[: max(0, n_samples - at)]
        out[at : at + len(piece)] += 10 ** (level_db / 20) * piece
    return out


def _shakes(sheet: LeadSheet, style: CarolStyle) -> list[tuple[float, float]]:
    """(beat, level in dB) of the sleigh bells that go with everything else, as loud as the
    section's energy.
    """
    if style.sleigh_db is None:
        return []
    beats = [
        (beat, energy_at(sheet, beat)) for beat in range(0, int(sheet.n_beats), style.sleigh_every)
    ]
    return [
        (beat, style.sleigh_db + 12 * (energy - 0.8) - (3 if beat % sheet.beats_per_bar else 0))
        for beat, energy in beats
        if energy >= 0.4
    ]


def _shakes_alone(sheet: LeadSheet) -> list[tuple[float, float]]:
    """(beat, level in dB) of the sleigh bells on the groove's strokes where drums are alone: in
    every style, all that sounds.
    """
    eighths = [
        k / 2
        for chord in sheet.chords
        if chord.silent
        for k in range(
            int(np.ceil(2 * chord.start)), int(np.ceil(2 * (chord.start + chord.length)))
        )
    ]
    return [
        (beat, ALONE_DB + 12 * (energy_at(sheet, beat) - 0.8))
        for beat in eighths
        if sheet.is_accented(beat)
    ]


def _tilt(wave: np.ndarray, sample_rate: int, tilt_db: float) -> np.ndarray:
    """Straight spectral tilt over log frequency: 0 dB at 500 Hz, `tilt_db` four octaves above."""
    if tilt_db == 0:
        return wave
    n = fft.next_fast_len(len(wave), real=True)
    octaves = np.log2(np.maximum(fft.rfftfreq(n, 1 / sample_rate), 30) / 500).astype(np.float32)
    return fft.irfft(fft.rfft(wave, n) * 10 ** (tilt_db / 80 * octaves), n)[: len(wave)].astype(
        np.float32
    )


def render_carol(
    sheet: LeadSheet,
    grid: TimeGrid,
    style: CarolStyle,
    sample_rate: int,
    length_s: float | None = None,
    soundfont: str = CAROL_SOUNDFONT,
) -> np.ndarray:
    """The carol as sound: (T,) float32 mono, peak below 1, T = length_s * sample_rate."""
    length_s = grid.length_s if length_s is None else length_s
    n = round(length_s * sample_rate)
    dry = render_parts(arrange_carol(sheet, grid, style), length_s, sample_rate, soundfont).mean(
        axis=0
    )
    dry = dry / (np.sqrt((dry**2).mean()) + 1e-9) * 0.1
    dry = dry + sleigh_bells(sheet, grid, style, sample_rate, n)
    wave = reverb(dry, sample_rate, style.rt60_s, style.wet, seed=12, damping=style.damping)
    wave = _tilt(wave, sample_rate, style.tilt_db)
    wave = wave / (np.sqrt((wave**2).mean()) + 1e-9) * 0.1
    noise = np.random.default_rng(24).standard_normal(n).astype(np.float32)
    wave = wave + 10 ** (style.noise_db / 20) * noise
    return (wave / max(1.0, np.abs(wave).max() / 0.98)).astype(np.float32)


# Chosen by measurement: pooled statistics of renders against recorded carols (data/README.md has
# the table of what was tried).
# A piano strikes the chords of all of them: sustained sounds alone have no onsets, and recorded
# carols have.
STYLES: dict[str, CarolStyle] = {
    style.name: style
    for style in (
        CarolStyle(
            "bells",
            (
                Layer("tune", CELESTA, gain_db=4),
                Layer("tune", VIBRAPHONE),
                Layer("tune", GLOCKENSPIEL, gain_db=-4, from_energy=0.7),
                Layer("harmony", PIANO, "arpeggio"),
                Layer("harmony", SLOW_STRINGS, "hold", gain_db=-14),
                Layer("bass", PIANO, "accents", gain_db=-5),
                Layer("toll", TUBULAR_BELLS, gain_db=-8, from_energy=0.7),
            ),
            sleigh_db=-20.0,
        ),
        CarolStyle(
            "choir",
            (
                Layer("tune", CHOIR, gain_db=2),
                Layer("tune", OOHS, shift=-12, gain_db=-2),
                Layer("tune", HARP, gain_db=2),
                Layer("harmony", CHOIR, "accents", gain_db=-4, lift=0.6),
                Layer("harmony", PIANO, "groove", gain_db=-2),
                Layer("bass", PIANO, "accents", gain_db=-5),
            ),
            sleigh_db=None,
        ),
        CarolStyle(
            "strings",
            (
                Layer("tune", CELLO, shift=-12, gain_db=2),
                Layer("tune", PIANO, gain_db=4),
                Layer("tune", VIOLIN, gain_db=-2, from_energy=0.7),
                Layer("harmony", PIANO, "arpeggio", gain_db=-1),
                Layer("harmony", PIZZICATO, "accents", gain_db=-3),
                Layer("bass", PIANO, "accents", gain_db=-8),
                Layer("bass", CONTRABASS, "half", shift=-12, gain_db=-10, lift=0.5),
            ),
            sleigh_db=None,
        ),
        CarolStyle(
            "organ",
            (
                Layer("tune", REED_ORGAN, gain_db=-2),
                Layer("tune", TUBULAR_BELLS, shift=-12, gain_db=-3),
                Layer("tune", PIANO, gain_db=5),
                Layer("harmony", REED_ORGAN, "groove", gain_db=-10, lift=0.6),
                Layer("harmony", CHURCH_ORGAN, "groove", gain_db=-14, lift=0.6),
                Layer("harmony", PIANO, "accents", gain_db=-4),
                Layer("bass", PIANO, "accents", gain_db=-6),
                Layer("bass", PIANO, "accents", shift=-12, gain_db=-6, lift=0.6),
            ),
            sleigh_db=None,
        ),
        CarolStyle(
            "brass",
            (
                Layer("tune", HORN, gain_db=2),
                Layer("tune", FLUTE, shift=12, gain_db=-4, from_energy=0.5),
                Layer("tune", PIANO, gain_db=2),
                Layer("harmony", TROMBONE, "accents", gain_db=-9, lift=0.5),
                Layer("harmony", PIANO, "groove", gain_db=-3),
                Layer("bass", TIMPANI, "accents", gain_db=-2),
                Layer("bass", TUBA, "accents", gain_db=-9, lift=0.6),
            ),
            sleigh_db=-26.0,
        ),
        CarolStyle(
            "piano",
            (
                Layer("tune", PIANO, gain_db=6),
                Layer("tune", PIANO, shift=-12),
                Layer("harmony", PIANO, "groove", gain_db=-4),
                Layer("bass", PIANO, "groove", gain_db=-7),
            ),
            sleigh_db=None,
        ),
    )
}

# instruments that can stand for one another where a style is varied
KIN = (
    (CELESTA, GLOCKENSPIEL, MUSIC_BOX, VIBRAPHONE),
    (HARP, NYLON_GUITAR, PIANO),
    (CHOIR, OOHS),
    (CHURCH_ORGAN, REED_ORGAN),
    (VIOLIN, CELLO, STRINGS, SLOW_STRINGS),
    (HORN, TRUMPET, TROMBONE, BRASS),
    (FLUTE, OBOE, CLARINET, RECORDER),
    (PIZZICATO, CONTRABASS, TIMPANI, TUBA, BASSOON),
)


def draw_style(
    rng: np.random.Generator, name: str | None = None, spread: float = 1.0
) -> CarolStyle:
    """A style as it is (one in three) or varied: other instruments of the same kin, levels,
    patterns, bells and room.
    """
    style = STYLES[name or str(rng.choice(list(STYLES)))]
    if rng.random() < 1 / 3 or spread == 0:
        return style
    layers = tuple(_vary_layer(layer, rng) for layer in style.layers)
    sleigh = (
        style.sleigh_db
        if rng.random() < 0.6
        else (None if style.sleigh_db is not None else float(rng.uniform(-30, -20)))
    )
    return replace(
        style,
        layers=layers,
        sleigh_db=sleigh,
        rt60_s=float(rng.uniform(1.0, 2.6)),
        wet=float(rng.uniform(0.06, 0.25)),
        damping=float(rng.uniform(0.2, 1.2)),
        tilt_db=float(rng.normal(0, 3)),
        accent=style.accent + float(rng.uniform(-8, 8)),
    )


def _vary_layer(layer: Layer, rng: np.random.Generator) -> Layer:
    program, pattern = layer.program, layer.pattern
    if rng.random() < 0.4:
        program = int(rng.choice(next((kin for kin in KIN if program in kin), (program,))))
    if layer.role == "harmony" and rng.random() < 0.3:
        pattern = str(rng.choice(["half", "beat", "arpeggio", "accents", "groove"]))
    return replace(
        layer, program=program, pattern=pattern, gain_db=layer.gain_db + float(rng.normal(0, 2))
    )
