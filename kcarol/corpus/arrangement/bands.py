"""Who plays in a pop band: ways of playing chords, General MIDI programs by role, line-ups, levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kcarol.corpus.arrangement.grooves import GROOVES


@dataclass(frozen=True)
class Comp:
    """A way of playing chords: who plays it, in which rhythms, in which voicing."""

    programs: tuple[int, ...]
    rhythms: tuple[str, ...]
    voicing: str = "close"  # close, open, guitar or power
    strum_ms: tuple[float, float] = (0.0, 0.0)  # between neighbouring strings
    length: tuple[float, float] = (0.7, 1.0)  # share of the rhythm's note that sounds


GUITARS = ("strum", "power")  # comps that records have two of, left and right
_STABS = (61, 62, 63, 55, 80, 81, 7, 27, 18, 48, 56)
_BROKEN = (0, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 24, 25, 45, 46, 88, 98, 104, 107, 108, 114)
_PADS = (44, 48, 49, 50, 51, 52, 53, 54, 88, 89, 90, 91, 92, 93, 94, 95, 99)
COMPS: dict[str, Comp] = {
    "piano": Comp(
        (0, 1, 2, 3, 6), ("whole", "quarters", "eighths", "tresillo", "push", "charleston", "drawn")
    ),
    "epiano": Comp(
        (4, 5, 2, 11), ("whole", "tresillo", "push", "charleston", "drawn", "quarters"), "open"
    ),
    "strum": Comp(
        (24, 25, 26, 27, 15, 105),
        ("strum", "island", "eighths", "sixteenths", "backbeat", "drawn", "drawn", "quarters"),
        "guitar",
        (6, 28),
        (0.6, 1.3),
    ),
    "picked": Comp((24, 25, 24, 25, 46, 105), ("picking",), "guitar", length=(0.7, 2.2)),
    "stride": Comp((0, 3, 1, 21, 24, 105), ("stride",), "close", (0, 8), (0.3, 0.8)),
    "power": Comp((29, 30, 28, 84), ("whole", "eighths", "drawn", "accents"), "power", (0, 6)),
    "stabs": Comp(_STABS, ("accents", "offbeats", "drawn", "charleston"), length=(0.3, 0.6)),
    "organ": Comp(
        (16, 17, 18, 19, 20, 21, 23),
        ("whole", "whole", "offbeats", "eighths", "drawn"),
        length=(0.6, 1.0),
    ),
    "oompah": Comp(
        (0, 3, 21, 24, 25, 57, 60), ("backbeat", "offbeats"), "close", (0, 4), (0.3, 0.6)
    ),
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
    "bass": "bass",
    "pad": "pad",
    "strings": "pad",
    "drone": "pad",
    "fx": "pad",
    "backing": "pad",
    "arpeggio": "arp",
    "riff": "arp",
    "chords": "chords",
    "brass": "chords",
}


@dataclass(frozen=True)
class Band:
    """A line-up: how often it is drawn, what it plays, how likely each further part is."""

    weight: float
    synth: float  # share of synthesised parts
    voice: float  # share of sung tunes
    grooves: tuple[str, ...] = ()  # in 4/4
    comps: tuple[str, ...] = ()  # of the main chord part
    basses: tuple[int, ...] = ()
    lines: tuple[str, ...] = ()  # of the bass, keys of `backline.BASS_LINES`; none: all of them
    bass: float = 0.95  # share of songs with a bass
    crowd: float = 1.0  # how many others join, against other bands
    extras: Mapping[str, float] = field(default_factory=dict)  # part: share of songs with it


# name: share of songs; drums in 4/4; main chord part; basses; share of synthesised parts and of
# sung tunes; further
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
    grooves: ballad half_time slow_half brushes rock soft
    comps: piano piano epiano arpeggio
    basses: 32 33 35
    extras: pad 0.6, strings 0.7, second 0.3, counter 0.4, chords2 0.3, backing 0.3
rock: weight 1.5, synth 0.05, voice 0.7
    grooves: rock wall half_time slow_half double_time motown toms train shuffle
    comps: power strum piano organ
    basses: 33 34
    extras: chords2 0.6, riff 0.6, second 0.4, double 0.2, percussion 0.2, solo 0.6
folk: weight 1.2, synth 0, voice 0.7
    grooves: train claps brushes ballad shuffle soft double_time
    comps: strum strum picked arpeggio oompah
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
    comps: oompah organ stabs stride
    basses: 33 34 38
    extras: brass 0.5, counter 0.6, riff 0.3, strings 0.4, second 0.3, double 0.3
orchestra: weight 0.7, synth 0, voice 0.35
    grooves: none toms ballad
    comps: pad arpeggio piano
    basses: 42 43 32
    extras: strings 0.8, brass 0.5, counter 0.6, double 0.5, arpeggio 0.5
alone: weight 0.8, synth 0, voice 0.75, bass 0.35, crowd 0.3
    grooves: none
    comps: piano strum arpeggio epiano organ stride picked
    basses: 0 32
    extras: second 0.15
campfire: weight 2, synth 0, voice 0.9, bass 0.25, crowd 0.25
    grooves: none none soft claps brushes
    comps: strum strum strum picked
    basses: 32 33 35
    extras: second 0.25, chords2 0.15, counter 0.12, backing 0.1
vaudeville: weight 1, synth 0, voice 0.8, bass 0.8
    grooves: two_beat brushes none train
    comps: stride oompah oompah strum
    basses: 58 32 43 35
    lines: two_feel two_feel leaping walking boogie
    extras: counter 0.5, brass 0.3, solo 0.3, double 0.15, second 0.2, chords2 0.3
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
            name, shares = (
                head,
                {key: float(value) for key, value in (pair.split() for pair in tail.split(","))},
            )
            bands[name] = Band(**shares)
        elif head == "extras":
            extras = {
                key: float(value) for key, value in (pair.split() for pair in tail.split(","))
            }
            bands[name] = replace(bands[name], extras={**bands[name].extras, **extras})
        else:
            words = tuple(
                int(word) if head == "basses" else word for word in tail.split() if word != "*"
            )
            bands[name] = replace(bands[name], **{head: words or everything[head]})
    return bands


BANDS = _parse_bands(BANDS_TEXT)

# decibels of a part against the others of its side, every stem at equal loudness beforehand
GAINS_DB = {
    "drums": 3,
    "bass": 2,
    "chords": -1,
    "chords2": -4,
    "chords3": -2,
    "pad": -6,
    "arpeggio": -5,
    "riff": -5,
    "strings": -6,
    "counter": -6,
    "brass": -6,
    "percussion": -7,
    "backing": -6,
    "fx": -12,
    "drone": -12,
}
TUNE_SIDE_DB = {"lead": 0, "lead2": 0, "second": -6, "double": -7, "solo": -1, "rap": 0}


def synth_role(name: str) -> str:
    """Role of a synthesised part by its name: lead, chords, pad, bass or arp."""
    return SYNTH_ROLES.get(name.rstrip("0123456789"), "lead")
