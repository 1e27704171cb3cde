"""Pseudo-labels: a converter's own transcription replaces the labels, mistakes and doubts included.

A player trained only on true labels trusts every mark: it plays a wrong onset as hard as a right
one. Trained on the hearing half's transcriptions and their confidence, it learns how far to trust
each mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kcarol.conversion.converter import Converter
from kcarol.dataset.labels import NO_NOTE, Labels, unpack
from kcarol.dataset.shards import Shard
from kcarol.training.batches import FULL_SCALE
from kcarol.transcription.decoding import decode
from kcarol.transcription.transcription import Transcription


def with_pseudo_labels(shards: Iterable[Shard], listener: Converter) -> Iterator[Shard]:
    """Each shard twice: with its labels' content, and with what `listener` transcribes."""
    for shard in shards:
        labels = unpack(torch.from_numpy(shard.labels))
        heard = [
            heard_content(pop, int(shift), listener)
            for pop, shift in zip(shard.pop, labels.tune_shift, strict=True)
        ]
        for content in (labels.content.fields(), torch.stack(heard)):
            yield replace(shard, content=content.half().numpy())


def heard_content(pop: np.ndarray, tune_shift: int, listener: Converter) -> Tensor:
    """(T,) int16 -> (F, N_FIELDS), the tune in its true octave, which only a
    whole song shows.
    """
    logits = listener.hear(pop / np.float32(FULL_SCALE))
    transcription = decode(logits, audio=listener.audio)
    return replace(transcription, tune_shift=tune_shift).weighted_content().fields()


def labels_of(transcription: Transcription) -> Labels:
    """A transcription as the labels of its song."""
    content = transcription.content.map(lambda x: x.numpy())
    sine, cosine = content.phase[:, :2], content.phase[:, 2:]
    beat_position, bar_position = (np.arctan2(sine, cosine) / (2 * np.pi) % 1).T
    n_frames = len(content.tune)
    return Labels(
        tune=transcription.tune,
        onset=content.onset[:, 0] > 0.5,
        chord=content.chord > 0.5,
        bass=np.where(content.bass.any(1), content.bass.argmax(1), NO_NOTE),
        beat=_marks(transcription.beats, n_frames),
        downbeat=_marks(transcription.downbeats, n_frames),
        beat_position=beat_position,
        bar_position=bar_position,
        accent=content.accent[:, 0] > 0.5,
        energy=content.energy[:, 0],
        tune_shift=transcription.tune_shift,
    )


def _marks(frames: np.ndarray, n_frames: int) -> np.ndarray:
    marks = np.zeros(n_frames, bool)
    marks[frames[frames < n_frames]] = True
    return marks
