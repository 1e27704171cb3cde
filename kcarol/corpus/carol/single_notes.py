"""Every key of every instrument rendered alone, to begin the note bank with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from kcarol.arrangement.played_notes import VELOCITY_DB
from kcarol.audio.full_band import FullBandMel
from kcarol.config import AudioConfig
from kcarol.model.instruments import INSTRUMENTS, Instrument
from kcarol.model.note_bank import AGES, NATS_PER_DB, RELEASE_AGES, SOFT_DB, NoteBank
from kcarol.synthesis.carol import render_carol
from kcarol.transcription.lead_sheet import Part, Stroke

HARDEST = 127  # velocity
SOFT = round(HARDEST * 10 ** (SOFT_DB / VELOCITY_DB))
START = 12  # frame in which the notes begin
RELEASE = 36  # frames after the beginning, of the note that is released
SOFT_AGES = slice(2, 48)  # frames over which soft and hard strokes are compared
BLUR = 1.3  # a spectrum is the mean over ages from 1 / BLUR to BLUR times its own
AUDIBLE = 5.0  # nats from a key's loudest band down to those whose softness is compared


@torch.no_grad()
def measure_notes_(bank: NoteBank, cfg: AudioConfig | None = None) -> None:
    """Fill the bank with the spectra of single notes. Raises RenderError without the synthesiser.

    Takes 2 minutes of one core.
    """
    cfg = cfg or AudioConfig()
    full_band = FullBandMel(cfg)
    keys = ((instrument, key) for instrument in INSTRUMENTS for key in _range(instrument))
    for number, (instrument, key) in enumerate(keys):
        held, released, soft = (
            full_band(torch.from_numpy(wave)) for wave in _renders(instrument, key, cfg)
        )
        bank.middle[number], bank.side[number] = _spectra(held)
        bank.release[number] = _release(held, released)
        bank.soft[number] = _softness(held, soft)


def _range(instrument: Instrument) -> range:
    return range(instrument.lowest, instrument.highest + 1)


def _renders(instrument: Instrument, key: int, cfg: AudioConfig) -> Iterator[np.ndarray]:
    """(2, T) of a hard note held, a hard one released, and a soft one."""
    held = round(BLUR * AGES[-1])
    lengths = ((HARDEST, held, held), (HARDEST, RELEASE, RELEASE + RELEASE_AGES[-1]))
    for velocity, frames, until in (*lengths, (SOFT, SOFT_AGES.stop, SOFT_AGES.stop)):
        start_s, length_s = START / cfg.frame_rate, frames / cfg.frame_rate
        stroke = Stroke(start_s, length_s, key, velocity)
        part = Part(
            instrument.name,
            (stroke,),
            instrument.program or 0,
            is_drums=instrument.program is None,
            pan=instrument.pan,
        )
        yield render_carol([part], (START + until + 2) / cfg.frame_rate, cfg.full_rate)


def _spectra(held: Tensor) -> tuple[Tensor, Tensor]:
    """Log-mel (F, 2, n_bands) of a held note -> the middle's (ages, n_bands), and how far the side
    is above it, (n_bands,).
    """
    middle, side = held.unbind(1)
    ages = torch.stack([middle[_around(age)].mean(0) for age in AGES])
    sounding = held[START : START + 2 * AGES[-4]].mul(2).exp().mean(0).log() / 2
    return ages, sounding[1] - sounding[0]


def _around(age: int) -> slice:
    first, last = (age, age) if age < 4 else (round(age / BLUR), round(age * BLUR))
    return slice(START + first, START + last + 1)


def _release(held: Tensor, released: Tensor) -> Tensor:
    """(len(RELEASE_AGES),) nats by which the released note is below the held one."""
    frames = torch.tensor(RELEASE_AGES) + START + RELEASE
    loudness = [x[frames].mul(2).exp().sum((1, 2)).log() / 2 for x in (released, held)]
    return (loudness[0] - loudness[1]).clamp_max(0)


def _softness(held: Tensor, soft: Tensor) -> Tensor:
    """(n_bands,) nats by which a soft note is above a hard one that is turned down as far."""
    frames = slice(START + SOFT_AGES.start, START + SOFT_AGES.stop)
    hard, soft = (x[frames, 0].mul(2).exp().mean(0).log() / 2 for x in (held, soft))
    above = soft - hard - SOFT_DB * NATS_PER_DB
    is_audible = hard > hard.max() - AUDIBLE
    return torch.where(is_audible, above, above[is_audible].mean())
