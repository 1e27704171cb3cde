"""`python main.py --preprocess | --train | --eval | --convert SONG`."""

import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest

from kcarol.cli import evaluate, original
from kcarol.cli.main import make_parser
from kcarol.config import Config
from kcarol.synthesis.render import available

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", original.ORDER)
def test_a_flag_stands_for_the_command_of_its_name(name):
    songs = ["a.mp3", "b.mp3"] if name == "convert" else []
    [flagged] = original.read([f"--{name}", *songs])
    assert flagged == make_parser().parse_args([name, *songs])


def test_several_flags_run_in_the_order_of_the_work_and_share_options():
    argv = ["--convert", "a.mp3", "--eval", "--smoke", "--train", "--steps", "7", "--preprocess"]
    requests = original.read(argv)
    assert [request.command for request in requests] == ["preprocess", "train", "eval", "convert"]
    assert requests[1].smoke and requests[2].smoke and requests[1].steps == 7
    assert requests[3].files == [Path("a.mp3")]


def test_out_belongs_to_the_command_it_is_given_for(fails):
    train, evaluation = original.read(["--train", "--eval", "--train-out", "a", "--eval-out", "b"])
    assert (train.out, evaluation.out) == (Path("a"), Path("b"))
    [alone] = original.read(["--eval", "--out", "c"])
    assert alone.out == Path("c")
    fails(["--train", "--eval", "--out", "a"], "--train-out, --eval-out")


@pytest.mark.parametrize(
    "argv, words",
    [
        ([], ["expected one or more of --preprocess --train --eval --convert"]),
        (["--train", "--eval", "--stepz", "3"], ["unrecognized arguments: --stepz 3"]),
        (["--preprocess", "--steps", "3"], ["unrecognized arguments: --steps 3"]),
        (["--eval", "--train", "--steps", "0"], ["--steps", "at least 1"]),
        (["--convert"], ["--convert"]),
    ],
)
def test_wrong_calls_are_one_line(argv, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        original.read(argv)
    said = capsys.readouterr().err.splitlines()[-1]
    assert stopped.value.code == 2 and all(word in said for word in words)


def test_training_gets_its_options_and_evaluation_its_weights(tmp_path, monkeypatch):
    seen = {}

    def fine_tune(processed, out, cfg, resume, device, max_s, base_weights, others):
        seen.update(processed=processed, out=out, cfg=cfg, resume=resume, device=device)
        seen.update(max_s=max_s, base=base_weights, others=others)
        return Path(out)

    stand_in = types.SimpleNamespace(fine_tune=fine_tune)
    monkeypatch.setitem(sys.modules, "kcarol.training.fine_tuning", stand_in)
    monkeypatch.setattr(evaluate, "run", lambda request: seen.update(weights=request.weights) or 0)
    run = tmp_path / "run"
    options = "--smoke --steps 7 --hours 0.5 --dropout 0.1 --resume --device cpu".split()
    folders = ["--processed", str(tmp_path), "--train-out", str(run)]
    assert original.main(["--train", "--eval", *options, *folders]) == 0
    smoke = Config.smoke()
    cfg = replace(smoke, model=replace(smoke.model, dropout=0.1)).with_train(steps=7)
    assert seen == {
        "processed": tmp_path,
        "out": run,
        "cfg": cfg,
        "resume": True,
        "device": "cpu",
        "max_s": 1800,
        "base": None,
        "others": None,
        "weights": run / "converter.safetensors",
    }


def test_torchrun_takes_training_alone(monkeypatch, fails):
    monkeypatch.setenv("WORLD_SIZE", "2")
    fails(["--preprocess", "--train"], "torchrun", "--train alone")


def test_other_commands_are_understood_too(monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        original.main(["corpus", "--help"])
    assert stopped.value.code == 0 and "python main.py corpus" in capsys.readouterr().out


def test_main_py_is_this_parser():
    done = subprocess.run([sys.executable, "main.py"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and done.stderr.startswith("usage: python main.py")


@pytest.mark.slow
def test_all_of_it_works_without_a_synthesiser(tmp_path, monkeypatch, capsys):
    """In smoke size and on the demo set, as after the README's Run line."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    assert available() is not None
    folders = {"--processed": "clips", "--train-out": "run", "--eval-out": "eval"}
    places = [word for flag, name in folders.items() for word in (flag, str(tmp_path / name))]
    argv = ["--preprocess", "--train", "--eval", "--smoke", "--steps", "2", "--device", "cpu"]
    argv += ["--most-pairs", "1", "--heard-s", "5", "--no-anchors"]
    assert original.main([*argv, *places]) == 0, capsys.readouterr().err
    assert (tmp_path / "run/converter.safetensors").is_file()
    table = (tmp_path / "eval/table.md").read_text()  # without baselines, which take longest
    assert "| synthetic | kcarol |" in table and "| demo | kcarol |" in table
