"""The pop side of the parallel corpus: a lead sheet arranged for a band, as varied as pop records are.

Everything random of a pair lives here; the carol side is a function of the sheet alone. Work goes in two steps:
players write `Event`s in beats (plain tuples), `_perform` turns them into `Stroke`s in seconds, with a human feel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kcarol.corpus.sheet import Chord, LeadSheet, Part, Section, Stroke, TimeGrid

# beat, length (beats), pitch (MIDI or drum note), velocity, delay (s)
Event = tuple[float, float, float, float, float]

KINDS = ("soundfont", "synth", "voice", "rap", "drumsynth")
TAIL_S = 2.0  # how long after the grid's end a stroke may ring
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}

# General MIDI drum notes; the first is the usual one
DRUMS: dict[str, tuple[int, ...]] = {
    "kick": (36, 35), "snare": (38, 40), "clap": (39,), "rim": (37,), "hat": (42, 44), "open": (46,), "ride": (51, 59),
    "bell": (53,), "crash": (49, 57), "shaker": (70, 69), "tamb": (54,), "cowbell": (56,), "conga": (63, 62),
    "tumba": (64,), "bongo": (60, 61), "claves": (75,), "low_tom": (43, 41), "mid_tom": (47, 45), "high_tom": (50, 48),
}  # fmt: skip
# synthesised kits know fewer drums: the nearest one that they have
SYNTH_DRUM = {35: 36, 40: 38, 44: 42, 59: 51, 53: 51, 57: 49, 69: 70, 63: 48, 62: 47, 64: 45, 60: 50, 61: 48, 75: 37}
LEVELS = {"X": 112, "x": 90, "o": 50}  # velocities of a pattern's letters
KITS = (0, 8, 16, 24, 25, 32, 40)  # General MIDI (GS) drum kits: standard, room, power, electronic, 808, jazz, brush


@dataclass(frozen=True)
class Groove:
    """A drum pattern: for each drum the energy from which it plays and rhythms to draw from, whole bars long."""

    beats: int  # a bar
    steps: int  # a beat: 4 sixteenths, 3 triplets
    lines: tuple[tuple[str, float, tuple[str, ...]], ...]
    kits: tuple[int, ...] = KITS
    synth: float = 0.3  # share of songs whose drums are synthesised


# name: metre and steps of a beat, drum kits, share of synthesised drums; then for each drum the energy from which it
# plays: rhythms to draw from, whole bars long (X accent, x stroke, o ghost)
GROOVES_TEXT = """
four_on_floor: 4 beats of 4, kits 8 24 25, synth 0.6
    kick 0.2: x...x...x...x... | x...x...x...x.o. | x...x...x...x..x
    clap 0.45: ....x.......x... | ....x.......x..o
    hat 0.3: x.o.x.o.x.o.x.o. | x.x.x.x.x.x.x.x. | xoxoxoxoxoxoxoxo | x...x...x...x... | x.xxx.x.x.xxx.x.
    open 0.6: ..x...x...x...x. | ..X...X...X...X.
    shaker 0.7: xoxoxoxoxoxoxoxo
disco: 4 beats of 4, kits 0 8 24, synth 0.2
    kick 0.2: x...x...x...x...
    snare 0.4: ....x.......x... | ....X.......X..o | ....x..o.o..x...
    hat 0.3: x.o.x.o.x.o.x.o. | xxo.xxo.xxo.xxo.
    open 0.35: ..x...x...x...x. | ..X...X...X...X.
    tamb 0.7: x.x.x.x.x.x.x.x.
    conga 0.65: ..x..x.x..x..xx.
rock: 4 beats of 4, kits 0 8 16, synth 0.1
    kick 0.3: x.......x.x..... | x.....x.x....... | x..x....x.x..... | x.x.....x.x...x.
    snare 0.45: ....x.......x... | ....X.......X..o | ....x..o.o..x...
    hat 0.2: x.o.x.o.x.o.x.o. | x.x.x.x.x.x.x.x. | x...x...x...x...
    ride 0.85: x.x.x.x.x.x.x.x. | x...x...x...x...
motown: 4 beats of 4, kits 0 8, synth 0.1
    kick 0.3: x.....x.x.....x. | x..x..x.x..x..x.
    snare 0.4: x...x...x...x... | ....x.......x...
    hat 0.25: x.o.x.o.x.o.x.o. | x.x.x.x.x.x.x.x.
    tamb 0.5: ....x.......x... | x.x.X.x.x.x.X.x.
half_time: 4 beats of 4, kits 8 16 24 25, synth 0.4
    kick 0.25: x.........x..... | x.....x......... | x..x......x...x.
    snare 0.4: ........X....... | ........x.....o.
    hat 0.25: x.x.x.x.x.x.x.x. | xxxxxxxxxxxxxxxx | x...x...x...x...
    clap 0.7: ........x.......
trap: 4 beats of 4, kits 24 25, synth 0.7
    kick 0.25: x......x..x..... | x..x......x..x.. | x.....x....x..x.
    clap 0.35: ........x....... | ........x......o
    hat 0.2: x.x.x.x.x.x.x.x. | xxx.x.xxx.x.xxx.
    open 0.7: ..............x. | ......x.........
    rim 0.6: ...x..x....x.... | ......x......x..
breakbeat: 4 beats of 4, kits 0 8 16 24, synth 0.3
    kick 0.25: x.x.......xx.... | x.........x.....x.x.......xx....
    snare 0.35: ....x..o.o..x..o | ....x..x.x..x..x
    hat 0.2: x.o.x.o.x.o.x.o. | x.x.x.x.x.x.x.x. | xoxoxoxoxoxoxoxo
    ride 0.8: x.x.x.x.x.x.x.x.
two_step: 4 beats of 4, kits 8 24 25, synth 0.5
    kick 0.25: x.........x..... | x..........x....
    snare 0.35: ....X.......X... | ....x..o....x.o.
    hat 0.2: x.xxx.xxx.xxx.xx | ..x..xx...x..xx.
    shaker 0.6: xoxoxoxoxoxoxoxo
funk: 4 beats of 4, kits 0 8, synth 0.1
    kick 0.25: x.x....x..x..x.. | x..x..x...x..x..
    snare 0.35: ....x..o.o.ox..o | ....X.o....oX...
    hat 0.2: xxxxxxxxxxxxxxxx | xoxxxoxxxoxxxox.
    open 0.6: ..............x. | ......x...x.....
    cowbell 0.8: x...x...x...x...
reggaeton: 4 beats of 4, kits 8 24 25, synth 0.6
    kick 0.2: x...x...x...x...
    snare 0.3: ...x..x....x..x. | ...x..o....x..x.
    hat 0.35: x.x.x.x.x.x.x.x. | ..x...x...x...x.
    shaker 0.55: xoxoxoxoxoxoxoxo
bossa: 4 beats of 4, kits 0 32 40, synth 0.05
    kick 0.25: x..xx..xx..xx..x | x..ox..ox..ox..o
    rim 0.25: x..x..x...x..x.. | ..x..x....x..x.....x...x..x..x..
    hat 0.3: xoxoxoxoxoxoxoxo | x.x.x.x.x.x.x.x.
    conga 0.7: ....x.......x.xx
latin: 4 beats of 4, kits 0 8, synth 0.1
    kick 0.3: x.....x.x.....x. | ......x.......x.
    claves 0.4: x..x..x...x.x... | ..x.x...x..x..x.
    conga 0.3: ....x.xx....x.xx | ..x...x...x...xx
    cowbell 0.5: x.x.x.x.x.x.x.x. | x...x...x...x...
    shaker 0.5: x.x.x.x.x.x.x.x.
    tumba 0.5: ......x.......xx
ballad: 4 beats of 4, kits 0 8 16 40, synth 0.1
    kick 0.35: x.......x....... | x......xx.......
    rim 0.35: ....x.......x... | ........x.......
    snare 0.6: ....x.......x...
    hat 0.3: x.x.x.x.x.x.x.x. | x...x...x...x...
    shaker 0.6: x.x.x.x.x.x.x.x.
brushes: 4 beats of 4, kits 40 32, synth 0
    kick 0.4: x.......x....... | x...............
    snare 0.2: o.x.o.x.o.x.o.x. | o...x.o.o...x.o.
    ride 0.5: x...x.x.x...x.x.
train: 4 beats of 4, kits 0 40 8, synth 0.05
    kick 0.3: x...x...x...x... | x.......x.......
    snare 0.25: ooxoooxoooxoooxo | ..x...x...x...x.
    hat 0.5: ..x...x...x...x. | ..X...X...X...X.
