"""Hearsay: what was heard of a song stands for what is true of it, mistakes and doubts included.

A player that was given nothing but the truth believes every word: a wrong stroke is struck as hard
as a right one. Given what the hearing half writes down of its training songs, and how sure it is,
it learns how far each mark is to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kcarol.conversion.converter import Converter
from kcarol.dataset.labels import unpack
from kcarol.dataset.shards import Shard
from kcarol.transcription.decoding import decode


def with_pseudo_labels(groups: Iterable[Shard], listener: Converter) -> Iterator[Shard]:
    """Each group twice: the player is given the truth, then what `listener` heard of the pop songs."""
    for group in groups:
        labels = unpack(torch.from_numpy(group.labels))
        heard = [
            heard_content(pop, int(shift), listener)
            for pop, shift in zip(group.pop, labels.tune_shift, strict=True)
        ]
        for content in (labels.content.fields(), torch.stack(heard)):
            yield replace(group, content=content.half().numpy())


def heard_content(pop: np.ndarray, tune_shift: int, listener: Converter) -> Tensor:
    """(T,) int16 -> (F, N_FIELDS). The tune's octave is the true one: seconds of a song do not tell
    it, a whole song does.
    """
    transcription = decode(listener.hear(pop / np.float32(32768)), audio=listener.audio)
    return replace(transcription, tune_shift=tune_shift).weighted_content().fields()
