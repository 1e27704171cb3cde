"""The note bank: the sound of every key of every instrument, from which carols are drafted.

Sounds of unrelated phase add in power. So the draft of a carol is the log of a sum over the notes
that sound, each a row of a table (its key's spectrum, so many frames after the stroke) times the
power of its level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.config import ModelConfig
from kcarol.model.instruments import INSTRUMENTS, N_KEYS
from kcarol.model.notes import Notes

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
NATS_PER_DB = 0.115129  # of amplitude


class NoteBank(nn.Module):
    """Notes -> the draft of their log-mel. A key outside its instrument's range sounds as the
    nearest one inside.
    """

    places: Tensor  # (n_instruments, 3): lowest pitch, number of keys, first key
    release: Tensor  # (N_KEYS, len(RELEASE_AGES)) nats below the note as it would be if held

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

    def forward(self, notes: Sequence[Notes], n_frames: int, table: Tensor | None = None) -> Tensor:
        """Notes of B windows of `n_frames` frames -> log-mel (B, F, 2, n_bands), middle and side.

        Each window's notes are counted from its beginning (`Notes.window`). `table`: as `table`
        makes it, where there are many windows to play; None: it is made.
        """
        table = self.table() if table is None else table
        entries = self.entries(notes, n_frames, table.detach())
        n_bags = len(notes) * n_frames
        power = F.embedding_bag(
            entries.row,
            table,
            torch.searchsorted(entries.frame, torch.arange(n_bags, device=table.device)),
            mode="sum",
            per_sample_weights=entries.weight,
        )
        log_mel = power.clamp_min(FLOOR**2).log() / 2
        return log_mel.view(len(notes), n_frames, 2, -1)

    def table(self) -> Tensor:
        """(2 * N_KEYS * len(AGES), 2 * n_bands): powers of hard strokes, then of soft ones."""
        middle = self.middle
        loud = torch.cat([middle, middle + self.side[:, None]], dim=2)
        soft = loud + self.soft.repeat(1, 2)[:, None]
        return torch.cat([loud, soft]).mul_(2).exp_().flatten(0, 1)  # in place: 60 MB less

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
    def entries(self, notes: Sequence[Notes], n_frames: int, table: Tensor) -> Entries:
        """Which rows of the table sound how strongly in which frame, in the order of frames."""
        device = table.device
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
        frame = (frame + n_frames * window[note]).expand(len(row), -1)
        kept = weight > 0
        frame, order = frame[kept].sort()
        return Entries(row[kept][order], weight[kept][order], frame)

    def _sounding(
        self, notes: Notes, note: Tensor, frame: Tensor, table: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Rows and weights (4, P) of P notes in frames: two ages times a hard and a soft stroke."""
        energy = table.sum(1).view(2, N_KEYS, len(AGES)).log() / 2  # nats
        key = self.keys(notes)[note]
        age, place = _between(AGES, frame - notes.start[note])
        release, release_place = _between(RELEASE_AGES, frame - notes.end[note])
        fading = self.release[key, release].lerp(self.release[key, release + 1], release_place)
        level = notes.level_db[note] * NATS_PER_DB + fading
        softness = (notes.level_db[note] / SOFT_DB).clamp(0, 1)
        rows, weights = [], []
        for stroke, share in enumerate((1 - softness, softness)):
            young, old = energy[stroke, key, age], energy[stroke, key, age + 1]
            row = (stroke * N_KEYS + key) * len(AGES) + age
            # between two ages the energy falls evenly in dB, which a plain mean would miss
            rows += [row, row + 1]
            weights.append(share * (1 - place) * (2 * (level + place * (old - young))).exp())
            weights.append(share * place * (2 * (level + (1 - place) * (young - old))).exp())
        return torch.stack(rows), torch.stack(weights)


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
