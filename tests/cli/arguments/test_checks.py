"""What commands check alike."""

import pytest

from kcarol.cli.arguments import checks
from kcarol.cli.main import make_parser


def test_smoke_is_off_unless_the_option_or_the_environment_asks_for_it(monkeypatch):
    monkeypatch.delenv("KCAROL_SMOKE", raising=False)
    plain = make_parser().parse_args(["train"])
    asked = make_parser().parse_args(["train", "--smoke"])
    assert checks.wants_smoke(asked) and not checks.wants_smoke(plain)
    monkeypatch.setenv("KCAROL_SMOKE", "1")
    assert checks.wants_smoke(plain)
    monkeypatch.setenv("KCAROL_SMOKE", "0")
    assert checks.wants_smoke(asked) and not checks.wants_smoke(plain)


@pytest.mark.parametrize(
    "error, line",
    [
        (ValueError("two\nlines"), "two lines"),
        (FileNotFoundError(2, "No such file", "a\nb"), r"a\nb: No such file"),
        (RuntimeError("broken"), "RuntimeError: broken"),
        (MemoryError(), "MemoryError: MemoryError"),
    ],
)
def test_errors_become_one_line(error, line):
    assert checks.one_line(error) == line


def test_a_file_where_a_folder_is_wanted_is_found_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(checks.UsageError, match="is a file"):
        checks.check_writable(tmp_path / "file" / "below")
    checks.check_writable(tmp_path / "new" / "folder")
