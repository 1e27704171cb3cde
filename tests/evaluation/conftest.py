import numpy as np
import pytest
from tunes import TOGETHER, tones


@pytest.fixture(scope="session")
def song() -> np.ndarray:
    return tones(TOGETHER)
