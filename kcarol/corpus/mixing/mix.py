"""From stems to a record: a channel strip for each stem, a common room, and mastering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import signal

from kcarol.corpus.distributions import draw_parameters, log_uniform, uniform
from kcarol.corpus.mixing.degradation import codec_loss, drift_pitch, noise_floor
from kcarol.corpus.mixing.dynamics import compress, duck, saturate
from kcarol.corpus.mixing.filters import (
    filter_sections,
    pass_band,
    pass_section,
    peaking_section,
    shelf_section,
)
from kcarol.corpus.mixing.levels import SMALLEST, active_rms, db_to_gain, peak_of, role_db, role_of
from kcarol.corpus.mixing.room import echo, impulse_response, room_microphones
from kcarol.corpus.mixing.settings import MixSettings
from kcarol.corpus.tables import read_table

CENTRED = ("lead", "voice", "rap", "bass", "drums")  # roles near the middle of the stereo picture
NEVER_DUCKED = ("drums", "lead", "voice", "rap")
LOW_AND_DRY = ("bass", "drums")  # roles without echo and low cut, and with little room


def mix(
    stems: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    settings: MixSettings | None = None,
    sample_rate: int = 16_000,
    gains_db: Mapping[str, float] | None = None,
    pans: Mapping[str, float] | None = None,
    stereo: bool = False,
) -> np.ndarray:
    """Stems (T,) or (2, T) of any level to one mono record (T,) or `stereo` (2, T), peak <= 1.

    The longest stem gives T. Each stem is set to the loudness of its role (`role_db`), plus
    `gains_db` of its name. `pans` (-1 left to 1 right) and `settings` are drawn where not given.
    Raises ValueError without stems, for a wrong shape, or for values that are not finite.
    """
    if not stems:
        raise ValueError("expected at least one stem, found none: render a part first")
    desk = _Desk(settings or MixSettings.draw(rng), sample_rate, stereo, rng)
    n = max(wave.shape[-1] for wave in stems.values())
    record = np.zeros((2, n) if stereo else n, np.float32)
    send = np.zeros(n, np.float32)
    kick = desk.kick(stems)
    for name, wave in stems.items():
        wave = desk.channel_strip(name, wave, (gains_db or {}).get(name, 0.0))
        if kick is not None and role_of(name) not in NEVER_DUCKED:
            wave = duck(wave, kick, sample_rate, desk.settings.duck_db)
        pan = (pans or {}).get(name)
        if pan is None:
            pan = rng.uniform(-1, 1) * (0.1 if role_of(name) in CENTRED else 1.0)
        desk.send_(send, name, wave)
        placed = desk.place(wave, float(pan))
        record[..., : placed.shape[-1]] += placed
    if send.any():
        record += desk.room(send)
    return desk.master(record)


@dataclass(frozen=True)
class _Desk:
    """Settings and random numbers of one mix."""

    settings: MixSettings
    sample_rate: int
    stereo: bool
    rng: np.random.Generator

    def kick(self, stems: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """The kick (T,), that is the drums below 120 Hz, or None if nothing is ducked."""
        drums = next((wave for name, wave in stems.items() if role_of(name) == "drums"), None)
        if drums is None or self.settings.duck_db <= 0:
            return None
        return pass_band(np.atleast_2d(drums).sum(axis=0), self.sample_rate, None, 120.0)

    def channel_strip(self, name: str, wave: np.ndarray, gain_db: float) -> np.ndarray:
        """One stem (T,) or (2, T) with EQ and effects, same shape, at the loudness of its role."""
        if wave.ndim not in (1, 2) or (wave.ndim == 2 and wave.shape[0] != 2):
            raise ValueError(
                f"stem {name!r}: expected shape (T,) or (2, T), found {wave.shape}: "
                "transpose or mix it"
            )
        rms = active_rms(wave, self.sample_rate)
        if not np.isfinite(rms):
            raise ValueError(
                f"stem {name!r}: expected finite samples, found nan or inf: "
                "look at what rendered it"
            )
        wave = (wave / np.float32(max(rms, 1e-6))).astype(np.float32, copy=False)
        wave = self._stem_effects(role_of(name), wave)
        level_db = role_db(name) + gain_db + self.rng.normal(0, self.settings.stem_spread_db)
        gain = 0.1 * db_to_gain(level_db) / max(active_rms(wave, self.sample_rate), 1e-6)
        return wave * np.float32(gain * (rms > 1e-6))

    def _stem_effects(self, role: str, wave: np.ndarray) -> np.ndarray:
        settings = self.settings
        wave = filter_sections(wave, self._draw_stem_eq(role))
        if self.rng.random() < settings.saturate_chance + 0.25 * (role == "bass"):
            wave = saturate(wave, **self._draw("stem saturation"))
        if self.rng.random() < settings.compress_chance:
            wave = compress(wave, self.sample_rate, **self._draw("stem compressor"))
        if role == "drums" and settings.drum_room is not None:
            wave = room_microphones(wave, self.sample_rate, *settings.drum_room, settings.room_seed)
        if role not in LOW_AND_DRY and self.rng.random() < settings.echo_chance:
            wave = echo(wave, self.sample_rate, **self._draw("stem echo"))
        return wave

    def _draw(self, section: str) -> dict[str, float]:
        return draw_parameters(self.rng, read_table("mixing", "records.ini")[section])

    def _draw_stem_eq(self, role: str) -> list[np.ndarray]:
        """Biquads: two shelves, a bell, and a low cut now and then."""
        rng, rate = self.rng, self.sample_rate
        spread_db = self.settings.eq_spread_db
        # drawn in this order
        low = shelf_section(rate, uniform(rng, 120, 400), rng.normal(1.5, spread_db), high=False)
        bell = peaking_section(
            rate, log_uniform(rng, 250, 5000), rng.normal(0, spread_db), uniform(rng, 0.5, 1.8)
        )
        high = shelf_section(rate, uniform(rng, 2500, 6000), rng.normal(-1, spread_db), high=True)
        sections = [low, bell, high]
        if role not in LOW_AND_DRY and rng.random() < 0.3:
            sections.append(pass_section(rate, uniform(rng, 60, 160), "highpass"))
        return sections

    def send_(self, send: np.ndarray, name: str, wave: np.ndarray) -> None:
        """Adds a stem to the room send."""
        less_db = 10 if role_of(name) in LOW_AND_DRY else 0
        send_db = self.settings.send_db + self.rng.normal(0, 4) - less_db
        if send_db > -50:
            middle = np.atleast_2d(wave).mean(axis=0)
            send[: len(middle)] += middle * np.float32(db_to_gain(send_db))

    def place(self, wave: np.ndarray, pan: float) -> np.ndarray:
        """A stem's share of the record: equal-power panning, sometimes with one channel late."""
        angle = (pan * self.settings.width + 1) * np.pi / 4
        gains = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]], dtype=np.float32)
        late = int(self.rng.uniform(0.003, 0.02) * self.sample_rate)
        which = int(self.rng.integers(2))
        haas = self.rng.random() < self.settings.haas_chance
        if wave.ndim == 1 and not haas and self.settings.channel_delay_s == 0:
            return wave * self._down(gains)  # both channels are the same wave: one gain does it
        channels = np.atleast_2d(wave) * gains
        if haas:
            channels[which] = _delayed(channels[which], late)
        return self._down(channels)

    def room(self, send: np.ndarray) -> np.ndarray:
        """The room's share of the record: its response is mixed down, as everything is linear."""
        settings = self.settings
        room = (settings.rt60_s, settings.damping, settings.room_seed)
        response = self._down(impulse_response(self.sample_rate, *room))
        dry = np.broadcast_to(send, (*response.shape[:-1], len(send)))
        return signal.oaconvolve(dry, response, axes=-1)[..., : len(send)]

    def _down(self, channels: np.ndarray) -> np.ndarray:
        """(2, T) itself for a stereo record, else (T,): unequal shares, a changed side signal and
        a late channel colour it as in real downmixes.
        """
        if self.stereo:
            return channels
        settings = self.settings
        middle = (channels[0] + channels[1]) / 2
        side = (channels[0] - channels[1]) / 2 * np.float32(settings.side_gain)
        right = _delayed(middle - side, int(settings.channel_delay_s * self.sample_rate))
        left_share = np.float32(settings.left_share)
        return (middle + side) * left_share + right * np.float32(1 - settings.left_share)

    def master(self, record: np.ndarray) -> np.ndarray:
        """The sum (T,) or (2, T) as a finished record: EQ, compression, clipping, losses, level."""
        settings = self.settings
        tilt_db = settings.bus_tilt_db / 2
        sections = [peaking_section(self.sample_rate, *bell) for bell in settings.bus_bells]
        sections.append(shelf_section(self.sample_rate, 2500, tilt_db, high=True))
        sections.append(shelf_section(self.sample_rate, 300, -tilt_db, high=False))
        record = _with_unit_peak(filter_sections(record, sections))
        if settings.bus_ratio > 1:
            record = compress(
                record,
                self.sample_rate,
                settings.bus_threshold_db,
                settings.bus_ratio,
                settings.bus_attack_s,
                release_s=0.18,
            )
        if settings.clip_db > -20:
            record = saturate(record, settings.clip_db)
        record = self._degrade(record)
        return record * np.float32(settings.peak / max(peak_of(record), SMALLEST))

    def _degrade(self, record: np.ndarray) -> np.ndarray:
        """Narrow band, wow, noise and codec, if the settings have them."""
        settings = self.settings
        rate = self.sample_rate
        if settings.band_hz is not None:
            record = pass_band(record, rate, *settings.band_hz)
        if settings.drift is not None and record.ndim == 1:
            record = drift_pitch(record, rate, *settings.drift, start=self.rng.random())
        levels = (settings.noise_db, settings.hum_db, settings.hum_hz)
        noise = noise_floor(record.shape[-1], rate, *levels, self.rng)
        record = _with_unit_peak(record) + noise
        if settings.codec is not None:
            channels = np.atleast_2d(record)
            lossy = [codec_loss(channel, rate, *settings.codec) for channel in channels]
            record = np.stack(lossy).reshape(record.shape)
        return record


def _with_unit_peak(record: np.ndarray) -> np.ndarray:
    return record / np.float32(max(peak_of(record), SMALLEST))


def _delayed(channel: np.ndarray, n: int) -> np.ndarray:
    """(T,) `n` samples later, its end cut."""
    return np.concatenate([np.zeros(n, np.float32), channel])[: len(channel)]
