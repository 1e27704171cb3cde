"""Facts about pictures of the network."""

import numpy as np
import pytest

from kcarol.notebook import figures


def test_attention_is_checked_and_in_seconds():
    picture = figures.attention([np.full((2, 25, 25), 0.04)] * 3, 0.064)
    assert len(picture.axes) == 6
    assert picture.axes[0].images[0].get_extent() == [0, 1.6, 1.6, 0]
    with pytest.raises(ValueError, match="H, S, S"):
        figures.attention([np.zeros((2, 3, 4))], 0.064)


def test_shapes_stand_over_the_arrows_and_texts_fit_their_boxes():
    stages = [(f"name {i}", "sinusoids, any length", "(B, S, 320)") for i in range(6)]
    picture = figures.architecture(stages, "m")
    picture.canvas.draw()
    [axes] = picture.axes
    boxes = [patch.get_window_extent() for patch in axes.patches]
    works = [text for text in axes.texts if text.get_text().startswith("sinusoids")]
    shapes = [text for text in axes.texts if text.get_text().startswith("(B")]
    for box, work, shape in zip(boxes, works, shapes, strict=True):
        inner, above = work.get_window_extent(), shape.get_window_extent()
        assert box.x0 < inner.x0 and inner.x1 < box.x1
        assert box.x1 - 15 < above.x0 and above.y0 > box.y1
