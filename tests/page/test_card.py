"""Cards: kept as JSON, with the loudness of their sounds over time."""

import numpy as np

from kcarol.page.card import Card, Curve, level_curves
from kcarol.page.sound import Track

RATE = 16_000
TRACK = Track("Song", "", 2.0, "a%20b.mp3", "a.png", (125, 140))


def test_a_saved_card_is_the_same(tmp_path):
    card = Card("노래 <b>", (TRACK,), ("loud",), (Curve("Song", (0.5, 1.0)),), ((3, 4), (5, 6)))
    card.save(tmp_path / "card.json")
    assert Card.load(tmp_path / "card.json") == card


def test_other_files_are_no_cards(tmp_path):
    assert Card.load(tmp_path / "card.json") is None
    for text in ("", "[]", "{}", '{"tracks": [1]}', "nonsense"):
        (tmp_path / "card.json").write_text(text)
        assert Card.load(tmp_path / "card.json") is None


def test_curves_follow_the_level_on_one_scale():
    rising = np.repeat([0.01, 0.1], 8 * RATE)[None].astype(np.float32)
    rising *= np.sin(np.arange(rising.shape[1]) * 0.4).astype(np.float32)
    soft, loud = level_curves({"soft": (rising / 2, RATE), "loud": (rising, RATE)})
    assert soft.label == "soft" and max(loud.heights) == 1
    assert loud.heights[-5] - loud.heights[5] > 0.6  # 20 of 30 dB
    assert 0.15 < loud.heights[-5] - soft.heights[-5] < 0.25  # 6 of 30 dB


def test_silence_and_clicks_have_curves():
    short = np.zeros((1, 10), np.float32)
    (curve,) = level_curves({"short": (short, RATE)})
    assert set(curve.heights) <= {0.0, 1.0} and curve.points
