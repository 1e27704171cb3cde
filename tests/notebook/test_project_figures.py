"""Facts about the project's own pictures: drawn from what is in the repository, by one command."""

from pathlib import Path

import pytest

import kcarol
from kcarol.cli import main as cli
from kcarol.notebook import project_figures

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"


@pytest.mark.slow
def test_all_pictures_are_drawn_from_data_and_weights(tmp_path, monkeypatch, small_converter):
    monkeypatch.setattr(project_figures, "STRENGTHS", (0.0, 1.0))
    monkeypatch.setattr(project_figures, "JUDGED_S", 10.0)
    written = list(project_figures.write_all(tmp_path, DATA, small_converter()))
    names = {path.name for path in written}
    pictures = {"pair.png", "heard.png", "model.png", "vocoder.png", "strength.png"}
    scores = {"carol.musicxml", "carol.mid", "carol.pdf", "score.png"}
    sounds = {"sample.mp4", "choir-syllables.mp3", "choir-ah.mp3"}
    assert names >= pictures | scores | sounds
    assert names == {path.name for path in tmp_path.iterdir()}
    assert all(2_000 < path.stat().st_size < 1_000_000 for path in written)


def test_the_command_without_files_draws_them_and_says_what_it_wrote(tmp_path, monkeypatch, capsys):
    folders = []

    def write_all(out):
        folders.append(out)
        return [out / "pair.png"]

    monkeypatch.setattr(project_figures, "write_all", write_all)
    assert cli.main(["figures", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "pair.png") and folders == [tmp_path]


def test_the_score_that_ships_is_of_this_version():
    score = (ROOT / "figures/carol.musicxml").read_text(encoding="utf-8")
    assert f"<software>kcarol {kcarol.__version__}</software>" in score
