"""WORLD, where it is missing."""

import sys

import pytest

from kcarol.synthesis.render import RenderError
from kcarol.synthesis.world import world


def test_without_world_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyworld", None)
    with pytest.raises(RenderError, match=r"pip install .*\[voice\]'"):
        world()