trot: 4 beats of 4, kits 0 8 24, synth 0.3
    kick 0.2: x.......x....... | x.......x.x.....
    snare 0.3: ....x.x.....x.x. | ....x.......x...
    hat 0.3: x.o.x.o.x.o.x.o. | x.x.x.x.x.x.x.x.
    tamb 0.6: ..x...x...x...x. | ..X...X...X...X.
    bongo 0.6: ....x.xx....x.xx
drum_and_bass: 4 beats of 4, kits 8 16 24, synth 0.5
    kick 0.25: x.........x..... | x....x....x.....
    snare 0.3: ....x.......x... | ....x..o.o..x...
    hat 0.2: x.x.x.x.x.x.x.x. | xoxoxoxoxoxoxoxo
    ride 0.7: x.x.x.x.x.x.x.x.
toms: 4 beats of 4, kits 0 8 16, synth 0.2
    kick 0.3: x.......x.......
    low_tom 0.2: x..x..x.x..x..x. | x.xxx.x.x.xxx.x.
    high_tom 0.5: ....x.......x.x.
    clap 0.6: ....x.......x...
    shaker 0.4: x.x.x.x.x.x.x.x.
claps: 4 beats of 4, kits 0 8 24, synth 0.3
    clap 0.2: ....x.......x... | ....x..x....x...
    kick 0.5: x.......x....... | x.....x.x.......
    tamb 0.4: x.x.x.x.x.x.x.x.
shuffle: 4 beats of 3, kits 0 8 16, synth 0.15
    kick 0.3: x.....x..x.. | x.....x..... | x....xx.....
    snare 0.4: ...x.....x.. | ...x..o..x.o
    hat 0.2: x.xx.xx.xx.x | x..x..x..x..
    ride 0.8: x.xx.xx.xx.x
swing: 4 beats of 3, kits 32 40 0, synth 0.05
    kick 0.4: o..o..o..o.. | x.....x.....
    ride 0.2: x..x.xx..x.x
    hat 0.3: ...x.....x..
    snare 0.6: ..o..o.....o | ......o..o..
waltz: 3 beats of 4, kits 0 8 32 40, synth 0.15
    kick 0.2: x........... | x.........o.
    snare 0.4: ....x...x... | ........x...
    hat 0.3: x...x...x... | x.x.x.x.x.x.
    tamb 0.7: ....x...x...
jazz_waltz: 3 beats of 4, kits 32 40 0, synth 0.05
    kick 0.3: x.....x..... | x...........
    ride 0.2: x...x.x.x... | x...x...x.x.
    hat 0.3: ....x.......
    snare 0.6: ......o...o.
waltz_rock: 3 beats of 4, kits 0 8 16, synth 0.2
    kick 0.25: x.....x..... | x.x.........
    snare 0.4: ........x... | ....x...x...
    hat 0.2: x.x.x.x.x.x.
    ride 0.85: x...x...x...
six_eight: 3 beats of 2, kits 0 8 16 40, synth 0.2
    kick 0.2: x........... | x.......x.x.
    snare 0.35: ......x..... | ......X....o
    hat 0.25: x.x.x.x.x.x. | xxxxxxxxxxxx | x.....x.....
    ride 0.8: x.x.x.x.x.x.
trap_waltz: 3 beats of 4, kits 24 25, synth 0.7
    kick 0.25: x......x.... | x..x........
    clap 0.35: ........x...
    hat 0.2: x.x.x.x.x.x. | xxx.x.xxx.xx
"""


def _parse_grooves(text: str) -> dict[str, Groove]:
    grooves: dict[str, Groove] = {}
    name = ""
    for line in text.strip().splitlines():
        head, _, tail = line.partition(":")
        if line.startswith(" "):
            drum, energy = head.split()
            rhythms = tuple(option.strip() for option in tail.split("|"))
            grooves[name] = replace(grooves[name], lines=(*grooves[name].lines, (drum, float(energy), rhythms)))
        else:
            name, (metre, kits, synth) = head, tail.split(",")
            beats, _, _, steps = metre.split()
            kits = tuple(int(kit) for kit in kits.split()[1:])
            grooves[name] = Groove(int(beats), int(steps), (), kits, float(synth.split()[1]))
    return grooves


GROOVES = _parse_grooves(GROOVES_TEXT)
NO_DRUMS = 0.07  # share of songs without drums, beside those of bands that have none


@dataclass(frozen=True)
class Comp:
    """A way of playing chords: who plays it, in which rhythms, in which voicing."""

    programs: tuple[int, ...]
    rhythms: tuple[str, ...]
    voicing: str = "close"  # close, open, guitar or power
    strum_ms: tuple[float, float] = (0.0, 0.0)  # between neighbouring strings
    length: tuple[float, float] = (0.7, 1.0)  # share of the rhythm's note that sounds


_STABS = (61, 62, 63, 55, 80, 81, 7, 27, 18, 48, 56)
_BROKEN = (0, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 24, 25, 45, 46, 88, 98, 104, 107, 108, 114)
_PADS = (44, 48, 49, 50, 51, 52, 53, 54, 88, 89, 90, 91, 92, 93, 94, 95, 99)
COMPS: dict[str, Comp] = {
    "piano": Comp((0, 1, 2, 3, 6), ("whole", "quarters", "eighths", "tresillo", "push", "charleston", "drawn")),
    "epiano": Comp((4, 5, 2, 11), ("whole", "tresillo", "push", "charleston", "drawn", "quarters"), "open"),
    "strum": Comp((24, 25, 26, 27, 15, 105), ("strum", "eighths", "sixteenths", "backbeat"), "guitar", (6, 28)),
    "power": Comp((29, 30, 28, 84), ("whole", "eighths", "drawn", "accents"), "power", (0, 6)),
    "stabs": Comp(_STABS, ("accents", "offbeats", "drawn", "charleston"), length=(0.3, 0.6)),
    "organ": Comp((16, 17, 18, 19, 20, 21, 23), ("whole", "whole", "offbeats", "eighths", "drawn"), length=(0.6, 1.0)),
    "oompah": Comp((0, 3, 21, 24, 25, 57, 60), ("backbeat", "offbeats"), "close", (0, 4), (0.3, 0.6)),
    "bossa": Comp((24, 4, 0, 26), ("bossa", "charleston", "push"), "open", (0, 10), (0.6, 0.95)),
    "arpeggio": Comp(_BROKEN, ("arpeggio",), "open", length=(0.6, 1.6)),
    "pad": Comp(_PADS, ("whole",), "open", length=(0.98, 1.05)),
}

# General MIDI programs of the other roles
PROGRAMS: dict[str, tuple[int, ...]] = {
    role: tuple(int(program) for program in programs.split())
    for role, programs in {
        "lead": "0 1 4 5 6 11 12 16 21 22 24 25 26 27 29 30 40 41 42 46 52 53 54 56 57 59 60 61 64 65 66 "
        "67 68 69 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 104 105 106 107 108 109 110 111",
        "double": "0 8 9 10 11 13 40 48 50 56 61 65 72 73 75 80 81 85 98",
        "second": "40 41 52 53 56 60 64 68 71 73 80 81 85 22 25",
        "backing": "52 53 54 85 91",
        "bass": "32 33 34 35 36 37 38 39 42 43 58 87",
        "riff": "4 6 7 8 10 11 12 13 24 25 26 27 28 30 45 62 63 65 80 81 84 98 104 106 107 108 114",
        "strings": "40 42 44 48 49 50 51 45 41",
        "counter": "11 22 40 42 48 56 57 60 64 66 68 70 71 73 75 79 85 77",
        "brass": "56 57 59 60 61 62 63 65 66",
        "solo": "0 11 16 22 26 27 29 30 40 56 57 59 64 65 66 71 73 75 80 81 84 87 104 106 110",
        "fx": "119 97 99 96 101 103 122",
        "drone": "48 50 89 92 95 109 16 20",
        "rap": "85",
        "percussion": "0",
    }.items()
}
SYNTH_ROLES = {  # part name without its number: role of the synthesised sound; others lead
    "bass": "bass", "pad": "pad", "strings": "pad", "drone": "pad", "fx": "pad", "backing": "pad", "arpeggio": "arp",
    "riff": "arp", "chords": "chords", "brass": "chords",
}  # fmt: skip


@dataclass(frozen=True)
class Band:
    """A line-up: how often it is drawn, what it plays, how likely each further part is."""

    weight: float
    synth: float  # share of synthesised parts
    voice: float  # share of sung tunes
    grooves: tuple[str, ...] = ()  # in 4/4
    comps: tuple[str, ...] = ()  # of the main chord part
    basses: tuple[int, ...] = ()
    extras: Mapping[str, float] = field(default_factory=dict)  # part: share of songs with it


# name: share of songs; drums in 4/4; main chord part; basses; share of synthesised parts and of sung tunes; further
# parts with the share of songs that have them
BANDS_TEXT = """
idol: weight 3, synth 0.6, voice 0.8
    grooves: four_on_floor half_time trap two_step breakbeat reggaeton funk
    comps: stabs epiano piano arpeggio
    basses: 38 39 33 36 87
    extras: pad 0.6, arpeggio 0.4, riff 0.5, second 0.5, fx 0.6, backing 0.4, rap 0.4, percussion 0.4
