"""Synthesiser patches of pop records: settings, drawn by role."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.corpus.distributions import draw_parameters
from kcarol.corpus.draws import pick
from kcarol.corpus.tables import read_table

# patches by role, a repeated one being more frequent; other roles draw from OTHER_KINDS
ROLE_KINDS = {
    "lead": "supersaw saw_lead square_lead chip whistle bell pluck".split(),
    "chords": "epiano epiano supersaw pluck organ brass chip".split(),
    "pad": "warm_pad supersaw_pad glass_pad organ".split(),
    "bass": "sub sub reese acid saw_bass square_bass fm_bass".split(),
    "arp": "pluck pluck bell chip epiano supersaw".split(),
    "fx": ["riser"],
}
OTHER_KINDS = "pluck epiano saw_lead square_lead bell warm_pad brass".split()


@dataclass(frozen=True)
class Patch:
    """Settings of one synthesiser sound.

    `method` is "table" (a wavetable, its filter closing from `bright_hz` to `dark_hz`), "ensemble"
    (PADsynth), "fm" or "noise".
    """

    kind: str = "saw_lead"
    method: str = "table"
    shape: str = "saw"  # saw, square, pulse, triangle, sine or organ
    duty: float = 0.5  # of the pulse
    drawbars: tuple[float, ...] = (1.0, 0.7, 0.4, 0.3, 0.0, 0.2)  # of the organ: harmonics 1 to 6
    attack_s: float = 0.01
    decay_s: float = 0.3
    sustain: float = 0.7
    release_s: float = 0.1
    bright_hz: float = 6000.0  # low-pass at the start of a note
    dark_hz: float = 2000.0  # and where it closes to
    resonance_db: float = 0.0
    filter_decay_s: float = 0.3
    detune_cents: float = 0.0  # between the two oscillators (table) or of the spread (ensemble)
    vibrato_hz: float = 5.5
    vibrato_cents: float = 0.0  # fades in after 0.25 s
    bend_semitones: float = 0.0  # offset at the start of a note, decaying with `bend_s`
    bend_s: float = 0.03
    fm_ratio: float = 1.0  # modulator to carrier
    fm_index: float = 2.0
    fm_decay_s: float = 0.4
    velocity_power: float = 1.2

    @classmethod
    def draw(cls, rng: np.random.Generator, role: str = "lead") -> Patch:
        """A random patch for lead, chords, pad, bass, arp, fx or any other role (melodic)."""
        kind = pick(rng, ROLE_KINDS.get(role, OTHER_KINDS))
        settings = draw_parameters(rng, read_table("synthesis", "patches.ini")[kind])
        bars = {name: settings.pop(name) for name in list(settings) if name.startswith("drawbar")}
        if bars:  # the fundamental is always pulled out fully
            settings["drawbars"] = (1.0, *(bars[f"drawbar_{k}"] for k in range(2, 7)))
        return cls(kind, **settings)
