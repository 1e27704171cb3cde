"""A measured note bank sounds like the notes that it was measured on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kcarol.arrangement.played_notes import notes_of
from kcarol.audio.full_band import FullBandMel
from kcarol.config import AudioConfig, ModelConfig
from kcarol.corpus.carol import single_notes
from kcarol.corpus.carol.single_notes import measure_notes_
from kcarol.model.instruments import INSTRUMENTS
from kcarol.model.note_bank import NoteBank
from kcarol.synthesis import render
from kcarol.synthesis.carol import render_carol
from kcarol.transcription.lead_sheet import Part, Stroke

CFG = AudioConfig()
CELESTA = INSTRUMENTS[0]
MISSING = render.available((render.CAROL_SOUNDFONT,))
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@torch.no_grad()
def test_the_draft_of_a_chord_is_its_render(monkeypatch):
    monkeypatch.setattr(single_notes, "INSTRUMENTS", [replace(CELESTA, highest=64)])
    bank = NoteBank(replace(ModelConfig.smoke(), n_bands=CFG.n_bands))
    measure_notes_(bank, CFG)
    strokes = tuple(
        Stroke(start_s, 0.6, pitch, velocity)
        for start_s, pitch, velocity in ((0.3, 60, 100), (0.3, 64, 90), (1.1, 62, 50))
    )
    part = Part("celesta", strokes, CELESTA.program, pan=CELESTA.pan)
    target = FullBandMel(CFG)(torch.from_numpy(render_carol([part], 2.0)))
    draft = bank([notes_of([part], CFG.frame_rate)], len(target))[0]
    audible = target > target.max() - 6
    error = (draft - target)[audible].numpy()
    assert abs(error.mean()) < 0.3 and np.abs(error).mean() < 0.4  # nats
