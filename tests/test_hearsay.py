"""What was heard, standing for what is true."""

from pathlib import Path

import numpy as np
import pytest

from kcarol import runs
from kcarol.config import Config
from kcarol.convert import CONVERTER_FILE, Converter
from kcarol.corpus.pairset import load_pair_set
from kcarol.corpus.truth import Truth
from kcarol.hearsay import with_hearsay

PAIRS = Path(__file__).parents[1] / "data/pairs/train"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def group():
    return load_pair_set(PAIRS)[0]


def test_hearsay_follows_each_group_with_the_same_sounds_and_the_true_octave(group, weights):
    told = list(with_hearsay([group, group], Converter.load(weights)))
    assert len(told) == 4 and told[0] is group and told[2] is group
    heard = told[1]
    assert heard.pop is group.pop and heard.carol is group.carol
    assert heard.truth.shape == group.truth.shape and heard.truth.dtype == group.truth.dtype
    assert np.array_equal(heard.truth[..., -1], group.truth[..., -1])


def test_the_shipped_weights_hear_most_chords_of_a_pair_and_mishear_some(group):
    heard = list(with_hearsay([group], Converter.load()))[1]
    true, found = (Truth.from_packed(truth[0]).chord for truth in (group.truth, heard.truth))
    assert 0.7 < (true == found).mean() < 1


@pytest.mark.parametrize("stage, copies", [("play", 2), ("hear", 1)])
def test_playing_alone_goes_on_from_weights_with_their_hearsay(stage, copies, weights, tmp_path, monkeypatch):
    pools = []
    monkeypatch.setattr(runs, "train_converter", lambda pool, *_, **__: pools.append(pool) or tmp_path / "checkpoint.pt")
    monkeypatch.setenv("RANK", "1")  # writes nothing
    runs.train_network("converter", PAIRS, Config.smoke(), tmp_path, device="cpu", base_weights=weights / CONVERTER_FILE,
                       stage=stage, most_pairs=4)  # fmt: skip
    n_pairs = sum(len(group.pop) for group in load_pair_set(PAIRS))
    assert pools[0].filled == copies * min(4, n_pairs)
