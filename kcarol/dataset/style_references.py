"""A few seconds of carol in each named style, on which a new converter's styles are measured.

They ship beside the weights, so that training from scratch needs no synthesiser.
`kcarol.corpus.dataset.style_references` renders them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor

from kcarol.audio.files import atomic_write
from kcarol.config import AudioConfig
from kcarol.model.notes import Notes

STEPS_PER_NAT = 16  # a log-mel is stored as whole steps above the floor: rounded by 0.02 nats rms
NOTES = ".notes"  # of a passage's tensor of notes: "bells.0.notes"


@dataclass(frozen=True)
class StyleReferences:
    """The same N passages in every style: log-mels (N, F, 2, n_bands) of middle and side by style,
    and what is played in each passage.
    """

    log_mels: Mapping[str, Tensor]
    notes: Mapping[str, Sequence[Notes]]


def shipped_style_references() -> Path:
    return Path(str(resources.files("kcarol") / "weights" / "style_references.safetensors"))


def save_style_references(path: Path, references: StyleReferences) -> None:
    """Log-mels as bytes, 16 steps a nat; the texture measured on them is within a hundredth."""
    from safetensors.torch import save_file

    tensors = {name: _quantised(log_mel) for name, log_mel in references.log_mels.items()}
    for name, passages in references.notes.items():
        for number, notes in enumerate(passages):
            tensors[f"{name}.{number}{NOTES}"] = notes.tensor()
    with atomic_write(path) as temporary:
        save_file(tensors, temporary)


def load_style_references(path: Path | None = None) -> StyleReferences:
    """The shipped references, or those of another file."""
    from safetensors.torch import load_file

    tensors = load_file(path or shipped_style_references())
    log_mels = {name: _restored(x) for name, x in tensors.items() if not name.endswith(NOTES)}
    notes = {
        name: [Notes.of_tensor(tensors[f"{name}.{i}{NOTES}"]) for i in range(len(log_mel))]
        for name, log_mel in log_mels.items()
    }
    return StyleReferences(log_mels, notes)


def _quantised(log_mel: Tensor) -> Tensor:
    floor = math.log(AudioConfig().log_floor)
    return ((log_mel - floor) * STEPS_PER_NAT).round().clamp(0, 255).to(torch.uint8)


def _restored(steps: Tensor) -> Tensor:
    return steps.float() / STEPS_PER_NAT + math.log(AudioConfig().log_floor)