edm: weight 1.5, synth 0.85, voice 0.6
    grooves: four_on_floor trap drum_and_bass half_time
    comps: stabs pad piano arpeggio
    basses: 38 39 87
    extras: pad 0.7, arpeggio 0.6, riff 0.6, fx 0.8, double 0.3
ballad: weight 2, synth 0.05, voice 0.8
    grooves: ballad half_time brushes rock
    comps: piano piano epiano arpeggio
    basses: 32 33 35
    extras: pad 0.6, strings 0.7, second 0.3, counter 0.4, chords2 0.3, backing 0.3
rock: weight 1.5, synth 0.05, voice 0.7
    grooves: rock half_time motown toms train shuffle
    comps: power strum piano organ
    basses: 33 34
    extras: chords2 0.6, riff 0.6, second 0.4, double 0.2, percussion 0.2, solo 0.6
folk: weight 1.2, synth 0, voice 0.7
    grooves: train claps brushes ballad shuffle
    comps: strum strum arpeggio oompah
    basses: 32 33 35
    extras: chords2 0.4, second 0.5, counter 0.4, strings 0.2, percussion 0.3
rnb: weight 1.3, synth 0.35, voice 0.85
    grooves: half_time trap two_step funk ballad swing
    comps: epiano epiano pad arpeggio
    basses: 33 35 38 39
    extras: pad 0.5, second 0.6, backing 0.6, fx 0.3, rap 0.4, counter 0.3
city: weight 1.2, synth 0.2, voice 0.7
    grooves: disco funk motown four_on_floor shuffle
    comps: epiano strum stabs
    basses: 33 34 36 37 38
    extras: chords2 0.7, strings 0.6, brass 0.6, riff 0.4, percussion 0.5, second 0.3
latin: weight 0.9, synth 0.1, voice 0.6
    grooves: bossa latin reggaeton
    comps: bossa strum piano
    basses: 32 33 35
    extras: percussion 0.5, brass 0.3, counter 0.4, solo 0.5
jazz: weight 0.7, synth 0, voice 0.5
    grooves: swing brushes bossa
    comps: piano bossa organ
    basses: 32 35
    extras: counter 0.3, brass 0.3, solo 0.7, second 0.2
trot: weight 1.1, synth 0.2, voice 0.75
    grooves: trot disco train motown
    comps: oompah organ stabs
    basses: 33 34 38
    extras: brass 0.5, counter 0.6, riff 0.3, strings 0.4, second 0.3, double 0.3
orchestra: weight 0.7, synth 0, voice 0.35
    grooves: none toms ballad
    comps: pad arpeggio piano
    basses: 42 43 32
    extras: strings 0.8, brass 0.5, counter 0.6, double 0.5, arpeggio 0.5
alone: weight 0.8, synth 0, voice 0.75
    grooves: none
    comps: piano strum arpeggio epiano organ
    basses: 0 32
    extras: second 0.15
lofi: weight 0.6, synth 0.2, voice 0.3
    grooves: breakbeat half_time ballad two_step
    comps: epiano piano arpeggio
    basses: 33 32 35 38
    extras: pad 0.4, fx 0.4, counter 0.4, chords2 0.3
wild: weight 2, synth 0.3, voice 0.6
    grooves: *
    comps: *
    basses: *
    extras: pad 0.4, arpeggio 0.3, riff 0.3, strings 0.25, brass 0.2, counter 0.25, second 0.35, double 0.25
    extras: backing 0.25, chords2 0.35, fx 0.3, rap 0.2, percussion 0.3, drone 0.12, solo 0.4
