"""Lead sheets."""

import numpy as np

from kcarol.corpus.lead_sheet.compose import compose


def test_energy_of_a_beat_is_its_sections():
    sheet = compose(np.random.default_rng(0), 20.0)
    for section in sheet.sections:
        assert sheet.energy_at(section.start + section.length / 2) == section.energy
