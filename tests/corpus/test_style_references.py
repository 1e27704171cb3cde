"""Facts about rendering the passages on which named styles are measured."""

import pytest
import torch

from kcarol.corpus.dataset.style_references import render_style_references
from kcarol.dataset.style_references import load_style_references
from kcarol.synthesis.render import CAROL_SOUNDFONT, available

# the shipped ones, as the carols that the shipped weights have learned from, were rendered with 16
# bits: below this log-mel they hold their dither
DITHER = -9.5

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        available((CAROL_SOUNDFONT,)) is not None, reason=str(available((CAROL_SOUNDFONT,)))
    ),
]


def test_the_references_that_ship_are_what_the_arranger_plays():
    rendered, shipped = render_style_references(), load_style_references()
    for name, log_mel in rendered.log_mels.items():
        notes = zip(rendered.notes[name], shipped.notes[name], strict=True)
        assert all(torch.equal(ours.tensor(), theirs.tensor()) for ours, theirs in notes), name
        # rounded to 16 steps a nat; another build of the synthesiser rounds otherwise, too
        apart = log_mel.clamp(min=DITHER) - shipped.log_mels[name].clamp(min=DITHER)
        assert apart.abs().mean() < 0.025, name
