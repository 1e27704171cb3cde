"""Renders the passages on which the named styles are measured.

`python -m kcarol.corpus.dataset.style_references [FILE]` writes them beside the weights.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.played_notes import notes_of
from kcarol.arrangement.styles import STYLES, CarolStyle
from kcarol.audio.full_band import FullBandMel
from kcarol.config import AudioConfig
from kcarol.corpus.lead_sheet.editing import trim
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.dataset.style_references import (
    StyleReferences,
    save_style_references,
    shipped_style_references,
)
from kcarol.model.note_bank import RING_FRAMES
from kcarol.model.notes import Notes
from kcarol.synthesis.carol import render_carol
from kcarol.transcription.form.bar_shapes import as_composed
from kcarol.transcription.lead_sheet import LeadSheet, TimeGrid

TUNES = ("Silent Night", "Deck the Halls", "The First Noel")
N_BARS = 10
# of each tune: the styles' embeddings are within 0.3 of those of the whole, and 5 to 7 apart
FIRST_FRAME, N_FRAMES = 700, 376


def render_style_references(cfg: AudioConfig | None = None) -> StyleReferences:
    """The same passages of TUNES in each of STYLES. Raises RenderError without the synthesiser."""
    cfg = cfg or AudioConfig()
    sheets = [as_composed(trim(tune(title), 0, N_BARS)) for title in TUNES]
    log_mels, notes = {}, {}
    for name, style in STYLES.items():
        passages = [_passage(sheet, style, cfg) for sheet in sheets]
        log_mels[name] = torch.stack([log_mel for log_mel, _ in passages])
        notes[name] = [played for _, played in passages]
    return StyleReferences(log_mels, notes)


def _passage(sheet: LeadSheet, style: CarolStyle, cfg: AudioConfig) -> tuple[Tensor, Notes]:
    """Log-mel (F, 2, n_bands) and notes of a passage."""
    grid = TimeGrid.of(sheet)
    parts = arrange_carol(sheet, grid, style)
    log_mel = FullBandMel(cfg)(render_carol(parts, grid.length_s, cfg.full_rate))
    stop = FIRST_FRAME + N_FRAMES
    notes = notes_of(parts, cfg.frame_rate).window(FIRST_FRAME, stop, RING_FRAMES)
    return log_mel[FIRST_FRAME:stop], notes


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_style_references()
    save_style_references(path, render_style_references())
