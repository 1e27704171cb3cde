"""The note bank: the sound of every key of every instrument, from which carols are drafted.

Sounds of unrelated phase add in power. So the draft of a carol is the log of a sum over the notes
that sound, each a row of a table (its key's spectrum, so many frames after the stroke) times the
power of its level. The table is made of the keys that a song plays, a small part of all.

The rows of choirs' keys are there once more for each vowel, made from those of the choir whose
samples sing "ah".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.audio.full_band import band_edges_hz
from kcarol.audio.loudness import k_weighting
from kcarol.config import AudioConfig, ModelConfig
from kcarol.model.instruments import INSTRUMENTS, N_KEYS, NUMBERS
from kcarol.model.notes import Notes
from kcarol.model.singing.formants import DARK_VOWEL, darkening_db, gains_db
from kcarol.model.singing.text import Text
from kcarol.model.vowels import NO_VOWEL, VOWELS

# frames after the stroke at which a key's spectrum is known. A frame's analysis window reaches so
# far that it hears a note three frames before the note begins; the last spectrum stays.
AGES = (-3, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
# frames after the release at which it is known how far a key has died away
RELEASE_AGES = (-3, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
RING_FRAMES = RELEASE_AGES[-1]  # after the release, in which a note may be heard
FADED = -7.0  # nats, of a released note that is left out from then on
SOFT_DB = -28.0  # of soft strokes, whose spectra the bank knows besides those of the hardest
# band magnitudes are at least this, 85 dB below full scale where all are: less is not heard
FLOOR = 1.2e-4
AH_CHOIR = "choir"  # whose samples all choirs sing vowels with
NATS_PER_DB = 0.115129  # of amplitude


class NoteBank(nn.Module):
    """Notes -> the draft of their log-mel. A key outside its instrument's range sounds as the
    nearest one inside.
    """

    places: Tensor  # (n_instruments, 3): lowest pitch, number of keys, first key
    release: Tensor  # (N_KEYS, len(RELEASE_AGES)) nats below the note as it would be if held
    singing: Tensor  # (S,) keys of choirs
    sampled: Tensor  # (S,) the key that sings "ah" at each one's pitch
    place: Tensor  # (N_KEYS,) of a key among the singing ones; -1 elsewhere
    vowel_gain: Tensor  # (len(VOWELS), S, n_bands) nats

    def __init__(self, cfg: ModelConfig):
        super().__init__()
        n_bands = cfg.n_bands
        self.middle = nn.Parameter(torch.full((N_KEYS, len(AGES), n_bands), -4.0))  # log-mel
        self.side = nn.Parameter(torch.full((N_KEYS, n_bands), -1.0))  # nats above the middle
        # nats by which a stroke of SOFT_DB is above a hard one that is turned down so far
        self.soft = nn.Parameter(torch.zeros(N_KEYS, n_bands))
        self.register_buffer("release", torch.zeros(N_KEYS, len(RELEASE_AGES)))
        places = torch.tensor([[i.lowest, i.n_keys] for i in INSTRUMENTS])
        first = places[:, 1].cumsum(0) - places[:, 1]
        self.register_buffer("places", torch.column_stack([places, first]), persistent=False)
        self._register_choirs()

    def _register_choirs(self) -> None:
        keys = [
            (first + pitch - i.lowest, pitch, i.vowel == DARK_VOWEL)
            for i, first in zip(INSTRUMENTS, self.places[:, 2].tolist(), strict=True)
            for pitch in range(i.lowest, i.highest + 1)
            if i.vowel
        ]
        singing, pitch, is_dark = torch.tensor(keys).unbind(1)
        lowest, n_keys, first = self.places[NUMBERS[AH_CHOIR]]
        place = torch.full((N_KEYS,), -1).index_put((singing,), torch.arange(len(singing)))
        low_hz, high_hz = band_edges_hz(AudioConfig())[:, : self.middle.shape[-1]]
        f0_hz = 440 * 2 ** ((pitch.numpy() - 69) / 12)
        band_hz = ((low_hz + high_hz) / 2).numpy()
        gain_db = gains_db(f0_hz, band_hz) + is_dark.numpy()[:, None] * darkening_db(band_hz)
        for name, values in {
            "singing": singing,
            "sampled": first + (pitch - lowest).clamp_min(0).minimum(n_keys - 1),
            "place": place,
            "vowel_gain": torch.from_numpy(gain_db * NATS_PER_DB).float(),
        }.items():
            self.register_buffer(name, values, persistent=False)

    def forward(
        self,
        notes: Sequence[Notes],
        n_frames: int,
        table: Table | None = None,
        text: Sequence[Text] | None = None,
    ) -> Tensor:
        """Notes of B windows of `n_frames` frames -> log-mel (B, F, 2, n_bands), middle and side.

        Each window's notes are counted from its beginning (`Notes.window`). `table`: of a song
        whose windows these are; None: it is made. `text`: of each window, which its choirs sing;
        None: they sing as their samples do.
        """
        if table is None:
            table = self.table(Notes.concatenated(notes), with_vowels=text is not None)
        entries = self.entries(notes, n_frames, table, text)
        n_bags = len(notes) * n_frames
        power = F.embedding_bag(
            entries.row,
            table.rows,
            torch.searchsorted(entries.frame, torch.arange(n_bags, device=table.rows.device)),
            mode="sum",
            per_sample_weights=entries.weight,
        )
        log_mel = power.clamp_min(FLOOR**2).log() / 2
        return log_mel.view(len(notes), n_frames, 2, -1)

    def table(self, notes: Notes, with_vowels: bool = False) -> Table:
        """Of the keys that these notes play, and, with vowels, of choirs' keys on each of them."""
        keys = self.keys(notes.to(self.places.device)).unique()
        loud_and_soft = self._powers(keys)
        rows, sings = loud_and_soft.flatten(0, 2), self.place[keys] >= 0
        if with_vowels and sings.any():
            sung = self._sung(keys[sings], loud_and_soft[:, sings])
            rows = torch.cat([rows, sung])
        return Table(rows, _places(keys), _places(keys[sings]), len(keys), int(sings.sum()))

    def _powers(self, keys: Tensor) -> Tensor:
        """(2, K, len(AGES), 2 * n_bands) of keys (K,): of hard strokes, then of soft ones."""
        middle = self.middle[keys]
        loud = torch.cat([middle, middle + self.side[keys, None]], dim=2)
        soft = loud + self.soft[keys].repeat(1, 2)[:, None]
        return torch.stack([loud, soft]).mul_(2).exp_()

    def _sung(self, keys: Tensor, powers: Tensor) -> Tensor:
        """Rows of choirs' keys (S,), whose own powers these are, on all vowels: each as loud as the
        key on its own vowel, and as wide.
        """
        place = self.place[keys]
        own = powers.unflatten(-1, (2, -1))
        middle = self._powers(self.sampled[place]).unflatten(-1, (2, -1))[:, :, :, 0]
        side = (2 * self.side[keys]).exp()[:, None]
        sampled = torch.stack([middle, middle * side], dim=3)  # (2, S, A, 2, n_bands)
        heard = loudness_weights().to(own)[: own.shape[-1]]
        loudness = (own * heard).sum((3, 4), keepdim=True)
        sung = []
        for gain in self.vowel_gain[:, place]:
            vowel = sampled * (2 * gain).exp()[:, None, None]
            vowel *= loudness / (vowel * heard).sum((3, 4), keepdim=True)
            sung.append(vowel.flatten(0, 2).flatten(1))
        return torch.cat(sung)

    def keys(self, notes: Notes) -> Tensor:
        """(N,) of each note, from 0 to N_KEYS - 1."""
        lowest, n_keys, first = self.places[notes.instrument].unbind(1)
        return first + (notes.pitch - lowest).clamp_min(0).minimum(n_keys - 1)

    def ring_frames(self) -> Tensor:
        """(N_KEYS,) frames after the release in which a key is heard."""
        following = (*RELEASE_AGES[1:], RING_FRAMES)
        ages = torch.tensor(following, dtype=torch.float32, device=self.release.device)
        return torch.where(self.release > FADED, ages, 0).amax(1)

    @torch.no_grad()
    def entries(
        self,
        notes: Sequence[Notes],
        n_frames: int,
        table: Table,
        text: Sequence[Text] | None = None,
    ) -> Entries:
        """Which rows of the table sound how strongly in which frame, in the order of frames."""
        device = table.rows.device
        windows = [notes_.to(device) for notes_ in notes]
        together = Notes.concatenated(windows)
        window = torch.repeat_interleave(
            torch.arange(len(notes), device=device),
            torch.tensor([len(some) for some in windows], device=device),
        )
        first = (together.start + AGES[0]).ceil().clamp_min(0)
        stop = (together.end + self.ring_frames()[self.keys(together)]).ceil().clamp_max(n_frames)
        length = (stop - first).clamp_min(0).long()
        note = torch.repeat_interleave(length)  # (P,): a note once for each frame
        before = length.cumsum(0) - length
        frame = torch.arange(len(note), device=device) - before[note] + first[note].long()
        row, weight = self._sounding(together, note, frame, table)
        frame = frame + n_frames * window[note]
        if text is not None:
            place = torch.where(together.sings, table.sung_place[self.keys(together)], -1)[note]
            row, weight = _on_vowels(row, weight, place, frame, table, text)
        frame = frame.expand(len(row), -1)
        kept = weight > 0
        frame, order = frame[kept].sort()
        return Entries(row[kept][order], weight[kept][order], frame)

    def _sounding(
        self, notes: Notes, note: Tensor, frame: Tensor, table: Table
    ) -> tuple[Tensor, Tensor]:
        """Rows and weights (4, P) of P notes in frames: two ages times a hard and a soft stroke."""
        energy = table.energy()
        key = self.keys(notes)[note]
        place = table.place[key]
        age, between = _between(AGES, frame - notes.start[note])
        release, between_releases = _between(RELEASE_AGES, frame - notes.end[note])
        fading = self.release[key, release].lerp(self.release[key, release + 1], between_releases)
        level = notes.level_db[note] * NATS_PER_DB + fading
        softness = (notes.level_db[note] / SOFT_DB).clamp(0, 1)
        rows, weights = [], []
        for stroke, share in enumerate((1 - softness, softness)):
            young, old = energy[stroke, place, age], energy[stroke, place, age + 1]
            row = (stroke * table.n_keys + place) * len(AGES) + age
            # between two ages the energy falls evenly in dB, which a plain mean would miss
            rows += [row, row + 1]
            weights.append(share * (1 - between) * (2 * (level + between * (old - young))).exp())
            weights.append(share * between * (2 * (level + (1 - between) * (young - old))).exp())
        return torch.stack(rows), torch.stack(weights)


