"""Facts about the command line: one definition for both forms, clear errors, what is written where."""

import json
import re
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.cli import main as cli
from kcarol.config import AudioConfig, Config
from kcarol.conversion.converter import CONVERTER_FILE, STYLE_NAMES, VOCODER_FILE
from kcarol.corpus.dataset.sound_file import write_sound
from kcarol.dataset import pair_set as pairset
from kcarol.dataset.labels import N_PACKED, save_labels
from kcarol.dataset.shards import ROW_FRAMES, Shard, save_shard
from kcarol.training.fine_tuning import OWN

ROOT = Path(__file__).resolve().parents[2]
RATE = AudioConfig().sample_rate


def song(path, seconds=1.0, hz=330.0):
    t = np.arange(round(seconds * RATE)) / RATE
    return save_audio(
        path,
        (0.2 * np.sin(2 * np.pi * hz * t) * (1 + np.sin(2 * np.pi * 2 * t))).astype(np.float32),
    )


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A folder with one shard of two pairs."""
    folder, rng, n = (
        tmp_path_factory.mktemp("pairs"),
        np.random.default_rng(0),
        ROW_FRAMES * AudioConfig().hop_length,
    )
    tone = np.sin(np.arange(n) * 2 * np.pi * 440 / RATE)
    waves = [(3000 * tone + rng.normal(0, 1000, (2, n))).astype(np.int16) for _ in range(2)]
    labels = np.zeros((2, ROW_FRAMES + 1, N_PACKED), np.int16)
    # A4 over a chord, a beat every 32 frames
    labels[..., 0], labels[..., 2], labels[:, ::32, 3] = 69, 0b10010001, 3
    save_shard(folder / "000000000000.pairs.safetensors", Shard(*waves, labels))
    return folder


def fails(argv, capsys, *words):
    assert cli.main([str(word) for word in argv]) == cli.FAILED
    said = capsys.readouterr().err.strip().splitlines()
    assert said and "Traceback" not in "\n".join(said)
    for word in words:
        assert word in said[-1], said[-1]


@pytest.fixture(scope="module")
def short_pairs(tmp_path_factory):
    """A pair set of one pair of 4 s, as those that come with the repository."""
    folder, seconds = tmp_path_factory.mktemp("short"), 4
    rng, t = np.random.default_rng(1), np.arange(seconds * RATE) / RATE
    tone = (0.2 * np.sin(2 * np.pi * 440 * t) * (np.sin(2 * np.pi * 2 * t) > 0)).astype(np.float32)
    write_sound(folder / "a.carol.ogg", tone, RATE, 0.4)
    write_sound(
        folder / "a.pop.ogg", tone + rng.normal(0, 0.05, len(t)).astype(np.float32), RATE, 0.4
    )
    labels = np.zeros((AudioConfig().n_frames(len(t)), N_PACKED), np.int16)
    labels[:, 0], labels[:, 2], labels[::32, 3] = 69, 0b1000010001, 3
    save_labels(folder / pairset.LABELS_FILE, {"a": labels})
    entry = {"name": "a", "title": "A", "style": "bells", "group": 0, "seed": 0}
    about = {"format": pairset.FORMAT, "sample_rate": RATE, "pairs": [entry]}
    (folder / "pairs.json").write_text(json.dumps(about))
    return folder


# --- one definition


@pytest.mark.parametrize("name", cli.ORDER)
def test_both_forms_read_the_same_options(name):
    positional = ["a.mp3", "b.mp3"] if cli.COMMANDS[name].positional else []
    [(_, alone)] = cli.read([name, *positional])
    [(_, flagged)] = cli.read([f"--{name}", *positional])
    assert vars(alone) == vars(flagged)


def test_several_commands_run_in_the_order_of_the_work():
    calls = cli.read(["--convert", "a.mp3", "--eval", "--smoke", "--train", "--preprocess"])
    assert [name for name, _ in calls] == ["preprocess", "train", "eval", "convert"]
    assert all(arguments.smoke for name, arguments in calls if name in ("train", "eval"))


def test_out_belongs_to_the_command_it_is_given_for(capsys):
    calls = dict(cli.read(["--train", "--eval", "--train-out", "a", "--eval-out", "b"]))
    assert (calls["train"].out, calls["eval"].out) == (Path("a"), Path("b"))
    [(_, alone)] = cli.read(["--eval", "--out", "c"])
    assert alone.out == Path("c")
    with pytest.raises(SystemExit) as stopped:
        cli.read(["--train", "--eval", "--out", "a"])
    assert stopped.value.code == 2 and "--train-out, --eval-out" in capsys.readouterr().err


def test_every_option_says_its_default():
    for command in cli.COMMANDS.values():
        for option in command.options:
            assert "default" in option.settings["help"], (command.name, option.flags)


def test_numbers_say_their_unit():
    for command in cli.COMMANDS.values():
        for option in command.options:
            if option.settings.get("type") is float:
                assert re.search("seconds|hours|no unit", option.settings["help"]), (
                    command.name,
                    option.flags,
                )


def test_style_names_in_the_help_are_those_of_the_converter():
    assert cli.STYLE_NAMES == STYLE_NAMES and cli.OWN_STYLE == OWN


def test_the_usual_style_is_the_users_own_where_there_is_one():
    assert cli._usual_style(types.SimpleNamespace(styles={"bells": 0, "own": 1})) == "own"
    assert cli._usual_style(types.SimpleNamespace(styles={"choir": 0, "bells": 1})) == "bells"


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom kcarol.cli.main import main\ntry: main(['--help'])\nfinally: print([m for m in sys.modules if m in "
        "('torch', 'numpy', 'matplotlib', 'librosa', 'scipy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0 and done.stdout.strip().splitlines()[-1] == "[]"
    assert "--preprocess" in done.stdout and "kcarol convert" in done.stdout


def test_main_py_is_the_same_parser():
    done = subprocess.run([sys.executable, "main.py"], capture_output=True, text=True, cwd=ROOT)
    assert (
        done.returncode == 2
        and "expected a command" in done.stderr
        and done.stderr.startswith("usage: python main.py")
    )


# --- preprocess


def test_preprocess_writes_clips_names_the_bad_file_and_goes_on(tmp_path, capsys):
    song(tmp_path / "kpop" / "good.wav")
    (tmp_path / "kpop" / "bad.mp3").write_bytes(b"not sound at all")
    song(tmp_path / "carol" / "carol.wav")
    argv = [
        "preprocess",
        "--kpop",
        tmp_path / "kpop",
        "--carol",
        tmp_path / "carol",
        "--processed",
        tmp_path / "out",
    ]
    assert cli.main([str(word) for word in argv]) == cli.FAILED
    assert (tmp_path / "out/kpop/good.pt").is_file() and (tmp_path / "out/carol/carol.pt").is_file()
    assert re.search(r"bad\.mp3.*failed", capsys.readouterr().out)


def test_preprocess_of_a_missing_folder_is_one_line(tmp_path, capsys):
    fails(
        ["--preprocess", "--kpop", tmp_path / "none", "--carol", tmp_path],
        capsys,
        "none",
        "expected a folder",
    )


# --- convert


def test_convert_writes_a_carol_as_long_as_the_song_and_a_picture(tmp_path, weights, capsys):
    source = song(tmp_path / "song.wav", 1.3)
    assert (
        cli.main(
            ["convert", str(source), "--weights", str(weights), "--picture", "--device", "cpu"]
        )
        == 0
    )
    carol, picture = tmp_path / "song.carol.wav", tmp_path / "song.carol.png"
    assert capsys.readouterr().out.splitlines() == [str(carol), str(picture)]
    assert len(load_audio(carol)) == len(load_audio(source))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_convert_never_overwrites_without_force(tmp_path, weights, capsys):
    source, carol = song(tmp_path / "song.wav"), tmp_path / "song.carol.wav"
    carol.write_bytes(b"mine")
    fails(
        ["convert", source, "--weights", weights, "--device", "cpu"],
        capsys,
        "song.carol.wav",
        "--force",
    )
    assert carol.read_bytes() == b"mine"
    assert (
        cli.main(["convert", str(source), "--weights", str(weights), "--device", "cpu", "--force"])
        == 0
    )
    assert carol.read_bytes() != b"mine"


def test_convert_of_a_folder_names_the_failure_and_converts_the_rest(tmp_path, weights, capsys):
    song(tmp_path / "in" / "a.wav")
    song(tmp_path / "in" / "a.carol.wav")  # made before: not a song
    (tmp_path / "in" / "b.mp3").write_bytes(b"not sound")
    argv = [
        "convert",
        tmp_path / "in",
        "-o",
        tmp_path / "out",
        "--format",
        "flac",
        "--weights",
        weights,
        "--device",
        "cpu",
    ]
    assert cli.main([str(word) for word in argv]) == cli.FAILED
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(tmp_path / "out" / "a.carol.flac")] and "b.mp3" in said.err
    assert len(load_audio(tmp_path / "out" / "a.carol.flac")) == RATE


def test_songs_of_one_name_get_carols_of_different_names(tmp_path):
    first, second = tmp_path / "a.mp3", tmp_path / "a.ogg"
    first.touch(), second.touch()
    plan, failures = cli.plan_outputs([tmp_path], None, "wav")
    assert not failures and plan == {
        first: tmp_path / "a.carol.wav",
        second: tmp_path / "a.ogg.carol.wav",
    }


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--strength", "1.5"], ["--strength", "0 to 1", "1.5"]),
        (["--style", "no-such-carol"], ["no-such-carol", "bells"]),
        (["--device", "abacus"], ["abacus", "cpu"]),
        (["-o", "carol.txt"], ["carol.txt", ".flac"]),
        (["--weights", "nowhere.safetensors"], ["nowhere.safetensors"]),
    ],
)
def test_bad_requests_of_convert_are_one_line(argv, words, tmp_path, weights, capsys):
    known = [] if "--weights" in argv else ["--weights", weights]
    fails(["convert", song(tmp_path / "song.wav"), *argv, *known], capsys, *words)


def test_one_file_name_for_several_songs_is_refused(tmp_path, weights, capsys):
    songs = [song(tmp_path / "a.wav"), song(tmp_path / "b.wav")]
    fails(
        ["convert", *songs, "-o", tmp_path / "carol.wav", "--weights", weights],
        capsys,
        "expected a folder",
    )


# --- train


def test_train_passes_options_to_personal_training_and_eval_gets_its_weights(tmp_path, monkeypatch):
    seen = {}

    def train_personal(processed, out, cfg, resume, device, max_s, base_weights):
        seen.update(
            processed=processed,
            out=out,
            cfg=cfg,
            resume=resume,
            device=device,
            max_s=max_s,
            base=base_weights,
        )
        return Path(out)

    monkeypatch.setitem(
        sys.modules,
        "kcarol.training.fine_tuning",
        types.SimpleNamespace(train_personal=train_personal),
    )
    monkeypatch.setitem(
        cli.RUNNERS, "eval", lambda arguments, session: seen.update(weights=session.weights) or 0
    )
    argv = [
        "--train",
        "--eval",
        "--smoke",
        "--steps",
        "7",
        "--hours",
        "0.5",
        "--dropout",
        "0.1",
        "--resume",
        "--device",
        "cpu",
        "--processed",
        str(tmp_path),
        "--train-out",
        str(tmp_path / "run"),
    ]
    assert cli.main(argv) == 0
    assert (seen["processed"], seen["out"], seen["resume"], seen["device"]) == (
        tmp_path,
        tmp_path / "run",
        True,
        "cpu",
    )
    assert seen["max_s"] == 1800 and seen["base"] is None
    smoke = Config.smoke()
    assert seen["cfg"] == replace(smoke, model=replace(smoke.model, dropout=0.1)).with_train(
        steps=7
    )
    assert seen["weights"] == tmp_path / "run" / "converter.safetensors"


def test_smoke_can_be_asked_for_by_the_environment(monkeypatch):
    [(_, arguments)] = cli.read(["--train"])
    monkeypatch.setenv("KCAROL_SMOKE", "1")
    assert cli._is_smoke(arguments)
    monkeypatch.setenv("KCAROL_SMOKE", "0")
    assert not cli._is_smoke(arguments)


@pytest.mark.parametrize("what", ["converter", "vocoder"])
def test_networks_train_from_a_corpus_and_can_be_used(
    what, tmp_path, pairs, weights, monkeypatch, capsys
):
    # styles are rendered otherwise
    monkeypatch.setattr("kcarol.corpus.synthesis.render.available", lambda *_: "not here")
    argv = [
        "train",
        "--what",
        what,
        "--corpus",
        pairs,
        "--held-out",
        pairs,
        "--smoke",
        "--steps",
        "2",
        "--out",
        tmp_path,
        "--device",
        "cpu",
        "--precision",
        "fp32",
    ]
    assert cli.main([str(word) for word in argv]) == 0
    made = tmp_path / f"{what}.safetensors"
    assert (
        capsys.readouterr().out.splitlines()[-1] == str(made) and (tmp_path / "log.csv").is_file()
    )
    other = {"converter": VOCODER_FILE, "vocoder": CONVERTER_FILE}[what]
    (tmp_path / other).write_bytes((weights / other).read_bytes())
    source = song(tmp_path / "song.wav")
    style = song(tmp_path / "style.wav")
    assert (
        cli.main(
            [
                "convert",
                str(source),
                "--weights",
                str(tmp_path),
                "--style",
                str(style),
                "--device",
                "cpu",
            ]
        )
        == 0
    )
    assert len(load_audio(tmp_path / "song.carol.wav")) == RATE


def test_resuming_goes_on_where_the_run_stopped(tmp_path, pairs, monkeypatch, capsys):
    monkeypatch.setattr("kcarol.corpus.synthesis.render.available", lambda *_: "not here")
    argv = [
        "train",
        "--what",
        "converter",
        "--corpus",
        str(pairs),
        "--smoke",
        "--out",
        str(tmp_path),
        "--device",
        "cpu",
    ]
    assert cli.main([*argv, "--steps", "1"]) == 0
    assert cli.main([*argv, "--steps", "2", "--resume"]) == 0
    assert "step 1 to 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--steps", "0"], ["--steps", "at least 1"]),
        (["--what", "converter", "--corpus", "nowhere"], ["nowhere", "kcarol corpus"]),
        (["--hours", "-1"], ["--hours"]),
        (["--dropout", "1"], ["--dropout", "less than 1"]),
        (["--dropout", "nan"], ["--dropout", "nan"]),
    ],
)
def test_bad_requests_of_train_are_one_line(argv, words, tmp_path, capsys):
    fails(["train", "--out", tmp_path, *argv], capsys, *words)


def test_only_the_first_process_writes_weights(tmp_path, pairs, monkeypatch):
    from kcarol.training import pretraining as runs

    monkeypatch.setenv("RANK", "1")
    # not yet written by the first
    monkeypatch.setattr(runs, "train_converter", lambda *_, **__: tmp_path / "checkpoint.pt")
    made = runs.train_network("converter", pairs, Config.smoke(), tmp_path, device="cpu")
    assert made == tmp_path / "converter.safetensors" and not made.exists()


def test_torchrun_takes_training_alone(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    fails(["--preprocess", "--train"], capsys, "torchrun", "--train alone")


# --- eval, corpus, figures


def test_eval_prints_the_table_with_anchors_and_draws_it(tmp_path, short_pairs, weights, capsys):
    argv = [
        "eval",
        "--synthetic",
        short_pairs,
        "--weights",
        weights,
        "--out",
        tmp_path,
        "--smoke",
        "--device",
        "cpu",
    ]
    assert cli.main([str(word) for word in argv]) == 0
    said = capsys.readouterr().out
    systems = {
        line.split("|")[2].strip() for line in said.splitlines() if line.startswith("| synthetic")
    }
    assert {"kcarol", "copy", "eq", "mean", "target", "oracle", "griffin-lim"} <= systems
    for name in ("table.json", "table.csv", "table.md", "table.png", "synthetic.html"):
        assert (tmp_path / name).stat().st_size > 100 and str(tmp_path / name) in said
    target = next(
        row
        for row in json.loads((tmp_path / "table.json").read_text())["rows"]
        if row["system"] == "target"
    )
    assert target["tune"] == 1 and target["mse"] == 0 and target["lsd"] == 0


def test_eval_of_nothing_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fails(["eval"], capsys, "nothing to evaluate", "--real")
    fails(["eval", "--real", tmp_path], capsys, "pop/")


def test_corpus_without_synthesiser_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "kcarol.corpus.synthesis.render.available",
        lambda *_: "soundfont x not found; install it: apt install x",
    )
    fails(["corpus", "--out", tmp_path / "pairs"], capsys, "apt install x")
    assert not (tmp_path / "pairs").exists()


def test_corpus_passes_hours_seed_and_reports_its_speed(tmp_path, monkeypatch, capsys):
    seen = {}

    def build(out, hours, seed, jobs, cfg=None, progress=None):
        seen.update(out=out, hours=hours, seed=seed, jobs=jobs)
        progress(1, 1)
        return 2, 30.0

    monkeypatch.setattr("kcarol.corpus.synthesis.render.available", lambda *_: None)
    monkeypatch.setattr("kcarol.corpus.dataset.rendering.build", build)
    argv = ["corpus", "--hours", "0.01", "--seed", "5", "--jobs", "1", "--out", str(tmp_path)]
    assert cli.main(argv) == 0
    assert seen == {"out": tmp_path, "hours": 0.01, "seed": 5, "jobs": 1}
    assert (
        "2 pairs, 0.01 h of pairs, rendered in 30 s: 0.02 h per minute" in capsys.readouterr().out
    )
    assert cli.main([*argv, "--held-out"]) == 0 and seen["seed"] > 1 << 39


def test_figures_draws_sounds_and_curves_and_names_what_it_cannot(tmp_path, capsys):
    sound, log, text = song(tmp_path / "a.wav"), tmp_path / "log.csv", tmp_path / "b.csv"
    log.write_text("step,loss,tune\n10,2.0,1.0\n20,1.0,0.5\n")
    text.write_text("nothing\n1\n")
    assert cli.main(["figures", str(sound), str(log), str(text)]) == cli.FAILED
    said = capsys.readouterr()
    assert (
        said.out.splitlines() == [str(tmp_path / "a.png"), str(tmp_path / "log.png")]
        and "b.csv" in said.err
    )
    assert all(
        (tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("a.png", "log.png")
    )
    fails(["figures", sound], capsys, "a.png", "--force")
