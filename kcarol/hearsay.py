"""Hearsay: what was heard of a song stands for what is true of it, mistakes included.

A player that was given nothing but the truth believes every word: a wrong stroke is struck as hard as a right one. Given what
the hearing half writes down of its training songs, it learns how far each kind of mark is to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from kcarol.convert import Converter
from kcarol.corpus.pool import Group
from kcarol.corpus.truth import REST, SHARE
from kcarol.decide import Decision, decide


def packed_decision(decision: Decision) -> np.ndarray:
    """(F, N_PACKED) int16, as `Truth.packed`: what was decided stands for what is true."""
    content = decision.content.map(lambda x: x.numpy())
    n_frames = len(content.tune)
    sine, cosine = content.phase[:, :2], content.phase[:, 2:]
    positions = np.round(np.arctan2(sine, cosine) / (2 * np.pi) % 1 * SHARE)
    bass = np.where(content.bass.any(1), content.bass.argmax(1), REST)
    bits = (content.chord > 0.5) @ (1 << np.arange(12))
    beat, downbeat = np.zeros(n_frames, int), np.zeros(n_frames, int)
    beat[decision.beats[decision.beats < n_frames]] = 1
    downbeat[decision.downbeats[decision.downbeats < n_frames]] = 1
    flags = (content.onset[:, 0] > 0.5) + 2 * beat + 4 * downbeat + 8 * (content.accent[:, 0] > 0.5)
    energy, shift = np.round(content.energy[:, 0] * SHARE), np.full(n_frames, decision.tune_shift)
    columns = [decision.tune, bass, bits, flags, positions[:, 0], positions[:, 1], energy, shift]
    return np.stack(columns, axis=1).astype(np.int16)


def with_hearsay(groups: Iterable[Group], listener: Converter) -> Iterator[Group]:
    """Each group twice: as it is, and with what `listener` heard and decided in the place of the truth.

    The true octave of the tune stays: seconds of a song do not tell it, a whole song does.
    """
    for group in groups:
        yield group
        heard = np.stack([packed_decision(decide(listener.hear(pop / np.float32(32768)), listener.audio)) for pop in group.pop])
        heard[..., -1] = group.truth[..., -1]
        yield replace(group, truth=heard)