"""


def _parse_bands(text: str) -> dict[str, Band]:
    """Bands of the table above; `*` stands for all there are."""
    everything = {"grooves": tuple(GROOVES), "comps": tuple(COMPS), "basses": PROGRAMS["bass"]}
    bands: dict[str, Band] = {}
    name = ""
    for line in text.strip().splitlines():
        head, _, tail = line.strip().partition(":")
        if not line.startswith(" "):
            name, shares = head, {key: float(value) for key, value in (pair.split() for pair in tail.split(","))}
            bands[name] = Band(**shares)
        elif head == "extras":
            extras = {key: float(value) for key, value in (pair.split() for pair in tail.split(","))}
            bands[name] = replace(bands[name], extras={**bands[name].extras, **extras})
        else:
            words = tuple(int(word) if head == "basses" else word for word in tail.split() if word != "*")
            bands[name] = replace(bands[name], **{head: words or everything[head]})
    return bands


BANDS = _parse_bands(BANDS_TEXT)

# decibels of a part against the others of its side, every stem at equal loudness beforehand
GAINS_DB = {
    "drums": 1, "bass": 0, "chords": -1, "chords2": -4, "pad": -6, "arpeggio": -5, "riff": -5, "strings": -6,
    "counter": -6, "brass": -6, "percussion": -7, "backing": -6, "fx": -12, "drone": -12,
}  # fmt: skip
TUNE_SIDE_DB = {"lead": 0, "lead2": 0, "second": -6, "double": -7, "solo": -1, "rap": 0}


@dataclass(frozen=True)
class PopArrangement:
    """What a pop band plays of a lead sheet.

    `gain_db` of the parts holds for stems of equal loudness: then the band without the tune sums to 0 dB and the tune
    lies `tune_level_db` above it. `sounds` says for each part's name what makes its sound, one of `KINDS`; parts of
    kind "voice" and "rap" have one note at a time. Solo, rap, riffs and counter-melodies are not tune.
    """

    parts: tuple[Part, ...]
    sounds: dict[str, str]  # part name: one of KINDS
    groove: str  # a key of GROOVES, or "none"
    band: str  # a key of BANDS
    tuning_cents: float  # of the whole band
    tune_level_db: float
    voice: str | None  # "female", "male", None: the tune is played
    tune_parts: tuple[str, ...] = ("lead",)  # parts that together carry the sheet's notes

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name), None)

    def tuned_strokes(self, name: str) -> tuple[Stroke, ...]:
        """Strokes of a part moved by `tuning_cents`, for sounds that cannot be tuned otherwise; drums stay."""
        part = self.part(name)
        if part is None:
            raise ValueError(f"expected a part of {', '.join(self.sounds)}, found {name!r}")
        if part.is_drums or not self.tuning_cents:
            return part.strokes
        return tuple(replace(stroke, pitch=stroke.pitch + self.tuning_cents / 100) for stroke in part.strokes)


def synth_role(name: str) -> str:
    """Role of a synthesised part by its name: lead, chords, pad, bass or arp."""
    return SYNTH_ROLES.get(name.rstrip("0123456789"), "lead")


# ---------------------------------------------------------------- what the players read


@dataclass(frozen=True)
class Bar:
    """One bar of the sheet; chords are cut at its ends."""

    index: int
    start: float  # beats
    length: float  # beats, the last bar may be short
    chords: tuple[Chord, ...]
    section: int
    energy: float
    sung: bool
    is_first: bool  # of its section
    is_last: bool

    @property
    def end(self) -> float:
        return self.start + self.length


@dataclass(frozen=True)
class Score:
    """The sheet as its players read it: bars with chords and energy, a scale for each section, accents in eighths."""

    sheet: LeadSheet
    bars: tuple[Bar, ...]
    scales: tuple[frozenset[int], ...]  # pitch classes, by section
    accents: tuple[float, ...]
    tune_midi: float  # median pitch of the tune

    @property
    def beats_per_bar(self) -> int:
        return self.sheet.beats_per_bar

    @property
    def sections(self) -> tuple[Section, ...]:
        return self.sheet.sections

    def chord_at(self, beat: float) -> Chord:
        bar = self.bars[min(max(int(beat / self.beats_per_bar), 0), len(self.bars) - 1)]
        return next((chord for chord in reversed(bar.chords) if chord.start <= beat + 1e-6), bar.chords[0])

    @classmethod
    def of(cls, sheet: LeadSheet) -> Score:
        if not sheet.chords or not sheet.sections:
            raise ValueError(
                f"a lead sheet needs chords and sections, {sheet.title!r} has {len(sheet.chords)} chords and "
                f"{len(sheet.sections)} sections: give it at least one of each"
            )
        default = (
            (1.0, 0.2, 0.5, 0.2, 0.8, 0.2, 0.5, 0.3) if sheet.beats_per_bar == 4 else (1.0, 0.2, 0.5, 0.2, 0.6, 0.2)
        )
        accents = sheet.accents if len(sheet.accents) == 2 * sheet.beats_per_bar else default
        tune_midi = float(np.median([note.pitch for note in sheet.notes])) if sheet.notes else 66.0
        return cls(
            sheet, _bars(sheet), tuple(_scale(sheet, section) for section in sheet.sections), tuple(accents), tune_midi
        )


def _bars(sheet: LeadSheet) -> tuple[Bar, ...]:
    n, bars, chord_index = sheet.beats_per_bar, [], 0
    n_bars = max(1, int(np.ceil(sheet.n_beats / n - 1e-6)))
    section_of = [_section_at(sheet, min((i + 0.5) * n, sheet.n_beats - 1e-3)) for i in range(n_bars)]
    for i in range(n_bars):
        start, end = i * n, min((i + 1) * n, sheet.n_beats)
        while chord_index + 1 < len(sheet.chords) and sheet.chords[chord_index + 1].start <= start + 1e-6:
            chord_index += 1
        chords, k = [], chord_index
        while k < len(sheet.chords) and sheet.chords[k].start < end - 1e-6:
            chord = sheet.chords[k]
            first, last = max(chord.start, start), min(chord.start + chord.length, end)
            chords.append(replace(chord, start=first, length=max(last - first, 1e-3)))
            k += 1
        s = section_of[i]
        section = sheet.sections[s]
        edges = i == 0 or section_of[i - 1] != s, i == n_bars - 1 or section_of[i + 1] != s
        bars.append(Bar(i, start, end - start, tuple(chords), s, section.energy, section.sung, *edges))
    return tuple(bars)


def _section_at(sheet: LeadSheet, beat: float) -> int:
    return max((i for i, section in enumerate(sheet.sections) if section.start <= beat), default=0)


def _scale(sheet: LeadSheet, section: Section) -> frozenset[int]:
    """Scale of a section: the sheet's, or shifted where the section's chords and notes say that the key has changed."""
    end = section.start + section.length
    heard = [pc for c in sheet.chords if section.start <= c.start < end for pc in c.pitch_classes]
    heard += [note.pitch % 12 for note in sheet.notes if section.start <= note.start < end]
    scales = [
        frozenset((sheet.key + shift + step) % 12 for step in SCALES[sheet.mode]) for shift in (0, 1, 2, 3, -1, -2)
    ]
    return max(scales, key=lambda scale: sum(pc in scale for pc in heard))  # the first one where equal: no change


# ---------------------------------------------------------------- small tools


def _pick(rng: np.random.Generator, items: Sequence):
    return items[int(rng.integers(len(items)))]


def _pick_weighted(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    names = list(weights)
    edges = np.cumsum([weights[name] for name in names])
    return names[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]


def _near(pitch_class: int, centre: float) -> int:
    """MIDI pitch of a pitch class nearest to `centre`."""
    return int(pitch_class + 12 * round((centre - pitch_class) / 12))


def _step(pitch: float, steps: int, scale: Iterable[int]) -> int:
    """MIDI pitch `steps` degrees of the scale above (below: negative) `pitch`."""
    pitch, direction = int(pitch), 1 if steps > 0 else -1
    for _ in range(abs(steps)):
        pitch += direction
        while pitch % 12 not in scale:
            pitch += direction
    return pitch


def _voicing(chord: Chord, centre: float, kind: str) -> tuple[int, ...]:
    """MIDI pitches of a chord around `centre`, low to high."""
    pcs = chord.pitch_classes
    if kind == "power":
        root = _near(chord.root, centre - 12)
        return (root, root + (pcs[2] - pcs[0]) % 12, root + 12)
    if kind == "guitar":
        pitch, strings = _near(chord.bass_class, 43) - 1, []
        while len(strings) < 5:
            pitch += 1
            if pitch % 12 in pcs and (not strings or pitch - strings[-1] >= 3):
                strings.append(pitch)
        return tuple(strings)
    close = sorted(_near(pc, centre) for pc in pcs)
    if kind == "open" and len(close) > 2:
        close = sorted([close[0], close[1] - 12, *close[2:]])
    return tuple(close)


def _sections_played(score: Score, rng: np.random.Generator, threshold: float) -> frozenset[int]:
    """Sections whose energy, give or take, reaches `threshold`."""
    noise = rng.normal(0, 0.1, len(score.sections))
    return frozenset(i for i, section in enumerate(score.sections) if section.energy + noise[i] >= threshold)


def _velocity(energy: float, strength: float) -> float:
    return (48 + 52 * energy) * (0.7 + 0.4 * strength)


# ---------------------------------------------------------------- drums


def _draw_lines(groove: Groove, score: Score, rng: np.random.Generator) -> list[tuple[str, int, float, str]]:
    """One rhythm for each drum (name, note, threshold, pattern), the kick made to follow the sheet's accents."""
    lines = []
    for name, threshold, options in groove.lines:
        pattern = _pick(rng, options)
        if name == "kick" and groove.steps == 4 and rng.random() < 0.5:
            pattern = _kick_on_accents(pattern, score, rng)
        note = DRUMS[name][int(rng.random() < 0.3) % len(DRUMS[name])]
        lines.append((name, note, threshold * rng.uniform(0.6, 1.2), pattern))
    return lines


