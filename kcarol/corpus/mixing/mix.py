"""From stems to a record: EQ, compression, saturation, rooms, ducking, downmix, noise and codec
loss.

Everything is numpy and scipy in float32; `mix` draws a whole chain at random, the blocks can be
used alone. Filters follow R. Bristow-Johnson's "Audio EQ Cookbook"; the room is noise under
exponential decays (J. A. Moorer, "About This Reverberation Business", 1979) with a shorter decay in
the higher bands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
from scipy import fft, signal

from kcarol.corpus.mixing.levels import SMALLEST, active_rms, db_to_gain, role_db, role_of

BLOCK = 64  # samples between two values of a compressor's envelope: 4 ms at 16 kHz

# roles that sit in the middle of a stereo picture
CENTRED = ("lead", "voice", "rap", "bass", "drums")


# --- filters
# -------------------------------------------------------------------------------------------------


def peaking_section(
    sample_rate: int, centre_hz: float, gain_db: float, q: float = 1.0
) -> np.ndarray:
    """Biquad (6,) of a bell filter, cookbook "peakingEQ"."""
    amp, omega = (
        10 ** (gain_db / 40),
        2 * np.pi * _below_nyquist(centre_hz, sample_rate) / sample_rate,
    )
    alpha = np.sin(omega) / (2 * q)
    section = np.array(
        [
            1 + alpha * amp,
            -2 * np.cos(omega),
            1 - alpha * amp,
            1 + alpha / amp,
            -2 * np.cos(omega),
            1 - alpha / amp,
        ]
    )
    return section / section[3]


def shelf_section(sample_rate: int, corner_hz: float, gain_db: float, high: bool) -> np.ndarray:
    """Biquad (6,) of a low or high shelf of slope 1, cookbook "lowShelf" and "highShelf"."""
    amp, omega = (
        10 ** (gain_db / 40),
        2 * np.pi * _below_nyquist(corner_hz, sample_rate) / sample_rate,
    )
    sign = -1.0 if high else 1.0  # the high shelf is the low one with the cosine's sign turned
    cos, beta = sign * np.cos(omega), np.sin(omega) * np.sqrt(2 * amp)
    section = np.array(
        [
            amp * (amp + 1 - (amp - 1) * cos + beta),
            sign * 2 * amp * (amp - 1 - (amp + 1) * cos),
            amp * (amp + 1 - (amp - 1) * cos - beta),
            amp + 1 + (amp - 1) * cos + beta,
            sign * -2 * (amp - 1 + (amp + 1) * cos),
            amp + 1 + (amp - 1) * cos - beta,
        ]
    )
    return section / section[3]


def filter_sections(wave: np.ndarray, sections: list[np.ndarray]) -> np.ndarray:
    """(..., T) through a chain of biquads, each (6,)."""
    if not sections:
        return wave.astype(np.float32, copy=False)
    return signal.sosfilt(
        np.stack(sections).astype(np.float32), wave.astype(np.float32, copy=False), axis=-1
    )


def peaking_eq(
    wave: np.ndarray, sample_rate: int, centre_hz: float, gain_db: float, q: float = 1.0
) -> np.ndarray:
    """Bell filter over (..., T): `gain_db` at `centre_hz`, bandwidth centre/q."""
    return filter_sections(wave, [peaking_section(sample_rate, centre_hz, gain_db, q)])


def shelf(
    wave: np.ndarray, sample_rate: int, corner_hz: float, gain_db: float, high: bool = True
) -> np.ndarray:
    """Shelf over (..., T): `gain_db` above (`high`) or below the corner, half of it (in dB) at the
    corner.
    """
    return filter_sections(wave, [shelf_section(sample_rate, corner_hz, gain_db, high)])


def pass_band(
    wave: np.ndarray, sample_rate: int, low_hz: float | None, high_hz: float | None
) -> np.ndarray:
    """(..., T) without what is below `low_hz` and above `high_hz` (second order each; None: leave
    it).
    """
    sections = []
    if low_hz:
        sections.append(signal.butter(2, low_hz, "highpass", fs=sample_rate, output="sos")[0])
    if high_hz and high_hz < 0.49 * sample_rate:
        sections.append(signal.butter(2, high_hz, "lowpass", fs=sample_rate, output="sos")[0])
    return filter_sections(wave, sections)


def _below_nyquist(frequency_hz: float, sample_rate: int) -> float:
    return min(frequency_hz, 0.49 * sample_rate)


# --- dynamics
# ------------------------------------------------------------------------------------------------


def envelope_db(
    wave: np.ndarray, sample_rate: int, attack_s: float, release_s: float
) -> np.ndarray:
    """Level in dB, (1 + T // BLOCK,), of (T,) or (C, T): falls 8.7 dB per `release_s`, rises over
    `attack_s`.

    The falling peak hold is a running maximum of a tilted curve, so no loop over samples is needed.
    """
    loudest = np.abs(wave) if wave.ndim == 1 else np.maximum.reduce(np.abs(wave))
    n_blocks = 1 + len(loudest) // BLOCK
    padded = np.zeros(n_blocks * BLOCK, np.float32)
    padded[: len(loudest)] = loudest
    level_db = 20 * np.log10(padded.reshape(n_blocks, BLOCK).max(axis=1) + SMALLEST)
    tilt = np.arange(n_blocks) * (8.686 * BLOCK / (sample_rate * max(release_s, 1e-3)))
    held_db = np.maximum.accumulate(level_db + tilt) - tilt
    keep = np.exp(-BLOCK / (sample_rate * max(attack_s, 1e-4)))
    return signal.lfilter([1 - keep], [1, -keep], held_db, zi=[keep * held_db[0]])[0]


def _apply_gain_db(wave: np.ndarray, gain_db: np.ndarray) -> np.ndarray:
    """(..., T) times a gain given once a BLOCK, straight lines between, the last value held."""
    n_blocks = 1 + wave.shape[-1] // BLOCK
    knots = db_to_gain(
        np.pad(gain_db, (0, max(0, n_blocks + 1 - len(gain_db))), mode="edge")
    ).astype(np.float32)
    ramp = np.arange(BLOCK, dtype=np.float32) / BLOCK
    gain = knots[:n_blocks, None] + np.diff(knots[: n_blocks + 1])[:, None] * ramp
    return wave * gain.ravel()[: wave.shape[-1]]


def compress(
    wave: np.ndarray,
    sample_rate: int,
    threshold_db: float = -18.0,
    ratio: float = 3.0,
    attack_s: float = 0.01,
    release_s: float = 0.15,
    makeup_db: float = 0.0,
) -> np.ndarray:
    """(T,) or (C, T) with what is above `threshold_db` (peak, full scale 1) divided by `ratio`,
    channels linked.
    """
    over_db = np.maximum(envelope_db(wave, sample_rate, attack_s, release_s) - threshold_db, 0)
    return _apply_gain_db(wave, makeup_db - over_db * (1 - 1 / ratio))


def duck(
    wave: np.ndarray,
    key: np.ndarray,
    sample_rate: int,
    depth_db: float = 8.0,
    release_s: float = 0.2,
) -> np.ndarray:
    """(T,) or (C, T) turned down by up to `depth_db` wherever `key` (T,) or (C, T) is loud:
    sidechain pumping.
    """
    level_db = envelope_db(key, sample_rate, 0.004, release_s)
    # 24 dB below its loudest: no ducking
    loudness = np.clip((level_db - level_db.max() + 24) / 24, 0, 1)
    # where the key is shorter, its last value holds
    return _apply_gain_db(wave, -depth_db * loudness)


def saturate(wave: np.ndarray, drive_db: float) -> np.ndarray:
    """Soft clipping by tanh of (..., T), `drive_db` above the wave's own peak, peak kept."""
    peak = float(np.abs(wave).max()) if wave.size else 0.0
    if peak < SMALLEST:
        return wave
    gain = float(db_to_gain(drive_db))
    return (np.tanh(wave * np.float32(gain / peak)) * np.float32(peak / np.tanh(gain))).astype(
        np.float32, copy=False
    )


# --- rooms ----------------------------------------------------------------------------------------
# -----------


@lru_cache(maxsize=16)
def impulse_response(
    sample_rate: int,
    rt60_s: float,
    damping: float = 0.5,
    seed: int = 0,
    n_channels: int = 2,
    early: float = 0.15,
) -> np.ndarray:
    """Room response (C, N), unit energy per channel, the same for the same arguments.

    Noise in octave bands, each decaying by 60 dB in ``rt60_s / (1 + damping * f / 2 kHz)``, after
    10 ms, plus `early` (share of the energy) in ten single reflections.
    """
    rng = np.random.default_rng(seed)
    n = fft.next_fast_len(int(rt60_s * sample_rate) + sample_rate // 50, real=True)
    spectrum = fft.rfft(rng.standard_normal((n_channels, n), dtype=np.float32))
    octave = np.log2(np.maximum(fft.rfftfreq(n, 1 / sample_rate), 1.0) / 125)
    n_bands = max(2, int(np.ceil(np.log2(sample_rate / 2 / 125))) + 1)
    octave = np.clip(octave, 0, n_bands - 1)
    time_s = np.arange(n) / sample_rate
    late = np.zeros((n_channels, n), np.float32)
    for band in range(n_bands):
        # the bands' triangles add to 1
        share = np.maximum(0, 1 - np.abs(octave - band)).astype(np.float32)
        decay_s = rt60_s / (1 + damping * 125 * 2**band / 2000)
        late += fft.irfft(spectrum * share, n=n) * (10 ** (-3 * time_s / decay_s)).astype(
            np.float32
        )
    start = sample_rate // 100
    late = np.pad(late, ((0, 0), (start, 0)))[:, :n]
    response = np.sqrt(1 - early) * late / np.sqrt(np.square(late).sum(axis=1, keepdims=True))
    if early > 0:
        response += np.sqrt(early) * _early_reflections(rng, sample_rate, n_channels, n)
    response = (response / np.sqrt(np.square(response).sum(axis=1, keepdims=True))).astype(
        np.float32
    )
    response.flags.writeable = False  # shared by every caller
    return response


def _early_reflections(
    rng: np.random.Generator, sample_rate: int, n_channels: int, n: int
) -> np.ndarray:
    """(C, N), unit energy: ten echoes a channel between 5 and 70 ms, the later the softer."""
    reflections = np.zeros((n_channels, n))
    for channel in reflections:
        delay_s = np.sort(rng.uniform(0.005, 0.07, 10))
        at = np.minimum((delay_s * sample_rate).astype(int), n - 1)
        channel[at] += rng.choice([-1.0, 1.0], 10) * 0.005 / delay_s
    return reflections / np.sqrt(np.square(reflections).sum(axis=1, keepdims=True))


def reverb(
    wave: np.ndarray,
    sample_rate: int,
    rt60_s: float,
    wet: float,
    seed: int = 0,
    damping: float = 0.5,
) -> np.ndarray:
    """(T,) or (C, T) in a room, same shape: ``(1 - wet) * dry + wet * room``, the room as loud as
    the dry wave.

    Deterministic given `seed`; the tail beyond T is cut, so pad before where it is wanted. Raises
    ValueError where `wet` is not within 0 to 1 or `rt60_s` is not above 0.
    """
    if not 0 <= wet <= 1 or rt60_s <= 0:
        raise ValueError(
            f"expected wet in 0..1 and rt60_s > 0, found {wet} and {rt60_s}: change the arguments"
        )
    if wet == 0 or wave.shape[-1] == 0:
        return wave.astype(np.float32)
    channels = np.atleast_2d(wave).astype(np.float32, copy=False)
    response = impulse_response(
        sample_rate, float(rt60_s), float(damping), int(seed), len(channels)
    )
    room = signal.oaconvolve(channels, response, axes=1)[:, : channels.shape[1]]
    return ((1 - wet) * channels + wet * room).astype(np.float32).reshape(wave.shape)


def echo(
    wave: np.ndarray, sample_rate: int, delay_s: float, feedback: float, repeats: int = 3
) -> np.ndarray:
    """(..., T) plus `repeats` echoes, each `delay_s` later and `feedback` times as loud."""
    out = wave.astype(np.float32)
    for k in range(1, repeats + 1):
        shift = int(k * delay_s * sample_rate)
        if 0 < shift < wave.shape[-1]:
            out[..., shift:] += np.float32(feedback**k) * wave[..., :-shift]
    return out


# --- loss and noise
# ------------------------------------------------------------------------------------------


def codec_loss(
    wave: np.ndarray, sample_rate: int, cutoff_hz: float, hole_db: float, step_db: float
) -> np.ndarray:
    """(T,) as a lossy codec leaves it: nothing above `cutoff_hz`, no bins that are more than
    `hole_db` below the loudest of their band and frame, magnitudes rounded to `step_db` (0: not
    rounded). STFT of 1024, hop 512.
    """
    n_fft, hop, n = 1024, 512, len(wave)
    n_frames = 2 + n // hop
    padded = np.zeros((n_frames - 1) * hop + n_fft, np.float32)
    padded[hop : hop + n] = wave
    window = np.sqrt(signal.get_window("hann", n_fft)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    spectrum = fft.rfft(frames * window, axis=1)
    magnitude = np.abs(spectrum) + np.float32(SMALLEST)
    # about critical bands
    edges = np.unique(np.concatenate([[0], np.geomspace(4, n_fft // 2, 22).astype(int)]))
    loudest = np.repeat(
        np.maximum.reduceat(magnitude, edges, axis=1), np.diff([*edges, n_fft // 2 + 1]), axis=1
    )
    gain = (magnitude > loudest * np.float32(db_to_gain(-hole_db))).astype(np.float32)
    if step_db > 0:
        per_step = np.float32(20 / np.log10(10) / step_db)
        steps = np.log10(magnitude) * per_step
        gain *= np.power(np.float32(10), (np.round(steps) - steps) / per_step)
    gain *= np.clip((cutoff_hz - fft.rfftfreq(n_fft, 1 / sample_rate)) / 150 + 1, 0, 1).astype(
        np.float32
    )
    frames = fft.irfft(spectrum * gain, n=n_fft, axis=1) * window
    out = np.zeros_like(padded).reshape(-1, hop)
    out[:-1] += frames[:, :hop]
    out[1:] += frames[:, hop:]
    return out.ravel()[hop : hop + n]


def noise_floor(
    n_samples: int,
    sample_rate: int,
    noise_db: float,
    hum_db: float,
    hum_hz: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """(T,) of hiss, pinkish, at `noise_db` rms and mains hum (four harmonics) at `hum_db` peak;
    full scale 1.
    """
    white = rng.standard_normal(n_samples, dtype=np.float32)
    hiss = white + signal.lfilter([0.8], [1, -0.95], white).astype(np.float32)
    out = hiss * np.float32(db_to_gain(noise_db) / max(float(hiss.std()), SMALLEST))
    if hum_db > -90:
        # one second, then repeated
        period = np.arange(sample_rate) / sample_rate * 2 * np.pi * round(hum_hz)
        hum = sum(np.sin(k * period) / k**1.5 for k in (1, 2, 3, 5))
        out += np.resize((hum * db_to_gain(hum_db)).astype(np.float32), n_samples)
    return out


def drift_pitch(
    wave: np.ndarray, sample_rate: int, cents: float, rate_hz: float, start: float = 0.0
) -> np.ndarray:
    """(T,) as a tape or turntable that runs unevenly plays it: pitch swings by `cents` `rate_hz`
    times a second.

    `start` is where in the swing the wave begins, 0 to 1. Time moves by less than `cents` / (10 900
    * rate_hz) s.
    """
    n = np.arange(wave.shape[-1], dtype=np.float64)
    reach = (2 ** (cents / 1200) - 1) * sample_rate / (2 * np.pi * rate_hz)  # samples early or late
    at = n + reach * (
        np.sin(2 * np.pi * (rate_hz / sample_rate * n + start)) - np.sin(2 * np.pi * start)
    )
    return np.interp(at, n, wave).astype(np.float32)


def amplifier(wave: np.ndarray, sample_rate: int, drive_db: float, tone_hz: float) -> np.ndarray:
    """(T,) through an overdriven guitar amplifier and its loudspeaker: all that sounds together
    distorts together.
    """
    peak = float(np.abs(wave).max()) if wave.size else 0.0
    if peak < SMALLEST:
        return wave
    # as amplifiers do before they distort, lest the bass rules it
    tight = pass_band(wave, sample_rate, 90.0, None)
    driven = np.tanh(tight * np.float32(db_to_gain(drive_db) / peak) + np.float32(0.15))
    return pass_band(driven * np.float32(peak), sample_rate, 80.0, tone_hz)


def room_microphones(
    drums: np.ndarray, sample_rate: int, rt60_s: float, level_db: float, squash: float, seed: int
) -> np.ndarray:
    """(T,) or (2, T) drums plus their room, `level_db` above the drums, compressed until it
    breathes (`squash`: ratio).
    """
    room = reverb(drums, sample_rate, rt60_s, 1.0, seed, damping=0.4)
    room = room / np.float32(max(float(np.abs(room).max()), SMALLEST))
    room = compress(room, sample_rate, -30.0, squash, 0.002, 0.12)
    gain = (
        db_to_gain(level_db)
        * active_rms(drums, sample_rate)
        / max(active_rms(room, sample_rate), SMALLEST)
    )
    return drums + room * np.float32(gain)


# --- the chain
# -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MixSettings:
    """What holds for a whole record; what holds for one stem is drawn in `mix`."""

    stem_spread_db: float = 1.5  # standard deviation of a stem's level about its role's
    eq_spread_db: float = 3.0  # standard deviation of a stem's EQ gains
    width: float = 0.6  # 0 all stems in the middle to 1 hard left and right
    compress_chance: float = 0.5  # per stem
    saturate_chance: float = 0.2
    echo_chance: float = 0.15
    haas_chance: float = 0.1  # one channel late, so that the downmix combs
    rt60_s: float = 0.8
    send_db: float = -16.0  # stems into the room; below -50: dry
    damping: float = 0.6
    duck_db: float = 0.0  # of everything but drums and lead, by the drums
    bus_tilt_db: float = 0.0  # high shelf up, low shelf down
    bus_bells: tuple[tuple[float, float, float], ...] = ()  # centre in Hz, gain in dB, q
    bus_ratio: float = 2.0  # 1: no compression
    bus_threshold_db: float = -12.0
    bus_attack_s: float = 0.008
    clip_db: float = 3.0  # soft clipping's drive; below -20: none
    side_gain: float = 1.0  # of left minus right before the downmix
    left_share: float = 0.5  # of the left channel in the downmix
    # of the right channel in the downmix: comb filter on what is wide or central
    channel_delay_s: float = 0.0
    noise_db: float = -75.0
    hum_db: float = -100.0
    hum_hz: float = 60.0
    codec: tuple[float, float, float] | None = None  # cutoff in Hz, hole in dB, step in dB
    peak: float = 0.9
    room_seed: int = field(default=0)
    # reverberation in s, level in dB, compression's ratio
    drum_room: tuple[float, float, float] | None = None
    drift: tuple[float, float] | None = None  # cents and Hz of an uneven tape
    band_hz: tuple[float, float] | None = None  # of a telephone's or an old record's sound

    @classmethod
    def draw(cls, rng: np.random.Generator) -> MixSettings:
        """Settings as found on records, from studio pop over rough home recordings to bad streams."""
        rough = rng.random() < 0.15  # a home or phone recording
        bells = tuple(
            (
                float(np.exp(rng.uniform(np.log(80), np.log(7000)))),
                float(rng.normal(0, 4 if rough else 2.5)),
                float(rng.uniform(0.5, 2.0)),
            )
            for _ in range(rng.integers(0, 4))
        )
        codec = None
        if rng.random() < 0.35:
            codec = (
                float(rng.uniform(5500, 10_500)),
                float(rng.uniform(25, 60)),
                float(rng.choice([0, 0, 1.5, 3.0])),
            )
        return cls(
            stem_spread_db=float(rng.uniform(0.5, 3.0)),
            eq_spread_db=float(rng.uniform(1.0, 4.5)),
            width=float(rng.uniform(0.1, 1.0)),
            compress_chance=float(rng.uniform(0.1, 0.7)),
            saturate_chance=float(rng.uniform(0.0, 0.4)),
            echo_chance=float(rng.uniform(0.0, 0.3)),
            haas_chance=float(rng.uniform(0.0, 0.2)),
            rt60_s=float(np.exp(rng.uniform(np.log(0.2), np.log(3.0)))),
            send_db=float(
                rng.uniform(-12, -4)
                if rough
                else rng.choice([-60, rng.uniform(-26, -6)], p=[0.1, 0.9])
            ),
            damping=float(rng.uniform(0.1, 1.5)),
            duck_db=float(
                rng.choice([0.0, rng.uniform(2, 6), rng.uniform(6, 16)], p=[0.6, 0.25, 0.15])
            ),
            bus_tilt_db=float(rng.normal(-3, 4.0 if rough else 3.0)),
            bus_bells=bells,
            bus_ratio=float(
                rng.choice([1.0, rng.uniform(1.3, 2.5), rng.uniform(2.5, 8.0)], p=[0.3, 0.5, 0.2])
            ),
            bus_threshold_db=float(rng.uniform(-24, -6)),
            bus_attack_s=float(np.exp(rng.uniform(np.log(0.004), np.log(0.04)))),
            clip_db=float(
                rng.choice([-30.0, rng.uniform(-10, 3), rng.uniform(3, 12)], p=[0.4, 0.4, 0.2])
            ),
            side_gain=float(rng.uniform(0.5, 1.6)),
            left_share=float(rng.choice([0.5, rng.uniform(0.2, 0.8), 1.0], p=[0.7, 0.25, 0.05])),
            channel_delay_s=float(rng.choice([0.0, rng.uniform(0.0002, 0.004)], p=[0.93, 0.07])),
            noise_db=float(rng.uniform(-58, -36) if rough else rng.uniform(-90, -48)),
            hum_db=float(rng.uniform(-65, -42)) if rng.random() < 0.06 else -100.0,
            hum_hz=float(rng.choice([50.0, 60.0])),
            codec=codec,
            drum_room=_draw_drum_room(rng),
            band_hz=(float(rng.uniform(80, 300)), float(rng.uniform(3000, 6500)))
            if rng.random() < 0.04
            else None,
            drift=(float(rng.uniform(1, 10)), float(rng.uniform(0.15, 1.2)))
            if rng.random() < 0.25
            else None,
            peak=float(np.exp(rng.uniform(np.log(0.15), 0.0))),
            room_seed=int(rng.integers(2**31)),
        )


def _draw_drum_room(rng: np.random.Generator) -> tuple[float, float, float] | None:
    if rng.random() < 0.35:
        return None
    return (
        float(np.exp(rng.uniform(np.log(0.15), np.log(1.2)))),
        float(rng.uniform(-20, -3)),
        float(rng.uniform(1.5, 8)),
    )


def mix(
    stems: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    settings: MixSettings | None = None,
    sample_rate: int = 16_000,
    gains_db: Mapping[str, float] | None = None,
    pans: Mapping[str, float] | None = None,
    stereo: bool = False,
) -> np.ndarray:
    """Stems (T,) or (2, T), of any level, to one mono record (T,) with peak ≤ 1; the longest stem
    gives T.

    With `stereo` the record is (2, T), and the settings of the downmix are not used.

    Each stem is first set to the loudness of its role (`ROLE_DB`, by the name up to the first digit
    or underscore), then `gains_db` of its name is added. `pans` (-1 left to 1 right) are drawn
    where not given. `settings` None: drawn. Raises ValueError without stems, for a wrong shape, or
    for values that are not finite.
    """
    if not stems:
        raise ValueError("expected at least one stem, found none: render a part first")
    settings = settings or MixSettings.draw(rng)
    n = max(wave.shape[-1] for wave in stems.values())
    down = (
        (lambda channels: channels)
        if stereo
        else partial(_downmix, settings=settings, sample_rate=sample_rate)
    )
    record, send = np.zeros((2, n) if stereo else n, np.float32), np.zeros(n, np.float32)
    drums = next((wave for name, wave in stems.items() if role_of(name) == "drums"), None)
    kick = _low_only(drums, sample_rate) if drums is not None and settings.duck_db > 0 else None
    for name, wave in stems.items():
        wave = _treat_stem(name, wave, rng, settings, sample_rate, (gains_db or {}).get(name, 0.0))
        if kick is not None and role_of(name) not in ("drums", "lead", "voice", "rap"):
            wave = duck(wave, kick, sample_rate, settings.duck_db)
        pan = (pans or {}).get(name)
        if pan is None:
            pan = rng.uniform(-1, 1) * (0.1 if role_of(name) in CENTRED else 1.0)
        send_db = (
            settings.send_db + rng.normal(0, 4) - (10 if role_of(name) in ("bass", "drums") else 0)
        )
        if send_db > -50:
            middle = wave if wave.ndim == 1 else (wave[0] + wave[1]) / 2
            send[: len(middle)] += middle * np.float32(db_to_gain(send_db))
        placed = _place(wave, float(pan) * settings.width, rng, settings, sample_rate, down)
        record[..., : placed.shape[-1]] += placed
    if send.any():  # all is linear up to here, so the room is mixed down before it is put to use
        response = impulse_response(
            sample_rate, settings.rt60_s, settings.damping, settings.room_seed
        )
        record += signal.oaconvolve(np.broadcast_to(send, record.shape), down(response), axes=-1)[
            ..., :n
        ]
    return _master(record, rng, settings, sample_rate)


def _low_only(drums: np.ndarray, sample_rate: int) -> np.ndarray:
    """The kick (T,), which is what is below 120 Hz in the drums."""
    return pass_band(drums if drums.ndim == 1 else drums[0] + drums[1], sample_rate, None, 120.0)


def _treat_stem(
    name: str,
    wave: np.ndarray,
    rng: np.random.Generator,
    settings: MixSettings,
    sample_rate: int,
    gain_db: float,
) -> np.ndarray:
    """One stem (T,) or (2, T) through its channel strip: same shape, at the loudness of its role."""
    if wave.ndim not in (1, 2) or (wave.ndim == 2 and wave.shape[0] != 2):
        raise ValueError(
            f"stem {name!r}: expected shape (T,) or (2, T), found {wave.shape}: transpose or mix it"
        )
    rms = active_rms(wave, sample_rate)
    if not np.isfinite(rms):
        raise ValueError(
            f"stem {name!r}: expected finite samples, found nan or inf: look at what rendered it"
        )
    role = role_of(name)
    wave = (wave / np.float32(max(rms, 1e-6))).astype(np.float32, copy=False)
    wave = filter_sections(wave, _draw_stem_eq(role, rng, settings, sample_rate))
    if rng.random() < settings.saturate_chance + 0.25 * (role == "bass"):
        wave = saturate(wave, float(rng.uniform(0, 14)))
    if rng.random() < settings.compress_chance:
        wave = compress(
            wave,
            sample_rate,
            float(rng.uniform(-6, 8)),
            float(rng.uniform(1.5, 6)),
            float(rng.uniform(0.001, 0.03)),
            float(rng.uniform(0.05, 0.4)),
        )
    if role == "drums" and settings.drum_room is not None:
        wave = room_microphones(wave, sample_rate, *settings.drum_room, seed=settings.room_seed)
    if role not in ("bass", "drums") and rng.random() < settings.echo_chance:
        wave = echo(
            wave, sample_rate, float(rng.uniform(0.09, 0.5)), float(rng.uniform(0.15, 0.45))
        )
    level_db = role_db(name) + gain_db + rng.normal(0, settings.stem_spread_db)
    return wave * np.float32(
        0.1 * db_to_gain(level_db) / max(active_rms(wave, sample_rate), 1e-6) * (rms > 1e-6)
    )


def _draw_stem_eq(
    role: str, rng: np.random.Generator, settings: MixSettings, sample_rate: int
) -> list[np.ndarray]:
    spread = settings.eq_spread_db
    sections = [
        shelf_section(
            sample_rate, float(rng.uniform(120, 400)), float(rng.normal(1.5, spread)), high=False
        ),
        peaking_section(
            sample_rate,
            float(np.exp(rng.uniform(np.log(250), np.log(5000)))),
            float(rng.normal(0, spread)),
            float(rng.uniform(0.5, 1.8)),
        ),
        shelf_section(
            sample_rate, float(rng.uniform(2500, 6000)), float(rng.normal(-1.0, spread)), high=True
        ),
    ]
    if role not in ("bass", "drums") and rng.random() < 0.3:
        low_hz = float(rng.uniform(60, 160))
        sections.append(signal.butter(2, low_hz, "highpass", fs=sample_rate, output="sos")[0])
    return sections


def _place(
    wave: np.ndarray,
    pan: float,
    rng: np.random.Generator,
    settings: MixSettings,
    sample_rate: int,
    down: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """(T,) or (2, T) to its share of the record: equal-power panning, now and then one channel
    comes late.
    """
    angle = (pan + 1) * np.pi / 4
    gains = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]], dtype=np.float32)
    late, which = int(rng.uniform(0.003, 0.02) * sample_rate), int(rng.integers(2))
    haas = rng.random() < settings.haas_chance
    if wave.ndim == 1 and not haas and settings.channel_delay_s == 0:
        return wave * down(gains)  # both channels are the same wave: one gain does it
    channels = np.atleast_2d(wave) * gains
    if haas:
        channels[which] = np.concatenate([np.zeros(late, np.float32), channels[which]])[
            : channels.shape[1]
        ]
    return down(channels)


def _master(
    record: np.ndarray, rng: np.random.Generator, settings: MixSettings, sample_rate: int
) -> np.ndarray:
    """The sum (T,) or (2, T) to the finished record, same shape: EQ, compression, clipping, noise,
    codec, level.
    """
    sections = [peaking_section(sample_rate, *bell) for bell in settings.bus_bells]
    sections.append(shelf_section(sample_rate, 2500, settings.bus_tilt_db / 2, high=True))
    sections.append(shelf_section(sample_rate, 300, -settings.bus_tilt_db / 2, high=False))
    record = filter_sections(record, sections)
    record = record / np.float32(max(float(np.abs(record).max()), SMALLEST))
    if settings.bus_ratio > 1:
        record = compress(
            record,
            sample_rate,
            settings.bus_threshold_db,
            settings.bus_ratio,
            settings.bus_attack_s,
            0.18,
        )
    if settings.clip_db > -20:
        record = saturate(record, settings.clip_db)
    if settings.band_hz is not None:
        record = pass_band(record, sample_rate, *settings.band_hz)
    if settings.drift is not None and record.ndim == 1:
        record = drift_pitch(record, sample_rate, *settings.drift, start=float(rng.random()))
    record = record / np.float32(max(float(np.abs(record).max()), SMALLEST))
    record = record + noise_floor(
        record.shape[-1], sample_rate, settings.noise_db, settings.hum_db, settings.hum_hz, rng
    )
    if settings.codec is not None:
        channels = [
            codec_loss(channel, sample_rate, *settings.codec) for channel in np.atleast_2d(record)
        ]
        record = np.stack(channels).reshape(record.shape)
    return (record * np.float32(settings.peak / max(float(np.abs(record).max()), SMALLEST))).astype(
        np.float32
    )


def _downmix(stereo: np.ndarray, settings: MixSettings, sample_rate: int) -> np.ndarray:
    """(2, T) to (T,): unequal shares, a changed side signal and a late channel colour it as real
    downmixes do.
    """
    middle, side = (
        (stereo[0] + stereo[1]) / 2,
        (stereo[0] - stereo[1]) / 2 * np.float32(settings.side_gain),
    )
    left, right = middle + side, middle - side
    late = int(settings.channel_delay_s * sample_rate)
    if late:
        right = np.concatenate([np.zeros(late, np.float32), right])[: len(left)]
    return left * np.float32(settings.left_share) + right * np.float32(1 - settings.left_share)
