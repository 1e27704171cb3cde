"""`kcarol corpus`: what it hands to the renderer, and what it says without one."""

import pytest

from kcarol.cli import main as cli

AVAILABLE = "kcarol.synthesis.render.available"


def test_corpus_without_synthesiser_says_what_to_install(tmp_path, monkeypatch, fails):
    monkeypatch.setattr(AVAILABLE, lambda *_: "soundfont x not found; install it: apt install x")
    fails(["corpus", "--out", tmp_path / "pairs"], "apt install x")
    assert not (tmp_path / "pairs").exists()


def test_corpus_passes_hours_seed_and_reports_its_speed(tmp_path, monkeypatch, capsys):
    seen = {}

    def build(out, hours, seed, jobs, cfg=None, progress=None, plain=False):
        seen.update(out=out, hours=hours, seed=seed, jobs=jobs, plain=plain)
        progress(1, 1)
        return 2, 30.0

    monkeypatch.setattr(AVAILABLE, lambda *_: None)
    monkeypatch.setattr("kcarol.corpus.dataset.rendering.build", build)
    argv = ["corpus", "--hours", "0.01", "--seed", "5", "--jobs", "1", "--out", str(tmp_path)]
    assert cli.main(argv) == 0
    assert seen == {"out": tmp_path, "hours": 0.01, "seed": 5, "jobs": 1, "plain": False}
    said = capsys.readouterr().out
    assert "2 pairs, 0.01 h, rendered in 30 s: 0.02 h per minute" in said
    assert cli.main([*argv, "--held-out"]) == 0 and seen["seed"] > 1 << 39
    assert cli.main([*argv, "--plain"]) == 0 and seen["plain"]


def test_carols_are_rendered_instead_of_pairs(tmp_path, monkeypatch, capsys):
    seen = {}

    def build_carols(out, hours, seed, jobs, cfg=None, progress=None, held_out=False):
        seen.update(out=out, hours=hours, seed=seed, jobs=jobs, held_out=held_out)
        return 4, 20.0

    monkeypatch.setattr(AVAILABLE, lambda *_: None)
    monkeypatch.setattr("kcarol.corpus.dataset.carols.build_carols", build_carols)
    argv = ["corpus", "--carols", "--hours", "0.02", "--jobs", "1", "--out", str(tmp_path)]
    assert cli.main([*argv, "--held-out"]) == 0
    assert seen.pop("seed") > 1 << 39
    assert seen == {"out": tmp_path, "hours": 0.02, "jobs": 1, "held_out": True}
    assert "4 carols, 0.02 h, rendered in 20 s" in capsys.readouterr().out


def test_sung_songs_are_rendered_instead_of_pairs(tmp_path, monkeypatch, capsys, fails):
    seen = {}

    def build_sung(out, hours, seed, jobs, cfg=None, progress=None):
        seen.update(out=out, hours=hours, seed=seed, jobs=jobs)
        return 4, 20.0

    monkeypatch.setattr(AVAILABLE, lambda *_: None)
    monkeypatch.setattr("kcarol.corpus.dataset.sung.build_sung", build_sung)
    argv = ["corpus", "--sung", "--hours", "0.02", "--jobs", "1", "--out", str(tmp_path)]
    assert cli.main(argv) == 0
    assert seen == {"out": tmp_path, "hours": 0.02, "seed": 0, "jobs": 1}
    assert "4 sung songs, 0.02 h, rendered in 20 s" in capsys.readouterr().out
    assert cli.main([*argv, "--held-out"]) == 0 and seen["seed"] > 1 << 39
    fails([*argv, "--carols"], "--sung")


@pytest.mark.parametrize("option", [["--jobs", "0"], ["--hours", "-1"], ["--seed", "-1"]])
def test_numbers_below_the_least_are_refused(option, fails):
    fails(["corpus", *option], option[0], "at least", option[1])
