"""Random parameters: INI tables of the distributions of every setting of a sound.

A table has a section for each sound and a line for each parameter, drawn in the order of the file:

    a number or a word              that value
    uniform LOW HIGH                log_uniform LOW HIGH for quantities perceived in ratios
    normal MEAN DEVIATION
    choice A B C                    one of them, equally likely
    mixture P1: X | P2: Y           X with probability P1 and so on; X, Y themselves as above
    chance P: X else Y              X with probability P, otherwise Y
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def draw_parameters(rng: np.random.Generator, section: Mapping[str, str]) -> dict:
    """A value for each parameter of a section, drawn in the section's order."""
    return {name: draw_value(rng, text) for name, text in section.items()}


def draw_value(rng: np.random.Generator, text: str) -> float | str:
    """One value of a distribution written as in the module's description."""
    kind, _, arguments = text.partition(" ")
    if kind == "mixture":
        parts = [part.split(":") for part in arguments.split("|")]
        values = [draw_value(rng, value.strip()) for _, value in parts]
        return float(rng.choice(values, p=[float(share) for share, _ in parts]))
    if kind == "chance":
        probability, _, outcomes = arguments.partition(":")
        likely, other = outcomes.split(" else ")
        return draw_value(rng, (likely if rng.random() < float(probability) else other).strip())
    if kind == "choice":
        return _value(rng.choice([_value(word) for word in arguments.split()]))
    if kind in _DISTRIBUTIONS:
        return _DISTRIBUTIONS[kind](rng, *map(float, arguments.split()))
    return _value(text)


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A value whose logarithm is uniform, as for frequencies and time constants."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def normal(rng: np.random.Generator, mean: float, deviation: float) -> float:
    return float(rng.normal(mean, deviation))


_DISTRIBUTIONS = {"uniform": uniform, "log_uniform": log_uniform, "normal": normal}


def _value(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return str(word)
