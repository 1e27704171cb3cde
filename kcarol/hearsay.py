"""Hearsay: what was heard of a song stands for what is true of it, mistakes and doubts included.

A player that was given nothing but the truth believes every word: a wrong stroke is struck as hard as a right one. Given what
the hearing half writes down of its training songs, and how sure it is, it learns how far each mark is to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kcarol.content import shift_pitches
from kcarol.convert import Converter
from kcarol.corpus.pool import Group
from kcarol.corpus.truth import unpack
from kcarol.decide import decide, weighed


def with_hearsay(groups: Iterable[Group], listener: Converter) -> Iterator[Group]:
    """Each group twice: the player is given the truth, then what `listener` heard of the pop songs."""
    for group in groups:
        truth = unpack(torch.from_numpy(group.truth))
        heard = [heard_content(pop, int(shift), listener) for pop, shift in zip(group.pop, truth.tune_shift, strict=True)]
        for content in (truth.content.fields(), torch.stack(heard)):
            yield replace(group, content=content.half().numpy())


def heard_content(pop: np.ndarray, tune_shift: int, listener: Converter) -> Tensor:
    """(T,) int16 -> (F, N_FIELDS). The tune's octave is the true one: seconds of a song do not tell it, a whole song does."""
    heard = listener.hear(pop / np.float32(32768))
    decision = decide(heard, listener.audio)
    told = weighed(decision, heard)
    return replace(told, tune=shift_pitches(told.tune[None], tune_shift - decision.tune_shift)[0]).fields()
