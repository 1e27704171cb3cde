"""Facts about training on a user's own files, with small networks and short generated clips."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import soxr
import torch
from training_runs import RATE, bells, random_carols

from kcarol.audio.clips import full_band_path
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import DataError, save_state
from kcarol.config import Config, ModelConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, save_converter
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.dataset.style_references import load_style_references
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import WeightsError
from kcarol.training import fine_tuning
from kcarol.training.checkpoint import load_checkpoint
from kcarol.training.fine_tuning import (
    OWN,
    FineTuningConfig,
    fine_tune,
    fine_tuning_schedule,
    load_carols,
    load_waves,
    played_rows,
    shared_batches,
)
from kcarol.vocoder.neural import NeuralVocoder

CFG = Config.smoke().with_train(
    steps=4, batch_size=2, window_frames=64, warmup_steps=1, picture_every=4, save_every=2
)
OWN_CFG = FineTuningConfig()
FULL_RATE = CFG.audio.full_rate


def put_clip(path, wave, sample_rate=RATE):
    save_state(
        path,
        {
            "wave": torch.from_numpy(wave),
            "sample_rate": sample_rate,
            "title": path.stem,
            "style": path.parent.name,
            "sha256": "0" * 64,
            "settings": {},
        },
    )


@pytest.fixture(scope="module")
def processed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processed")
    put_clip(folder / "carol" / "carol.pt", bells(4.0))
    put_clip(folder / "kpop" / "one.pt", bells(2.0, seed=1))
    put_clip(folder / "kpop" / "two.pt", bells(1.0, seed=2))
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder of weights to start from."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(3)
    model = MusicTransformer(CFG.model).eval()
    model.mel_mean.fill_(-5.0)
    model.mel_std.fill_(2.0)
    save_converter(
        folder / CONVERTER_FILE, model, {"bells": torch.full((CFG.model.d_style,), 0.5)}, 64, {}
    )
    NeuralVocoder(CFG.vocoder).save(folder / VOCODER_FILE)
    return folder


@pytest.fixture(scope="module")
def trained(processed, base, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    folder = fine_tune(
        processed, out, CFG, device="cpu", base_weights=base, others=[random_carols()], own=OWN_CFG
    )
    return folder, Converter.load(base, "cpu"), Converter.load(folder, "cpu")


# --- the whole


def test_the_run_leaves_weights_checkpoint_and_logs(trained):
    folder = trained[0]
    expected = {CONVERTER_FILE, VOCODER_FILE, "checkpoint.pt", "log.csv", "tensorboard"}
    assert {path.name for path in folder.iterdir()} == expected
    assert load_checkpoint(folder / "checkpoint.pt")["step"] == CFG.train.steps


def test_training_moves_the_playing_half_but_neither_hearing_nor_style_encoder_nor_named_styles(
    trained,
):
    _, before, after = trained
    old, new = before.model.state_dict(), after.model.state_dict()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert {"layers.5.film.weight", "read_draft.weight", "out.weight"} <= changed
    assert not [
        name
        for name in changed
        if name.startswith(("conv", "heads", "layers.0", "layers.2", "style_encoder", "mel_"))
    ]
    assert torch.equal(before.styles["bells"].embedding, after.styles["bells"].embedding)


def test_the_users_carol_is_a_style_called_own(trained):
    _, _, after = trained
    assert set(after.styles) == {"bells", OWN}
    assert torch.allclose(after.styles[OWN].embedding, after.embed_style(bells(4.0)), atol=1e-3)


def test_the_users_style_has_its_own_balance_and_movement_and_named_styles_have_none(trained):
    _, _, after = trained
    own = after.styles[OWN]
    assert own.balance.numel() == own.stretch.numel() == CFG.model.n_played
    assert after.styles["bells"].stretch is None and after.styles["bells"].balance is None


def test_a_run_cut_short_and_resumed_equals_one_run(trained, processed, base, tmp_path):
    options = {"device": "cpu", "base_weights": base, "others": [random_carols()], "own": OWN_CFG}
    fine_tune(processed, tmp_path, CFG, max_s=0.0, **options)
    assert 1 <= load_checkpoint(tmp_path / "checkpoint.pt")["step"] < CFG.train.steps
    fine_tune(processed, tmp_path, CFG, resume=True, **options)
    whole, resumed = (
        load_checkpoint(folder / "checkpoint.pt") for folder in (trained[0], tmp_path)
    )
    assert resumed["step"] == CFG.train.steps
    assert all(torch.equal(whole["ema"][name], value) for name, value in resumed["ema"].items())


def test_global_generators_are_left_as_they_were(processed, base, tmp_path):
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    fine_tune(
        processed,
        tmp_path,
        CFG.with_train(steps=1),
        device="cpu",
        base_weights=base,
        others=[],
        own=OWN_CFG,
    )
    assert torch.equal(torch.rand(3), wanted)


def test_a_model_of_another_size_is_trained_from_nothing_and_has_all_styles(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fluidsynth", None)  # named styles need no synthesiser
    songless = tmp_path / "songless"
    put_clip(songless / "carol" / "a.pt", bells(3.0))
    out = fine_tune(
        songless, tmp_path / "run", CFG.with_train(steps=2), device="cpu", others=[], own=OWN_CFG
    )
    converter = Converter.load(out / CONVERTER_FILE, "cpu", vocoder="griffin-lim")
    assert list(converter.styles) == [*STYLE_NAMES, OWN] and converter.window_frames == 64
    assert (converter.texture > 0).all()
    assert converter.convert(bells(1.0), "choir").shape == (2, CFG.audio.full_rate)
    assert converter.model.mel_mean.abs().sum() > 0  # taken from the carol


def test_base_weights_of_another_size_are_refused(processed, base, tmp_path):
    cfg = replace(CFG, model=replace(ModelConfig.smoke(), d_model=32))
    with pytest.raises(WeightsError, match="leave out one of both") as info:
        fine_tune(processed, tmp_path, cfg, device="cpu", base_weights=base, others=[], own=OWN_CFG)
    assert "\n" not in str(info.value)


def test_a_folder_without_a_carol_is_named(tmp_path):
    with pytest.raises(DataError, match="carol: expected clips"):
        fine_tune(tmp_path, tmp_path / "out", CFG, device="cpu", others=[])


def test_clips_of_another_rate_are_refused(tmp_path):
    put_clip(tmp_path / "a.pt", bells(1.0), 8_000)
    with pytest.raises(DataError, match="expected 16000 Hz, found 8000"):
        load_waves(tmp_path, CFG.audio)


def test_the_personal_run_is_short_and_slow_to_change():
    train = fine_tuning_schedule().train
    assert train.learning_rate < Config().train.learning_rate and train.steps <= 1_000
    assert train.window_frames <= load_style_references().log_mels["bells"].shape[1]


# --- what is trained on


def test_a_carol_begins_where_it_sounds_and_a_silent_one_is_named_before_training(tmp_path):
    late = np.concatenate([np.zeros(20 * RATE, np.float32), bells(4.0)])
    put_clip(tmp_path / "carol" / "late.pt", late)
    assert len(load_carols(tmp_path / "carol", CFG.audio)["late"]) == pytest.approx(
        4 * RATE, abs=0.4 * RATE
    )
    put_clip(tmp_path / "carol" / "silent.pt", np.full(30 * RATE, 0.01, np.float32))
    with pytest.raises(DataError, match="silent.pt: expected .* found silence") as error:
        fine_tune(tmp_path, tmp_path / "run", CFG, device="cpu", others=[])
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_the_carols_are_named(capsys):
    fine_tuning.say_data({"new": bells(4.0)}, CFG.audio)
    assert capsys.readouterr().err == "kcarol: training on carols: new (4 s)\n"
    fine_tuning.say_data({f"c{i}": bells(1.0) for i in range(9)}, CFG.audio)
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("c5 (1 s) and 3 more") and len(said) == 1


def test_resuming_with_another_carol_says_so_and_with_a_renamed_one_does_not(
    processed, base, tmp_path, capsys
):
    options = {"device": "cpu", "base_weights": base, "own": OWN_CFG}
    clips, run = tmp_path / "clips", tmp_path / "run"
    put_clip(clips / "carol" / "one.pt", bells(2.0))
    fine_tune(clips, run, CFG.with_train(steps=1), others=[], **options)
    (clips / "carol" / "one.pt").rename(clips / "carol" / "two.pt")
    fine_tune(clips, run, CFG.with_train(steps=2), resume=True, others=[], **options)
    assert "other data" not in capsys.readouterr().out
    put_clip(clips / "carol" / "two.pt", bells(3.0))
    fine_tune(clips, run, CFG.with_train(steps=3), True, others=[random_carols()], **options)
    said = [line for line in capsys.readouterr().out.splitlines() if "other data" in line]
    assert len(said) == 1 and said[0].endswith(
        "new: two.pt, rendered carols; no longer there: two.pt"
    )


def test_the_base_weights_are_part_of_what_a_run_is_made_of(base):
    before = fine_tuning.data_of({"c": bells(1.0)}, [], Converter.load(base, "cpu"))
    other = Converter.load(base, "cpu")
    torch.nn.init.ones_(other.model.out.weight)
    after = fine_tuning.data_of({"c": bells(1.0)}, [], other)
    changed = [name for name in before if before[name] != after[name]]
    assert before.keys() == after.keys() == {"c.pt", "base weights"} and changed == ["base weights"]


# --- what is played of the carol


def test_rows_of_a_carol_cover_it_and_say_which_bands_it_has(base):
    rows = played_rows(bells(30.0), Converter.load(base, "cpu"), OWN_CFG)
    assert rows.log_mel.shape == (2, ROW_FRAMES + 1, 2, CFG.audio.n_bands)
    assert len(rows.notes) == 2
    known = rows.known_bands.bool()
    assert known[0, : CFG.audio.n_mels].any() and not known[1].any()  # a mono clip has no side
    assert not known[0, CFG.audio.n_mels :].any()
    assert rows.log_mel[:, :, 1].std() > 0.1  # but the style encoder reads one


def test_a_carol_in_full_band_is_loaded_from_the_same_place_and_all_its_bands_are_known(
    base, tmp_path
):
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 10 * FULL_RATE)).astype(np.float32)
    noise[:, : 2 * FULL_RATE] = 0
    clip = tmp_path / "carol" / "wide.pt"
    put_clip(clip, soxr.resample(noise.mean(0), FULL_RATE, RATE))
    mono = load_carols(tmp_path / "carol", CFG.audio)["wide"]
    save_audio(full_band_path(clip), noise, FULL_RATE)
    wide = load_carols(tmp_path / "carol", CFG.audio)["wide"]
    assert wide.shape == (2, len(mono) * CFG.audio.full_factor)
    rows = played_rows(wide, Converter.load(base, "cpu"), OWN_CFG)
    assert rows.known_bands.bool().all() and rows.log_mel.shape[:2] == (2, ROW_FRAMES + 1)


def test_a_short_carol_is_repeated_to_fill_a_row(base):
    rows = played_rows(bells(3.0), Converter.load(base, "cpu"), OWN_CFG)
    assert rows.log_mel.shape[:2] == (2, ROW_FRAMES + 1)


def test_a_share_of_the_windows_is_the_users_own():
    mine, others = random_carols(2, seed=1), [random_carols(2, seed=seed) for seed in (2, 3)]
    batches = shared_batches([mine], others, FineTuningConfig(share=0.3), CFG)
    assert batches.chances[0] == pytest.approx(0.3)
    assert batches.chances.sum() == pytest.approx(1)