@cache
def loudness_weights() -> Tensor:
    """(n_bands,) of the powers of a channel's bands in its loudness, by ITU-R BS.1770-4.

    Bands are means of magnitudes: times the width they are right for noise, times its square for
    one partial a band. Voices lie between.
    """
    cfg = AudioConfig()
    low_hz, high_hz = band_edges_hz(cfg)
    gain = k_weighting(cfg.full_rate, cfg.n_fft).abs().square().numpy()
    bins_hz = np.fft.rfftfreq(cfg.n_fft, 1 / cfg.full_rate)
    gain = np.interp(((low_hz + high_hz) / 2).numpy(), bins_hz, gain)
    return (torch.from_numpy(gain) * (high_hz - low_hz) ** 1.5).float()


class Table(NamedTuple):
    """Powers of spectra: of K keys struck hard and softly, then of S of them on each vowel."""

    rows: Tensor  # (2 * K * len(AGES) [+ len(VOWELS) * 2 * S * len(AGES)], 2 * n_bands)
    place: Tensor  # (N_KEYS,) of a key among the K; -1 elsewhere
    sung_place: Tensor  # (N_KEYS,) of a key among the S; -1 elsewhere
    n_keys: int  # K
    n_sung: int  # S

    def energy(self) -> Tensor:
        """(2, K, len(AGES)) nats."""
        rows = self.rows.detach()[: 2 * self.n_keys * len(AGES)]
        return rows.sum(1).view(2, self.n_keys, len(AGES)).log() / 2