def _kick_on_accents(pattern: str, score: Score, rng: np.random.Generator) -> str:
    steps = list(pattern)
    for i in range(0, len(steps), 2):
        accent = score.accents[(i // 2) % len(score.accents)]
        if accent > 0.65 and i % 8 != 4 and rng.random() < 0.6:
            steps[i] = "x"
        elif accent < 0.15 and steps[i] == "x" and rng.random() < 0.4:
            steps[i] = "."
    return "".join(steps)


def _drums(score: Score, rng: np.random.Generator, groove: Groove) -> list[Event]:
    """Pattern, ghost notes, hat rolls, crashes at section starts, fills before them; thin where the energy is low."""
    lines, events = _draw_lines(groove, score, rng), []
    ghosts, rolls = rng.random() * 0.25 * (rng.random() < 0.5), 0.3 * (groove is GROOVES["trap"]) + 0.05
    crash, fill_rate, entry = rng.random(), rng.uniform(0.2, 0.95), rng.uniform(-0.1, 0.45)
    period = _pick(rng, (2, 4, 8))
    for bar in score.bars:
        if bar.energy < entry:
            continue
        fills = (bar.is_last or (bar.index + 1) % period == 0 and rng.random() < 0.3) and rng.random() < fill_rate
        until = bar.end - _pick(rng, (0.5, 1, 1, 2)) if fills else bar.end
        for name, note, threshold, pattern in lines:
            if bar.energy >= threshold:
                hits = _bar_hits(pattern, groove, bar, score.sheet.swing)
                hits = [(beat, level) for beat, level in hits if beat < until - 1e-6]
                roll = rolls if name == "hat" else 0.0
                events += _hit_events(hits, note, bar, rng, roll)
        if ghosts:
            events += [(bar.start + (i + 0.5) / 2, 0.1, 38, rng.uniform(22, 42), 0.0)
                       for i in range(int(2 * bar.length)) if rng.random() < ghosts]  # fmt: skip
        if fills:
            events += _fill(until, bar.end, bar.energy, rng)
        if bar.is_first and rng.random() < crash * bar.energy * 1.5:
            events.append((bar.start, 1.0, _pick(rng, DRUMS["crash"]), 75 + 45 * bar.energy, 0.0))
    return events


def _bar_hits(pattern: str, groove: Groove, bar: Bar, swing: float) -> list[tuple[float, int]]:
    """(beat, velocity) of one drum in one bar; in swung songs triplets are written as eighths: the grid delays them."""
    n_steps = groove.beats * groove.steps
    first = (bar.index % (len(pattern) // n_steps)) * n_steps
    triplets = (0.0, 0.25, 0.5) if swing > 0.05 else (0.0, 1 / 3, 2 / 3)
    hits = []
    for i, letter in enumerate(pattern[first : first + n_steps]):
        if letter != ".":
            beat, part = divmod(i, groove.steps)
            hits.append(
                (bar.start + beat + (triplets[part] if groove.steps == 3 else part / groove.steps), LEVELS[letter])
            )
    return hits


def _hit_events(hits, note: int, bar: Bar, rng: np.random.Generator, roll: float) -> list[Event]:
    scale, events = 0.75 + 0.3 * bar.energy, []
    for beat, level in hits:
        n = _pick(rng, (2, 3, 4)) if roll and rng.random() < roll / 2 else 1
        events += [(beat + k * 0.5 / n, 0.2, note, level * scale * (1 - 0.1 * k), 0.0) for k in range(n)]
    return events


def _fill(start: float, end: float, energy: float, rng: np.random.Generator) -> list[Event]:
    kind = _pick(rng, ("toms", "snare", "build", "mixed", "stop"))
    if kind == "stop":
        return []
    n = max(2, int((end - start) * _pick(rng, (2, 4, 4))))
    pools = {"toms": (50, 48, 47, 45, 43, 41), "snare": (38,), "build": (38,), "mixed": (38, 36, 47, 38, 43, 46)}
    pool, events = pools[kind], []
    for k in range(n):
        note = pool[k * len(pool) // n] if kind == "toms" else pool[k % len(pool)]
        rise = k / n if kind == "build" else 0.5 + 0.5 * (k % 2 == 0)
        events.append((start + k * (end - start) / n, 0.15, note, (50 + 55 * rise) * (0.7 + 0.3 * energy), 0.0))
    return events


def _percussion(score: Score, rng: np.random.Generator) -> list[Event]:
    """A layer beside the kit: shaker, tambourine, congas, cowbell or claps in one drawn rhythm."""
    note = DRUMS[_pick(rng, ("shaker", "tamb", "conga", "cowbell", "clap", "claves", "bongo"))][0]
    n = 4 * score.beats_per_bar
    levels = rng.uniform(35, 100, n) * (rng.random(n) < np.where(np.arange(n) % 2 == 0, 0.7, rng.uniform(0, 0.5)))
    played = _sections_played(score, rng, rng.uniform(0.3, 0.8))
    return [
        (bar.start + i / 4, 0.2, note, levels[i], 0.0)
        for bar in score.bars if bar.section in played
        for i in range(int(4 * bar.length)) if levels[i] > 0
    ]  # fmt: skip


# ---------------------------------------------------------------- bass


def _bass(score: Score, rng: np.random.Generator) -> list[Event]:
    """Bass line in one of many styles; the first beat of a chord nearly always has the chord's bass."""
    centre, low = rng.uniform(33, 42), 28
    styles = (
        "whole",
        "quarters",
        "eighths",
        "octaves",
        "fifths",
        "accents",
        "tresillo",
        "push",
        "walking",
        "sub",
        "drawn",
    )
    main, other = _pick(rng, styles), _pick(rng, styles)
    rhythms = {style: _rhythm(style, score, rng) for style in (main, other)}
    played = _sections_played(score, rng, rng.uniform(-0.2, 0.4))
    pedal = frozenset(i for i in range(len(score.sections)) if rng.random() < 0.04)
    gate, events = rng.uniform(0.6, 1.0), []
    for bar in score.bars:
        if bar.section not in played:
            continue
        style = main if bar.energy > 0.45 else other
        for chord in bar.chords:
            bass = score.sheet.key if bar.section in pedal else chord.bass_class
            root = max(_near(bass, centre), low - 12 * (style == "sub"))
            events += _bass_strokes(style, rhythms[style], chord, root, bar, score, gate)
    return events


def _bass_strokes(style, rhythm, chord: Chord, root: int, bar: Bar, score: Score, gate: float) -> list[Event]:
    end = chord.start + chord.length
    if style in ("whole", "sub"):
        return [(chord.start, chord.length * gate, root, _velocity(bar.energy, 0.8), 0.0)]
    hits = [(bar.start + o, length, s) for o, length, s in rhythm if chord.start - 1e-6 <= bar.start + o < end - 1e-6]
    if not hits or hits[0][0] > chord.start + 1e-6:
        hits.insert(0, (chord.start, min(0.9, chord.length), 0.9))
    fifth = root + (chord.pitch_classes[2] - chord.root) % 12 if chord.bass is None else root
    lines = {
        "octaves": (root, root + 12),
        "fifths": (root, fifth),
        "walking": (root, *_voicing(chord, root + 6, "close")[1:]),
    }
    line, events = lines.get(style, (root,)), []
    for k, (beat, length, strength) in enumerate(hits):
        pitch = line[k % len(line)]
        if style in ("walking", "push") and k and k == len(hits) - 1 and end < score.sheet.n_beats:
            pitch = _near(score.chord_at(end).bass_class, root) - (style == "walking")  # leads on, or comes early
        events.append((beat, min(length, end - beat) * gate, pitch, _velocity(bar.energy, strength), 0.0))
    return events


# ---------------------------------------------------------------- chords


def _rhythm(style: str, score: Score, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Strokes of a bar as (offset in beats, length in beats, strength 0 to 1)."""
    n, accents = score.beats_per_bar, score.accents
    starts = {
        "quarters": list(range(n)),
        "walking": list(range(n)),
        "fifths": list(range(0, n, 2 if n == 4 else 1)),
        "eighths": [i / 2 for i in range(2 * n)],
        "octaves": [i / 2 for i in range(2 * n)],
        "offbeats": [i + 0.5 for i in range(n)],
        "backbeat": [1, 3] if n == 4 else [1, 2],
        "accents": [i / 2 for i in range(2 * n) if accents[i] > 0.55],
        "tresillo": [0, 1.5, 3] if n == 4 else [0, 1.5],
        "charleston": [0, 1.5],
        "push": [0, 1.5, n - 0.5],
        "bossa": [0, 1.5, 2.5] if n == 4 else [0, 1, 2.5],
        "strum": [0, 1, 1.5, 2.5, 3, 3.5] if n == 4 else [0, 1, 1.5, 2, 2.5],
        "sixteenths": [i / 4 for i in range(4 * n) if i % 4 == 0 or rng.random() < 0.6],
        "drawn": [0] + [i / 2 for i in range(1, 2 * n) if rng.random() < 0.25 + 0.5 * accents[i]],
    }.get(style, [0])
    ends = [*starts[1:], n]
    return [(s, e - s, accents[int(2 * s) % len(accents)]) for s, e in zip(starts, ends, strict=True)]


def _comp(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Chords in one of the comp's rhythms."""
    style = _pick(rng, comp.rhythms)
    if style == "arpeggio":
        return _arpeggio(score, rng, comp, threshold)
    rhythm, centre = _rhythm(style, score, rng), rng.uniform(55, 68)
    gate, strum_s = rng.uniform(*comp.length), rng.uniform(*comp.strum_ms) / 1000
    played, early, down = _sections_played(score, rng, threshold), 0.5 * (style == "push"), True
    events: list[Event] = []
    for bar in score.bars:
        if bar.section not in played:
            continue
        if style == "whole" or bar.length < score.beats_per_bar:
            hits = [(chord.start, chord.length, 0.8) for chord in bar.chords]
        else:
            hits = [(bar.start + offset, length, strength) for offset, length, strength in rhythm]
        for beat, length, strength in hits:
            pitches = _voicing(score.chord_at(beat + early), centre, comp.voicing)
            pitches = pitches if down else pitches[:0:-1]  # an up-stroke misses the lowest string
            velocity = _velocity(bar.energy, strength)
            events += [(beat, length * gate, p, velocity, k * strum_s) for k, p in enumerate(pitches)]
            down = not down if comp.strum_ms[1] > 10 else True
    return _tied(events) if style == "whole" and gate > 0.9 and rng.random() < 0.6 else events


def _tied(events: Sequence[Event], longest: float = 16.0) -> list[Event]:
    """Events where a pitch that goes on in the next chord is held, up to `longest` beats."""
    tied: list[Event] = []
    last: dict[float, int] = {}  # pitch: index of its last event
    for beat, length, pitch, velocity, delay_s in events:
        k = last.get(pitch)
        if k is not None and abs(tied[k][0] + tied[k][1] - beat) < 0.3 and beat + length - tied[k][0] <= longest:
            tied[k] = (tied[k][0], beat + length - tied[k][0], pitch, *tied[k][3:])
        else:
            last[pitch] = len(tied)
            tied.append((beat, length, pitch, velocity, delay_s))
    return tied


def _arpeggio(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Broken chords in eighths or sixteenths over one or two octaves."""
    per_beat = 4 if score.sheet.tempo_bpm < rng.uniform(85, 150) and score.sheet.swing < 0.05 else 2
    centre, octaves = rng.uniform(52, 76), _pick(rng, (1, 2, 2))
    order, gate = _pick(rng, ("up", "down", "up_down", "alberti", "drawn")), rng.uniform(*comp.length)
    shuffle, played = rng.permutation(16), _sections_played(score, rng, threshold)
    skip = rng.random(32) < rng.choice([0.0, 0.0, 0.25])
    events: list[Event] = []
    for bar in score.bars:
        if bar.section not in played:
            continue
        for chord in bar.chords:
            base = _voicing(chord, centre, comp.voicing)
            notes = _ordered([p + 12 * o for o in range(octaves) for p in base], order, shuffle)
            for k in range(max(1, int(chord.length * per_beat + 1e-6))):
                if k and skip[k % 32]:
                    continue
                velocity = _velocity(bar.energy, 0.8 if k % per_beat == 0 else 0.4)
                events.append((chord.start + k / per_beat, gate / per_beat, notes[k % len(notes)], velocity, 0.0))
    return events


def _ordered(notes: list[int], order: str, shuffle: np.ndarray) -> list[int]:
    if order == "down":
        return notes[::-1]
    if order == "up_down":
        return notes + notes[-2:0:-1]
    if order == "alberti":
        return [notes[0], notes[-1], notes[len(notes) // 2], notes[-1]]
    if order == "drawn":
        return [notes[i % len(notes)] for i in shuffle[:8]]
    return notes


# ---------------------------------------------------------------- the tune and lines around it


def _tune(score: Score, rng: np.random.Generator, sections: frozenset[int], played: bool) -> list[Event]:
    """The sheet's notes in these sections; a played tune gets a grace note now and then."""
    gate, graces = rng.uniform(0.85, 1.0) if not played else rng.uniform(0.6, 1.02), rng.uniform(0, 0.12) * played
    grace_beats, events = 0.06 * score.sheet.tempo_bpm / 60, []
    for note in score.sheet.notes:
        section = _section_at(score.sheet, note.start)
        if section not in sections:
            continue
        accent = score.accents[int(note.start % score.beats_per_bar * 2) % len(score.accents)]
        velocity = _velocity(0.3 + 0.7 * score.sections[section].energy, 0.5 + 0.5 * accent)
        events.append((note.start, note.length * gate, note.pitch, velocity, 0.0))
        if graces and note.length >= 0.5 and rng.random() < graces:
            neighbour = _step(note.pitch, _pick(rng, (-1, 1)), score.scales[section])
            events.append((note.start, grace_beats, neighbour, velocity * 0.7, -0.06))
    return events


def _second(score: Score, rng: np.random.Generator, tune: Sequence[Event], way: str) -> list[Event]:
    """A second voice to tune events: diatonic thirds or sixths, octaves, or the next chord tone below."""
    played, below, events = _sections_played(score, rng, rng.uniform(0.2, 0.8)), rng.random() < 0.6, []
    for beat, length, pitch, velocity, delay in tune:
        section = _section_at(score.sheet, beat)
        if section not in played or delay:
            continue
        scale, chord = score.scales[section], score.chord_at(beat).pitch_classes
        steps = {"thirds": -2 if below else 2, "sixths": -5 if below else 5}.get(way)
        if way in ("octave", "unison"):
            other = pitch + (0 if way == "unison" else -12 if below else 12)
        elif steps and int(pitch) % 12 in scale:
            other = _step(pitch, steps, scale)
        else:
            other = next(p for p in range(int(pitch) - 3, int(pitch) - 16, -1) if p % 12 in chord)
        events.append((beat, length, other, velocity * 0.85, 0.0))
    return events


def _gaps(score: Score, least: float) -> list[tuple[float, float]]:
    """Rests of the tune within sung sections, (start, end) in beats, of at least `least` beats."""
    found, last = [], 0.0
    for note in score.sheet.notes:
        if note.start - last >= least and score.sections[_section_at(score.sheet, last)].sung:
            found.append((last, note.start))
        last = max(last, note.start + note.length)
    return found


def _line(score: Score, rng: np.random.Generator, start: float, end: float, centre: float, busy: float) -> list[Event]:
    """An improvised line between two beats: chord tones on the beat, steps of the scale between, some rests."""
    beat, pitch, events = start, None, []
    while beat < end - 0.2:
        length = min(_pick(rng, (0.25, 0.5, 0.5, 0.5) if rng.random() < busy else (0.5, 1.0, 1.5, 2.0)), end - beat)
        section = _section_at(score.sheet, beat)
        chord, scale = score.chord_at(beat).pitch_classes, score.scales[section]
        if pitch is None or beat % 1 == 0 and rng.random() < 0.6:
            pitch = _near(_pick(rng, chord), centre if pitch is None else pitch + rng.normal(0, 3))
        else:
            pitch = _step(pitch, _pick(rng, (-2, -1, -1, 1, 1, 2)), scale)
        pitch = pitch - 12 if pitch > centre + 12 else pitch + 12 if pitch < centre - 12 else pitch
        if rng.random() > 0.12:
            events.append(
                (
                    beat,
                    length * 0.92,
                    pitch,
                    _velocity(score.sections[section].energy, 0.4 + 0.5 * (beat % 1 == 0)),
                    0.0,
                )
            )
        beat += length
    return events


def _solo(score: Score, rng: np.random.Generator) -> list[Event]:
    """A line over the instrumental sections: heard like a tune, but none of the sheet's."""
    centre, busy = score.tune_midi + rng.uniform(-5, 12), rng.uniform(0.1, 0.9)
    spans = [(s.start, s.start + s.length) for s in score.sections if not s.sung and rng.random() < 0.8]
    return [event for a, b in spans for event in _line(score, rng, a, min(b, score.sheet.n_beats), centre, busy)]


def _counter(score: Score, rng: np.random.Generator) -> list[Event]:
    """Answers in the rests of the tune, or a slow line under it."""
    centre = score.tune_midi + _pick(rng, (-12, -5, 5, 12))
    if rng.random() < 0.55:
        spans = [(a + 0.5, b) for a, b in _gaps(score, 1.5) if rng.random() < 0.75]
        return [event for a, b in spans for event in _line(score, rng, np.ceil(2 * a) / 2, b, centre, 0.7)]
    played = _sections_played(score, rng, rng.uniform(0.2, 0.7))
    return [
        e for bar in score.bars if bar.section in played for e in _line(score, rng, bar.start, bar.end, centre, 0.1)
    ]


def _strings(score: Score, rng: np.random.Generator) -> list[Event]:
    """A high long line, voice-led through the chords, sometimes in octaves, sometimes rising by runs."""
    pitch, played = rng.uniform(68, 84), _sections_played(score, rng, rng.uniform(0.2, 0.7))
    octaves, runs, events = rng.random() < 0.4, 0.3 * (rng.random() < 0.4), []
    for bar in score.bars:
        if bar.section not in played:
            continue
        for chord in bar.chords:
            pitch = min((_near(pc, pitch) for pc in chord.pitch_classes), key=lambda p: abs(p - pitch) + 20 * (p > 90))
            velocity, length = _velocity(bar.energy, 0.6), chord.length
            if chord.length >= 2 and rng.random() < runs:
                length -= 1
                run = [_step(pitch, k, score.scales[bar.section]) for k in (1, 2, 3, 4)]
                events += [(chord.start + length + k / 4, 0.25, p, velocity, 0.0) for k, p in enumerate(run)]
            events += [(chord.start, length, pitch - shift, velocity, 0.0) for shift in ((0, 12) if octaves else (0,))]
    return events


def _riff(score: Score, rng: np.random.Generator) -> list[Event]:
    """An ostinato of one or two bars: a fixed rhythm of chord tones and neighbours, or fixed pentatonic pitches."""
    per_beat = 4 if score.sheet.tempo_bpm < 125 and rng.random() < 0.6 else 2
    n_steps = score.beats_per_bar * per_beat * _pick(rng, (1, 2))
    on, degrees = rng.random(n_steps) < rng.uniform(0.3, 0.8), rng.integers(0, 5, n_steps)
    steps, fixed = rng.integers(-1, 2, n_steps) * (rng.random(n_steps) < 0.25), rng.random() < 0.3
    centre, played = rng.uniform(50, 80), _sections_played(score, rng, rng.uniform(0.1, 0.8))
    pentatonic = [
        (score.sheet.key + i) % 12 for i in ((0, 2, 4, 7, 9) if score.sheet.mode == "major" else (0, 3, 5, 7, 10))
    ]
    gate, events = rng.uniform(0.3, 1.0), []
    for bar in (bar for bar in score.bars if bar.section in played):
        shift = 0 if all(pc in score.scales[bar.section] for pc in pentatonic) else 1  # the key has changed
        for k in range(int(bar.length * per_beat + 1e-6)):
            i, beat = (bar.index * score.beats_per_bar * per_beat + k) % n_steps, bar.start + k / per_beat
            if not on[i]:
                continue
            pool = pentatonic if fixed and not shift else score.chord_at(beat).pitch_classes
            pitch = _near(pool[degrees[i] % len(pool)], centre)
            pitch = _step(pitch, int(steps[i]), score.scales[bar.section]) if steps[i] else pitch
            events.append((beat, gate / per_beat, pitch, _velocity(bar.energy, 0.7 if k % per_beat == 0 else 0.4), 0.0))
    return events


def _backing(score: Score, rng: np.random.Generator, voice: int) -> list[Event]:
    """One voice of oohs and aahs: a chord tone for each chord, moving as little as can be."""
    pitch = score.tune_midi + (-4, 3, -9)[voice]
    played, events = _sections_played(score, rng, rng.uniform(0.3, 0.75)), []
    for bar in score.bars:
        if bar.section in played:
            for chord in bar.chords:
                pitch = min((_near(pc, pitch) for pc in chord.pitch_classes), key=lambda p: abs(p - pitch))
                events.append((chord.start, chord.length * 0.97, pitch, _velocity(bar.energy, 0.5), 0.0))
    return events


def _rap(score: Score, rng: np.random.Generator) -> list[Event]:
    """Spoken rhythm over the instrumental sections."""
    centre, per_beat = score.tune_midi - 3, 4 if score.sheet.tempo_bpm < 115 else 2
    events: list[Event] = []
    for bar in score.bars:
        if bar.sung:
            continue
        for k in range(int(bar.length * per_beat)):
            if rng.random() < (0.9 if k % 2 == 0 else 0.6) and bar.start + k / per_beat < bar.end - 0.5:
                events.append(
                    (bar.start + k / per_beat, 0.9 / per_beat, centre + rng.integers(-2, 3), rng.uniform(70, 115), 0.0)
                )
    return events


def _fx(score: Score, rng: np.random.Generator) -> list[Event]:
    """Risers into the sections, or a bed of noise under all of it."""
    tonic = _near(score.sheet.key, 60)
    if rng.random() < 0.2:
        return [(bar.start, 4.0, tonic, 50, 0.0) for bar in score.bars[:: _pick(rng, (1, 2, 4))]]
    length, pitch = _pick(rng, (1.0, 2.0, 4.0)), tonic + _pick(rng, (-12, 0, 12))
    return [
        (max(0.0, s.start - length), min(length, max(s.start, 0.5)), pitch, 60 + 50 * s.energy, 0.0)
        for s in score.sections if rng.random() < 0.8
    ]  # fmt: skip


def _drone(score: Score, rng: np.random.Generator) -> list[Event]:
    pitches = [_near(score.sheet.key, 48), _near(score.sheet.key + 7, 55)][: _pick(rng, (1, 2))]
    return [(s.start, s.length, p, 60, 0.0) for s in score.sections for p in pitches]


def _brass(score: Score, rng: np.random.Generator) -> list[Event]:
    return _comp(score, rng, COMPS["stabs"], rng.uniform(0.4, 0.8))


MAKERS: dict[str, Callable[[Score, np.random.Generator], list[Event]]] = {
    "riff": _riff,
    "strings": _strings,
    "counter": _counter,
    "brass": _brass,
    "solo": _solo,
    "percussion": _percussion,
    "fx": _fx,
    "drone": _drone,
    "rap": _rap,
}


def _break_spans(score: Score, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Where the band stops before a section, (start, end) in beats: none in most songs."""
    if rng.random() > 0.2:
        return []
    lengths = [1.0, 2.0, float(score.beats_per_bar)]
    starts = [s.start for s in score.sections if s.start >= 2 * score.beats_per_bar]
    return [(start - _pick(rng, lengths), start) for start in starts if rng.random() < 0.5]


def _broken_off(events: Sequence[Event], spans: Sequence[tuple[float, float]]) -> list[Event]:
    """Events less those that begin in a break; what rings on into it is cut."""
    for start, end in spans:
        outside = (event for event in events if not start - 1e-6 <= event[0] < end - 1e-6)
        events = [(b, min(n, start - b) if b < start else n, *rest) for b, n, *rest in outside]
    return list(events)


# ---------------------------------------------------------------- from beats to seconds


@dataclass(frozen=True)
class Feel:
    """How a player keeps time."""

    jitter_s: float  # standard deviation of the onsets
    offset_s: float  # laid back (positive) or rushing
    velocity: float  # standard deviation of the velocities


def _perform(
    events: Sequence[Event], grid: TimeGrid, feel: Feel, rng: np.random.Generator, mono: bool
) -> tuple[Stroke, ...]:
    """Events in beats to strokes in seconds; what is struck together stays together within a quarter of the jitter."""
    if not events:
        return ()
    beat, length, pitch, velocity, delay_s = np.array(events, dtype=float).T
    start = grid.time_s(beat)
    length_s = grid.time_s(beat + length) - start
    together, index = np.unique(beat, return_inverse=True)
    jitter = rng.normal(0, 1, len(together)).clip(-2.5, 2.5)[index] + 0.25 * rng.normal(0, 1, len(beat)).clip(-2, 2)
    start = np.clip(start + feel.jitter_s * jitter + feel.offset_s + delay_s, 0, grid.length_s)
    velocity = np.clip(np.round(velocity + feel.velocity * rng.normal(0, 1, len(beat))), 1, 127).astype(int)
    order = np.argsort(start, kind="stable")
    start, length_s, pitch, velocity = start[order], length_s[order], pitch[order], velocity[order]
    if mono:
        length_s[:-1] = np.minimum(length_s[:-1], np.diff(start))
    length_s = np.clip(length_s, 0.03 * (not mono) + 0.005, grid.length_s + TAIL_S - 0.05 - start)
    rows = zip(start.tolist(), length_s.tolist(), pitch.tolist(), velocity.tolist(), strict=True)
    return tuple(Stroke(*row) for row in rows)


# ---------------------------------------------------------------- the band


@dataclass(frozen=True)
class _Player:
    """A part before it is performed."""

    events: list[Event]
    program: int
    kind: str = "soundfont"
    mono: bool = False


def arrange_pop(
    sheet: LeadSheet, grid: TimeGrid, rng: np.random.Generator, hints: Mapping | None = None
) -> PopArrangement:
    """Arrange a lead sheet for a pop band, every choice drawn from `rng`.

    `hints` fixes some choices: "band" (a key of `BANDS`), "groove" (a key of `GROOVES` or "none"), "voice" ("female",
    "male", or None for a played tune) and "sounds" (part name: one of `KINDS` or a General MIDI program; a part named
    there plays if it finds anything to play). Raises ValueError for unknown hints and for sheets without chords.
    """
    hints = _checked(hints or {})
    score = Score.of(sheet)
    band_name = hints.get("band") or _pick_weighted(rng, {name: band.weight for name, band in BANDS.items()})
    band = BANDS[band_name]
    groove = hints.get("groove") or _draw_groove(score, rng, band)
    voice = _draw_voice(score, rng, band, hints)
    players = _tune_players(score, rng, band, voice)
    tune_parts = tuple(name for name in players if name in ("lead", "lead2"))
    players |= _band_players(score, rng, band, groove, hints)
    players |= _companions(score, rng, band, players, voice, hints)
    players = _settled(players, score, rng, voice, hints)
    level_db = float(np.clip(rng.normal(2, 4), -8, 10))
    parts = _seat(players, grid, rng, level_db)
    tuning = rng.normal(0, 6) if rng.random() < 0.8 else rng.uniform(-50, 50)
    sounds = {name: player.kind for name, player in players.items()}
    cents = float(np.clip(tuning, -50, 50))
    return PopArrangement(
        parts, sounds, groove, band_name, cents, level_db, voice, tuple(p for p in tune_parts if p in sounds)
    )


def _settled(
    players: Mapping[str, _Player], score: Score, rng: np.random.Generator, voice: str | None, hints: Mapping
) -> dict[str, _Player]:
    """Players with the breaks of the song and the hinted sounds; those with nothing to play are gone."""
    players = dict(players)
    if voice is None and rng.random() < 0.15:  # one player for both, as on a piano
        players["lead"] = replace(players["lead"], program=players["chords"].program, kind=players["chords"].kind)
    spans = _break_spans(score, rng)
    for name, player in players.items():
        events = player.events if name in TUNE_SIDE_DB or name == "fx" else _broken_off(player.events, spans)
        players[name] = _hinted(replace(player, events=events), hints["sounds"].get(name))
    return {name: player for name, player in players.items() if player.events}


def _checked(hints: Mapping) -> dict:
    """Hints with names made regular, or ValueError."""
    hints = dict(hints)
    known = {"band": BANDS, "groove": {**GROOVES, "none": None}}
    for key, names in known.items():
        if hints.get(key) is None:
            hints.pop(key, None)
            continue
        hints[key] = str(hints[key]).strip().lower().replace("-", "_").replace(" ", "_")
        if hints[key] not in names:
            raise ValueError(f"hint {key!r}: expected one of {', '.join(sorted(names))}, found {hints[key]!r}")
    for part, sound in (hints.get("sounds") or {}).items():
        if not (sound in KINDS or isinstance(sound, int) and 0 <= sound <= 127):
            raise ValueError(
                f"hint 'sounds': expected one of {', '.join(KINDS)} or a program 0 to 127 for {part!r}, found {sound!r}"
            )
    hints["sounds"] = dict(hints.get("sounds") or {})
    if hints.get("voice", None) not in ("female", "male", None):
        raise ValueError(f"hint 'voice': expected 'female', 'male' or None, found {hints['voice']!r}")
    return hints


def _draw_groove(score: Score, rng: np.random.Generator, band: Band) -> str:
    """A groove in the sheet's metre; triplet grooves go with swung sheets only, they clash with straight tunes."""
    if rng.random() < NO_DRUMS:
        return "none"
    names = band.grooves
    if names != ("none",) and (score.beats_per_bar != 4 or rng.random() < 0.35):
        names = tuple(GROOVES)
    fitting = [n for n in names if n == "none" or GROOVES[n].beats == score.beats_per_bar]
    swung = [n for n in fitting if n != "none" and GROOVES[n].steps == 3]
    if score.sheet.swing >= 0.15 and rng.random() < 0.5:
        return _pick(rng, swung or ["shuffle", "swing"]) if score.beats_per_bar == 4 else _pick(rng, fitting)
    return _pick(rng, [n for n in fitting if n not in swung] or ["none"])


def _draw_voice(score: Score, rng: np.random.Generator, band: Band, hints: Mapping) -> str | None:
    sung = rng.random() < band.voice or hints["sounds"].get("lead") == "voice"
    if "voice" in hints:
        return hints["voice"]
    return ("male" if score.tune_midi + rng.normal(0, 2) < 60.5 else "female") if sung else None


def _draw_kind(rng: np.random.Generator, band: Band) -> str:
    return "synth" if rng.random() < band.synth else "soundfont"


def _tune_players(score: Score, rng: np.random.Generator, band: Band, voice: str | None) -> dict[str, _Player]:
    """The lead, or two leads that take turns by sections."""
    sung = sorted({_section_at(score.sheet, note.start) for note in score.sheet.notes})
    turns = rng.random() < 0.2 and len(sung) > 1
    shares = [frozenset(sung[0::2]), frozenset(sung[1::2])] if turns else [frozenset(sung)]
    players = {}
    for name, share in zip(("lead", "lead2"), shares, strict=False):
        kind = "voice" if voice and (name == "lead" or rng.random() < 0.7) else _draw_kind(rng, band)
        events = _tune(score, rng, share, played=kind != "voice")
        players[name] = _Player(events, _pick(rng, PROGRAMS["lead"]), kind, mono=True)
    return players


def _band_players(
    score: Score, rng: np.random.Generator, band: Band, groove: str, hints: Mapping
) -> dict[str, _Player]:
    """Drums, bass, chords: what nearly every record has."""
    players, wanted = {}, hints["sounds"]
    if groove != "none":
        style = GROOVES[groove]
        kind = "drumsynth" if rng.random() < style.synth else "soundfont"
        kit = _pick(rng, style.kits if rng.random() < 0.8 else KITS)
        players["drums"] = _Player(_drums(score, rng, style), kit, kind)
    if "bass" in wanted or rng.random() < (0.35 if band is BANDS["alone"] else 0.95):
        program = _pick(rng, band.basses if rng.random() < 0.8 else PROGRAMS["bass"])
        players["bass"] = _Player(_bass(score, rng), program, _draw_kind(rng, band), mono=True)
    names = band.comps if rng.random() < 0.8 else tuple(COMPS)
    low = -1.0 if rng.random() < 0.9 else 0.3  # the main chords nearly never rest: they carry the harmony
    for name, threshold in (
        ("chords", low),
        ("chords2", rng.uniform(0.3, 0.8)),
        ("pad", rng.uniform(0, 0.7)),
        ("arpeggio", rng.uniform(0, 0.8)),
    ):
        if name == "chords" or name in wanted or rng.random() < band.extras.get(name, 0.05):
            comp = COMPS[name if name in COMPS else _pick(rng, names if name == "chords" else tuple(COMPS))]
            players[name] = _Player(
                _comp(score, rng, comp, threshold), _pick(rng, comp.programs), _draw_kind(rng, band)
            )
    return players


def _companions(
    score: Score,
    rng: np.random.Generator,
    band: Band,
    players: Mapping[str, _Player],
    voice: str | None,
    hints: Mapping,
) -> dict[str, _Player]:
    """Lines beside the tune and everything else that a band may have."""
    wanted, found = hints["sounds"], {}
    tune = sorted(event for name in ("lead", "lead2") if name in players for event in players[name].events)
    way = _pick(rng, ("thirds", "thirds", "sixths", "octave", "chord"))
    makers = MAKERS | {
        "second": lambda score, rng: _second(score, rng, tune, way),
        "double": lambda score, rng: _second(score, rng, tune, _pick(rng, ("unison", "unison", "octave"))),
    }
    usual = {"solo": 0.3, "second": 0.1, "double": 0.08}
    for name, make in makers.items():
        if name == "rap" and not voice:
            continue
        if name in wanted or rng.random() < band.extras.get(name, usual.get(name, 0.02)):
            found[name] = _Player(
                make(score, rng), _pick(rng, PROGRAMS[name]), *_companion_kind(name, rng, band, voice)
            )
    if "backing" in wanted or rng.random() < band.extras.get("backing", 0.05):
        found |= _backing_players(score, rng, voice)
    return found


def _companion_kind(name: str, rng: np.random.Generator, band: Band, voice: str | None) -> tuple[str, bool]:
    """(kind, one note at a time) of a companion."""
    sung = {"second": 0.75, "double": 0.3, "counter": 0.2}.get(name, 0.0)
    if name == "rap":
        return "rap", True
    if voice and rng.random() < sung:
        return "voice", True
    if name in ("percussion", "fx"):
        return ("drumsynth" if name == "percussion" and rng.random() < 0.3 else "soundfont"), False
    return _draw_kind(rng, band), name in ("second", "double", "counter", "solo")


def _backing_players(score: Score, rng: np.random.Generator, voice: str | None) -> dict[str, _Player]:
    """Backing voices: two singers, or a choir of the soundfont."""
    lines = [_backing(score, rng, k) for k in range(3)]
    if voice and rng.random() < 0.35:
        return {f"backing{k + 1}": _Player(line, 52, "voice", mono=True) for k, line in enumerate(lines[:2])}
    return {"backing": _Player([event for line in lines for event in line], _pick(rng, PROGRAMS["backing"]))}


def _hinted(player: _Player, sound: str | int | None) -> _Player:
    if sound is None:
        return player
    return replace(player, program=sound, kind="soundfont") if isinstance(sound, int) else replace(player, kind=sound)


def _seat(
    players: Mapping[str, _Player], grid: TimeGrid, rng: np.random.Generator, level_db: float
) -> tuple[Part, ...]:
    """Perform every part and give it its gain and place."""
    jitter_s = 0.0 if rng.random() < 0.3 else rng.uniform(0.002, 0.02)  # three in ten are sequenced
    width, gains_db = rng.uniform(0, 0.9), _gains_db(players, rng, level_db)
    parts = []
    for name, player in players.items():
        is_drums = name in ("drums", "percussion")
        feel = Feel(jitter_s * rng.uniform(0.4, 1.0), _offset_s(player.kind, jitter_s, rng), rng.uniform(1, 9))
        strokes = _perform(player.events, grid, feel, rng, player.mono or player.kind in ("voice", "rap"))
        if player.kind == "drumsynth":
            strokes = tuple(replace(s, pitch=float(SYNTH_DRUM.get(int(s.pitch), s.pitch))) for s in strokes)
        pan = width * rng.uniform(-1, 1) * (0.15 if name in ("lead", "bass", "drums") else 1.0)
        parts.append(Part(name, strokes, player.program, is_drums, float(gains_db[name]), float(pan)))
    return tuple(parts)


def _offset_s(kind: str, jitter_s: float, rng: np.random.Generator) -> float:
    """Singers lie back by up to 30 ms, players by up to the song's looseness."""
    if kind in ("voice", "rap"):
        return float(rng.uniform(-0.008, 0.03))
    return float(rng.uniform(-0.3, 1.0) * jitter_s)


def _gains_db(players: Mapping[str, _Player], rng: np.random.Generator, level_db: float) -> dict[str, float]:
    """Gains by part: the band sums to 0 dB in power, the lead lies `level_db` above it."""
    drawn = {name: rng.normal(0, 2) for name in players}
    tune = {
        name: TUNE_SIDE_DB[name] + level_db + drawn[name] * (name not in ("lead", "lead2"))
        for name in players
        if name in TUNE_SIDE_DB
    }
    band = {name: GAINS_DB.get(name, GAINS_DB["backing"]) + drawn[name] for name in players if name not in tune}
    total_db = 10 * np.log10(sum(10 ** (gain / 10) for gain in band.values())) if band else 0.0
    return tune | {name: gain - total_db for name, gain in band.items()}
