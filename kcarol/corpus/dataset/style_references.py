"""Renders the passages on which the named styles are measured.

`python -m kcarol.corpus.dataset.style_references [FILE]` writes them beside the weights.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from kcarol.arrangement.styles import STYLES, CarolStyle
from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.corpus.dataset.carol_record import render_carol
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.editing import trim
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.corpus.synthesis.render import renew
from kcarol.dataset.style_references import (
    StyleReferences,
    save_style_references,
    shipped_style_references,
)
from kcarol.transcription.lead_sheet import LeadSheet, TimeGrid

TUNES = ("Silent Night", "Deck the Halls", "The First Noel")
N_BARS = 10
# of each tune: the styles' embeddings are within 0.3 of those of the whole, and 5 to 7 apart
FIRST_FRAME, N_FRAMES = 700, 376


def render_style_references(cfg: AudioConfig | None = None) -> StyleReferences:
    """The same passages of TUNES in each of STYLES. Raises RenderError without the synthesiser."""
    cfg = cfg or AudioConfig()
    renew()  # independent of earlier renders
    sheets = [trim(tune(title), 0, N_BARS) for title in TUNES]
    log_mels = {
        name: torch.stack([_passage(sheet, style, cfg) for sheet in sheets])
        for name, style in STYLES.items()
    }
    return StyleReferences(log_mels, torch.stack([_labels(sheet, cfg) for sheet in sheets]))


def _passage(sheet: LeadSheet, style: CarolStyle, cfg: AudioConfig) -> Tensor:
    """Log-mel (F, M) of a passage, the whole tune levelled."""
    wave = torch.from_numpy(render_carol(sheet, TimeGrid.of(sheet), style, cfg.sample_rate))
    wave = wave * (cfg.reference_rms / wave.square().mean().sqrt())
    return LogMel(cfg)(wave)[FIRST_FRAME : FIRST_FRAME + N_FRAMES]


def _labels(sheet: LeadSheet, cfg: AudioConfig) -> Tensor:
    labels = sheet_labels(sheet, TimeGrid.of(sheet), cfg, FIRST_FRAME + N_FRAMES)
    return torch.from_numpy(labels.window(FIRST_FRAME, N_FRAMES).packed())


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_style_references()
    save_style_references(path, render_style_references())
