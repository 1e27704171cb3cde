"""What is written to the terminal is in the user's language."""

import sys

import pytest
from tqdm import tqdm

from kcarol.cli import main as cli
from kcarol.cli import original
from kcarol.cli.language.terminal import in_users_language


@pytest.fixture
def korean(monkeypatch):
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    monkeypatch.delenv("LANGUAGE", raising=False)


def test_lines_of_print_and_tqdm_are_translated(korean, capsys):
    with in_users_language():
        print("kcarol: interrupted", file=sys.stderr)
        tqdm.write("new run; the old checkpoint is now a.pt")
        print("interrupted.wav")
    shown = capsys.readouterr()
    assert shown.err == "kcarol: 중단했습니다\n"
    assert shown.out == "새로 시작합니다. 이전 체크포인트는 이제 a.pt입니다\ninterrupted.wav\n"


def test_titles_of_bars_are_translated(korean, capsys):
    with in_users_language():
        list(tqdm(range(2), "convert", unit="song"))
    shown = capsys.readouterr().err
    assert "\r변환: 100%|" in shown and "2/2" in shown and "convert" not in shown


def test_names_of_files_are_no_messages(korean, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    carol = tmp_path / "separate ways.carol.wav"
    carol.touch()
    with in_users_language():
        print(carol.name)
        print("separate ways.mp3")
    assert capsys.readouterr().out == "separate ways.carol.wav\n목소리 분리 ways.mp3\n"


def test_streams_are_as_before_afterwards(korean):
    before = sys.stdout, sys.stderr
    with in_users_language():
        assert sys.stdout.encoding == before[0].encoding
    assert (sys.stdout, sys.stderr) == before


def test_english_leaves_the_streams_alone():
    before = sys.stdout
    with in_users_language():
        assert sys.stdout is before


def test_a_missing_stream_stays_missing(korean, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with in_users_language():
        assert sys.stderr is None


def test_errors_of_a_command(korean, capsys, tmp_path):
    assert cli.main(["convert", str(tmp_path / "none.mp3")]) == cli.FAILED
    assert capsys.readouterr().err.endswith("none.mp3: 파일을 찾을 수 없습니다\n")


@pytest.mark.parametrize("main", [cli.main, original.main])
def test_errors_of_the_parser(main, korean, capsys):
    with pytest.raises(SystemExit):
        main(["convert", "a.mp3", "--hall", "3"])
    assert "오류: 인자 --hall: 0에서 1 사이여야 하는데 3입니다\n" in capsys.readouterr().err
