"""Facts about the parser: help tells defaults, errors tell what was meant."""

import pytest

from kcarol.cli.arguments.parser import Parser


@pytest.fixture
def parser():
    parser = Parser(prog="sing")
    parser.add_argument("--voice", "-v", choices=("soprano", "alto"), default="alto", help="who")
    parser.add_argument("--loud", action="store_true", help="or soft")
    return parser


def test_defaults_of_values_are_told(parser):
    text = parser.format_help()
    assert "--voice, -v {soprano,alto}\n" in text and "who (default: alto)" in text
    assert "or soft\n" in text


def test_options_are_not_abbreviated(parser):
    assert parser.parse_known_args(["--voi", "alto"])[1] == ["--voi", "alto"]


@pytest.mark.parametrize(
    "words, meant", [(["--voice", "sopran"], "soprano?"), (["--lout"], "--loud?")]
)
def test_what_was_meant_is_told(parser, words, meant, capsys):
    with pytest.raises(SystemExit) as stopped:
        _, unknown = parser.parse_known_args(words)
        parser.refuse(unknown)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.rstrip().endswith(f"did you mean {meant}")
