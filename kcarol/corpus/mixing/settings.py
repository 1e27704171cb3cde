"""Settings of a mix that hold for a whole record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.corpus.distributions import draw_parameters, log_uniform
from kcarol.corpus.tables import read_table


@dataclass(frozen=True)
class MixSettings:
    """Settings of a whole record; those of single stems are drawn in `mix`."""

    stem_spread_db: float = 1.5  # standard deviation of a stem's level about its role's
    eq_spread_db: float = 3.0  # standard deviation of a stem's EQ gains
    width: float = 0.6  # from 0, all stems in the middle, to 1, hard left and right
    compress_chance: float = 0.5  # per stem
    saturate_chance: float = 0.2
    echo_chance: float = 0.15
    haas_chance: float = 0.1  # one channel late, so that the downmix is comb-filtered
    rt60_s: float = 0.8
    send_db: float = -16.0  # stems into the room; below -50: dry
    damping: float = 0.6
    duck_db: float = 0.0  # of everything but drums and lead, by the drums
    bus_tilt_db: float = 0.0  # high shelf up, low shelf down
    bus_bells: tuple[tuple[float, float, float], ...] = ()  # centre in Hz, gain in dB, q
    bus_ratio: float = 2.0  # 1: no compression
    bus_threshold_db: float = -12.0
    bus_attack_s: float = 0.008
    clip_db: float = 3.0  # drive of the soft clipping; below -20: none
    side_gain: float = 1.0  # of left minus right before the downmix
    left_share: float = 0.5  # of the left channel in the downmix
    channel_delay_s: float = 0.0  # of the right channel in the downmix: a comb filter
    noise_db: float = -75.0
    hum_db: float = -100.0
    hum_hz: float = 60.0
    codec: tuple[float, float, float] | None = None  # cutoff in Hz, hole in dB, step in dB
    peak: float = 0.9
    room_seed: int = 0
    drum_room: tuple[float, float, float] | None = None  # rt60 in s, level in dB, compressor ratio
    drift: tuple[float, float] | None = None  # cents and Hz of wow
    band_hz: tuple[float, float] | None = None  # of a telephone or an old record

    @classmethod
    def draw(cls, rng: np.random.Generator) -> MixSettings:
        """Random settings, from studio pop over home recordings to bad streams."""
        table = read_table("mixing", "records.ini")

        def draw_tuple(section: str) -> tuple[float, ...]:
            return tuple(draw_parameters(rng, table[section]).values())

        at_home = rng.random() < 0.15
        bell = "home recording bell" if at_home else "bell"
        bells = tuple(draw_tuple(bell) for _ in range(rng.integers(0, 4)))
        codec = draw_tuple("codec") if rng.random() < 0.35 else None
        changed = table["home recording"] if at_home else {}
        return cls(
            **draw_parameters(rng, {**table["studio"], **changed}),
            bus_bells=bells,
            codec=codec,
            drum_room=None if rng.random() < 0.35 else draw_tuple("drum room"),
            band_hz=draw_tuple("band") if rng.random() < 0.04 else None,
            drift=draw_tuple("drift") if rng.random() < 0.25 else None,
            peak=log_uniform(rng, 0.15, 1.0),
            room_seed=int(rng.integers(2**31)),
        )
