import io
import sys
from argparse import ArgumentParser

import pytest
from separators import save_tiny, tiny_network
from served import served

from kcarol.cli.arguments.checks import UsageError
from kcarol.cli.arguments.separator import add_separator_options, checked_separator
from kcarol.voice.separation import separator, weights
from kcarol.voice.separation.weights import cached_weights


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def server(tmp_path, monkeypatch):
    """In the place of PyTorch's, with weights of a tiny network, and an empty cache."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(separator, "empty_network", tiny_network)
    with served(save_tiny(tmp_path / "tiny.pt").read_bytes()) as server:
        monkeypatch.setattr(weights, "URL", server.url)
        yield server


def chosen(*argv):
    parser = ArgumentParser()
    add_separator_options(parser)
    return checked_separator(parser.parse_args(argv))


def test_what_will_be_fetched_is_said_before_it_is_asked_on_a_terminal(server, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    assert chosen() == cached_weights()
    said = capsys.readouterr().err
    assert said.index("319 MB") < said.index("Fetch them? [y/N]")
    assert chosen() == cached_weights()
    assert capsys.readouterr().err == ""
    assert len(server.ranges) == 1


@pytest.mark.parametrize(
    "stdin", [Terminal("\n"), Terminal("no\n"), Terminal(""), io.StringIO("y")]
)
def test_without_a_yes_nothing_is_fetched(server, monkeypatch, stdin):
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(UsageError, match="expected --yes.* or --separator-weights FILE"):
        chosen()
    assert server.ranges == []


def test_yes_is_agreed_in_advance_and_the_notice_still_shown(server, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert chosen("--yes") == cached_weights()
    assert "319 MB" in capsys.readouterr().err


def test_given_weights_need_no_question(server, tmp_path, capsys):
    assert chosen("--separator-weights", str(tmp_path / "tiny.pt")) == tmp_path / "tiny.pt"
    assert capsys.readouterr().err == ""
    assert server.ranges == []
