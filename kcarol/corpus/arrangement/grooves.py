"""Drum patterns of pop, as a table: for each drum the energy from which it plays and rhythms to
draw from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# General MIDI drum notes; the first is the usual one
DRUMS: dict[str, tuple[int, ...]] = {
    "kick": (36, 35),
    "snare": (38, 40),
    "clap": (39,),
    "rim": (37,),
    "hat": (42, 44),
    "open": (46,),
    "ride": (51, 59),
    "bell": (53,),
    "crash": (49, 57),
    "shaker": (70, 69),
    "tamb": (54,),
    "cowbell": (56,),
    "conga": (63, 62),
    "tumba": (64,),
    "bongo": (60, 61),
    "claves": (75,),
    "low_tom": (43, 41),
    "mid_tom": (47, 45),
    "high_tom": (50, 48),
}
# synthesised kits know fewer drums: the nearest one that they have
SYNTH_DRUM = {
    35: 36,
    40: 38,
    44: 42,
    59: 51,
    53: 51,
    57: 49,
    69: 70,
    63: 48,
    62: 47,
    64: 45,
    60: 50,
    61: 48,
    75: 37,
}
LEVELS = {"X": 112, "x": 90, "o": 50}  # velocities of a pattern's letters
# General MIDI (GS) drum kits: standard, room, power, electronic, 808, jazz, brush
KITS = (0, 8, 16, 24, 25, 32, 40)


@dataclass(frozen=True)
class Groove:
    """A drum pattern: for each drum the energy from which it plays and rhythms to draw from, whole
    bars long.
    """

    beats: int  # a bar
    steps: int  # a beat: 4 sixteenths, 3 triplets
    lines: tuple[tuple[str, float, tuple[str, ...]], ...]
    kits: tuple[int, ...] = KITS
    synth: float = 0.3  # share of songs whose drums are synthesised


# name: metre and steps of a beat, drum kits, share of synthesised drums; then for each drum the
# energy from which it
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
double_time: 4 beats of 4, kits 0 8 16, synth 0.1
    kick 0.2: x...x...x...x... | x..xx...x..xx...
    snare 0.25: ..x...x...x...x. | ..x...x...x...xo
    hat 0.3: x.x.x.x.x.x.x.x. | x...x...x...x...
    crash 0.8: x...x...x...x... | x.......x.......
slow_half: 4 beats of 4, kits 0 8 16, synth 0.2
    kick 0.2: x............... | x.....x......... | x.x.............
    snare 0.3: ........X....... | ........x......o
    hat 0.25: x...x...x...x... | x.......x....... | x.x.x.x.x.x.x.x.
    open 0.7: x...x...x...x... | x.......x.......
wall: 4 beats of 4, kits 0 8 16, synth 0.05
    kick 0.2: x.......x.x..... | x..x..x.x..x..x. | x.x...x.x.x.....
    snare 0.3: ....X.......X... | ....X..o.o..X..o
    open 0.3: x.x.x.x.x.x.x.x. | x...x...x...x...
    crash 0.65: x...x...x...x... | x.......x.......
two_beat: 4 beats of 4, kits 0 8 32 40, synth 0.05
    kick 0.25: x.......x....... | x...o...x...o...
    snare 0.35: ....x.......x... | ....x.oo....x.oo | ..o.x.o...o.x.o.
    hat 0.3: ..x...x...x...x. | x...x...x...x...
soft: 4 beats of 4, kits 0 8 40 32, synth 0.1
    shaker 0.15: xoxoxoxoxoxoxoxo | x.o.x.o.x.o.x.o. | ..o.x...o...x.o.
    kick 0.5: o.......o....... | x.........o.....
    rim 0.55: ....o.......o... | ........o.......
    tamb 0.7: ....o.......o...
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
            grooves[name] = replace(
                grooves[name], lines=(*grooves[name].lines, (drum, float(energy), rhythms))
            )
        else:
            name, (metre, kits, synth) = head, tail.split(",")
            beats, _, _, steps = metre.split()
            kits = tuple(int(kit) for kit in kits.split()[1:])
            grooves[name] = Groove(int(beats), int(steps), (), kits, float(synth.split()[1]))
    return grooves


GROOVES = _parse_grooves(GROOVES_TEXT)
NO_DRUMS = 0.07  # share of songs without drums, beside those of bands that have none