class Entries(NamedTuple):
    """Which rows of the table sound, how strongly, and in which frame."""

    row: Tensor  # (E,) int64
    weight: Tensor  # (E,) float32
    frame: Tensor  # (E,) int64, counted over all windows, ascending


def _between(ages: Sequence[int], age: Tensor) -> tuple[Tensor, Tensor]:
    """Index of the last of `ages` before each age, and how far it is to the next one, 0 to 1."""
    known = torch.tensor(ages, dtype=age.dtype, device=age.device)
    index = (torch.searchsorted(known, age, right=True) - 1).clamp(0, len(ages) - 2)
    return index, ((age - known[index]) / (known[index + 1] - known[index])).clamp(0, 1)


def _on_vowels(
    row: Tensor, weight: Tensor, place: Tensor, frame: Tensor, table: Table, text: Sequence[Text]
) -> tuple[Tensor, Tensor]:
    """Rows and weights (4, P), places among the sung keys (P,), -1 where no text is sung, frames
    (P,) -> ((1 + len(VOWELS)) * 4, P), the sung ones shared out among the vowels.
    """
    shares = torch.cat([some.shares for some in text]).to(row.device)[frame]
    level_db = torch.cat([some.level_db for some in text]).to(row.device)[frame]
    sung_weight = torch.where(place < 0, 0, (2 * NATS_PER_DB * level_db).exp()) * weight
    own = torch.where(place < 0, weight, sung_weight * shares[:, NO_VOWEL])
    n_sung, n_ages = table.n_sung, len(AGES)
    stroke, age = row // (table.n_keys * n_ages), row % n_ages
    sung_row = (stroke * n_sung + place) * n_ages + age
    rows, weights = [row], [own]
    for vowel in range(len(VOWELS)):
        first = 2 * (table.n_keys + vowel * n_sung) * n_ages
        rows.append(torch.where(place < 0, 0, first + sung_row))
        weights.append(sung_weight * shares[:, vowel])
    return torch.cat(rows), torch.cat(weights)


def _places(keys: Tensor) -> Tensor:
    """(N_KEYS,) of each key among `keys`; -1 elsewhere."""
    places = torch.full((N_KEYS,), -1, device=keys.device)
    places[keys] = torch.arange(len(keys), device=keys.device)
    return places
