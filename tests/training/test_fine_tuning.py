"""Facts about training on a user's own files, with small networks and short generated clips."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from transcriptions import random_logits, transcription_of

from kcarol.audio.files import DataError, save_state
from kcarol.config import Config, ModelConfig
from kcarol.conversion.converter import Converter, to_reference_rms
from kcarol.conversion.style_matching import balance_of
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, save_converter
from kcarol.corpus.arrangement.carol import render_carol
from kcarol.corpus.arrangement.carol_styles import STYLES
from kcarol.corpus.dataset import pop_versions
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.dataset.pop_versions import (
    drum_pattern,
    drum_strokes,
    played_by_band,
    under_drums,
)
from kcarol.corpus.lead_sheet.editing import trim
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.corpus.synthesis import render
from kcarol.corpus.synthesis.render import TRAINING_SOUNDFONTS, available
from kcarol.dataset.labels import N_PACKED, unpack
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.evaluation import metrics
from kcarol.model.content import TUNE_HIGHEST, TUNE_LOWEST
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import WeightsError
from kcarol.training import fine_tuning as personal
from kcarol.training.checkpoint import load_checkpoint
from kcarol.training.fine_tuning import (
    OWN,
    FineTuningConfig,
    fine_tune,
    fine_tuning_schedule,
    load_waves,
    paired_with_themselves,
    shard_of,
    shared_batches,
)
from kcarol.training.pseudo_labels import labels_of
from kcarol.training.weight_averaging import interpolate_
from kcarol.transcription.decoding import decode
from kcarol.transcription.lead_sheet import TimeGrid
from kcarol.vocoder.neural import NeuralVocoder

CFG = Config.smoke().with_train(
    steps=4, batch_size=2, window_frames=64, warmup_steps=1, picture_every=4, save_every=2
)
OWN_CFG = FineTuningConfig(n_drummed=1, n_rendered=0, listen_s=1.5)
RATE, HOP = CFG.audio.sample_rate, CFG.audio.hop_length


def bells(length_s=4.0, seed=0):
    """Struck tones, two a second, (T,)."""
    rng, time_s = np.random.default_rng(seed), np.arange(RATE) / RATE
    wave = np.zeros(round(length_s * RATE) + RATE)
    for i in range(int(2 * length_s)):
        hz = 440 * 2 ** ((rng.choice([60, 64, 67, 72]) - 69) / 12)
        wave[i * RATE // 2 :][:RATE] += 0.3 * np.sin(2 * np.pi * hz * time_s) * np.exp(-5 * time_s)
    return wave[: round(length_s * RATE)].astype(np.float32)


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


def random_decision(n_frames=ROW_FRAMES + 1, seed=0):
    rng = np.random.default_rng(seed)
    logits = random_logits(n_frames, rng)
    logits.beat[:] = -4
    logits.beat[3::30] = 4
    logits.downbeat[:] = -4
    logits.downbeat[33::120] = 4
    return decode(logits)


def random_group(n=2, seed=5):
    rng = np.random.default_rng(seed)
    waves = [
        np.round(3000 * rng.standard_normal((n, ROW_FRAMES * HOP)))
        .clip(-32767, 32767)
        .astype(np.int16)
        for _ in "ab"
    ]
    return Shard(
        *waves, np.stack([labels_of(random_decision(seed=seed + i)).packed() for i in range(n)])
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
        processed, out, CFG, device="cpu", base_weights=base, pairs=[random_group()], own=OWN_CFG
    )
    return folder, Converter.load(base, "cpu"), Converter.load(folder, "cpu")


# --- the whole


def test_the_run_leaves_weights_checkpoint_and_logs(trained):
    folder = trained[0]
    expected = {CONVERTER_FILE, VOCODER_FILE, "checkpoint.pt", "log.csv", "tensorboard", "listen"}
    assert {path.name for path in folder.iterdir()} == expected
    assert load_checkpoint(folder / "checkpoint.pt")["step"] == CFG.train.steps


def test_training_moves_the_playing_half_but_neither_hearing_nor_style_encoder_nor_named_styles(
    trained,
):
    _, before, after = trained
    old, new = before.model.state_dict(), after.model.state_dict()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert {"layers.5.film.weight", "read_content.weight", "out.weight"} <= changed
    assert not [
        name
        for name in changed
        if name.startswith(("conv", "heads", "layers.0", "layers.2", "style_encoder", "mel_"))
    ]
    assert torch.equal(before.styles["bells"].embedding, after.styles["bells"].embedding)


@pytest.mark.parametrize("share", (0.0, 0.25, 1.0))
def test_weights_interpolate_(share):
    cfg = ModelConfig.smoke()
    torch.manual_seed(0)
    module, base = MusicTransformer(cfg), MusicTransformer(cfg)
    was = [p.detach().clone() for p in module.parameters()]
    interpolate_(module, base, share)
    for now, then, before in zip(module.parameters(), was, base.parameters(), strict=True):
        torch.testing.assert_close(now, share * then + (1 - share) * before)


def test_the_users_carol_is_a_style_called_own(trained):
    _, _, after = trained
    assert set(after.styles) == {"bells", OWN}
    assert torch.allclose(after.styles[OWN].embedding, after.embed_style(bells(4.0)), atol=1e-3)


def test_the_users_style_has_its_own_texture_and_balance_and_named_styles_have_none(trained):
    _, _, after = trained
    own = after.styles[OWN]
    assert own.texture.shape == own.balance.shape == (CFG.audio.n_mels,) and (own.texture > 0).all()
    carol = to_reference_rms(bells(4.0))
    mel = after.log_mel(torch.from_numpy(carol))
    played = after.predicted_mel(carol, own)
    assert own.balance.abs().max() > 1 and torch.allclose(
        own.balance, balance_of(played, mel), atol=0.1
    )
    assert after.styles["bells"].texture is None and after.styles["bells"].balance is None


def test_each_song_is_converted_for_listening(trained):
    folder = trained[0]
    written = {path.name: soundfile.info(path) for path in (folder / "listen").iterdir()}
    assert {name: info.frames for name, info in written.items()} == {
        "one.carol.wav": 24_000,
        "two.carol.wav": 16_000,
    }
    assert {info.samplerate for info in written.values()} == {RATE}


def test_a_run_cut_short_and_resumed_equals_one_run(trained, processed, base, tmp_path):
    options = {"device": "cpu", "base_weights": base, "pairs": [random_group()], "own": OWN_CFG}
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
        pairs=[],
        own=OWN_CFG,
    )
    assert torch.equal(torch.rand(3), wanted)


def test_without_weights_to_start_from_a_model_with_all_styles_is_trained_from_nothing(
    processed, tmp_path, monkeypatch
):
    monkeypatch.setattr(personal, "shipped_weights", lambda: tmp_path / "none")
    monkeypatch.setitem(sys.modules, "fluidsynth", None)  # named styles need no synthesiser
    songless = tmp_path / "songless"
    put_clip(songless / "carol" / "a.pt", bells(3.0))
    out = fine_tune(
        songless, tmp_path / "run", CFG.with_train(steps=2), device="cpu", pairs=[], own=OWN_CFG
    )
    converter = Converter.load(out / CONVERTER_FILE, "cpu", vocoder="griffin-lim")
    assert list(converter.styles) == [*STYLE_NAMES, OWN] and converter.window_frames == 64
    assert (converter.texture > 0).all()
    assert len(converter.convert(bells(1.0), "choir")) == RATE
    assert converter.model.mel_mean.abs().sum() > 0  # taken from the carol
    assert not (out / "listen").exists()


def test_base_weights_of_another_size_are_refused(processed, base, tmp_path):
    cfg = replace(CFG, model=replace(ModelConfig.smoke(), d_model=32))
    with pytest.raises(WeightsError, match="leave out one of both") as info:
        fine_tune(processed, tmp_path, cfg, device="cpu", base_weights=base, pairs=[], own=OWN_CFG)
    assert "\n" not in str(info.value)


def test_a_folder_without_a_carol_is_named(tmp_path):
    with pytest.raises(DataError, match="carol: expected clips"):
        fine_tune(tmp_path, tmp_path / "out", CFG, device="cpu", pairs=[])


def test_clips_of_another_rate_are_refused(tmp_path):
    put_clip(tmp_path / "a.pt", bells(1.0), 8_000)
    with pytest.raises(DataError, match="expected 16000 Hz, found 8000"):
        load_waves(tmp_path, CFG.audio)


def test_the_personal_run_is_short_and_slow_to_change():
    train = fine_tuning_schedule().train
    assert train.learning_rate < Config().train.learning_rate and train.steps <= 1_000
    assert train.window_frames == Config().train.window_frames


# --- the carol as its own pair


@pytest.mark.parametrize("seed", [0, 1])
def test_a_packed_decision_unpacks_to_the_same_content(seed):
    transcription = random_decision(400, seed)
    packed = labels_of(transcription).packed()
    assert packed.shape == (400, N_PACKED) and packed.dtype == np.int16
    targets = unpack(torch.from_numpy(packed))
    for name, value in vars(transcription.content).items():
        assert torch.allclose(getattr(targets.content, name), value, atol=2e-3), name
    assert np.array_equal(np.flatnonzero(targets.beat[:, 0]), transcription.beats)
    assert np.array_equal(np.flatnonzero(targets.downbeat[:, 0]), transcription.downbeats)
    assert set(packed[:, -1].tolist()) == {transcription.tune_shift}
    sung = packed[:, 0][packed[:, 0] >= 0]
    assert ((sung >= TUNE_LOWEST) & (sung <= TUNE_HIGHEST)).all()


def test_own_rows_hold_the_carol_its_truth_and_a_pop_version_at_the_same_places_to_its_end():
    wave, n_frames = bells(30.0), CFG.audio.n_frames(30 * RATE)
    pops = [np.roll(wave, 5), np.roll(wave, 9)]
    written = np.repeat(np.arange(n_frames, dtype=np.int16)[:, None], N_PACKED, axis=1)
    group = shard_of(wave, pops, written, HOP)
    assert (
        group.pop.shape == group.carol.shape == (4, ROW_FRAMES * HOP)
        and group.pop.dtype == np.int16
    )
    firsts = group.labels[:, 0, 0].tolist()
    assert firsts == [0, 30 * RATE // HOP - ROW_FRAMES] * 2
    for number, (first, labels, pop, carol) in enumerate(
        zip(firsts, group.labels, group.pop, group.carol, strict=True)
    ):
        span = slice(first * HOP, (first + ROW_FRAMES) * HOP)
        assert np.array_equal(labels, written[first : first + ROW_FRAMES + 1])
        assert (
            np.abs(carol - wave[span] * 32767).max() <= 0.5
            and np.abs(pop - pops[number // 2][span] * 32767).max() <= 0.5
        )


def test_a_carol_under_drums_is_still_in_there_with_something_else():
    wave, transcription = bells(24.0), random_decision(CFG.audio.n_frames(24 * RATE))
    pop = under_drums(wave, transcription, CFG.audio, np.random.default_rng(0))
    assert pop.shape == wave.shape and np.abs(pop).max() <= 1
    spectra = [np.abs(np.fft.rfft(x)) for x in (pop, wave)]
    assert 0.2 < np.corrcoef(*spectra)[0, 1] < 0.999


def test_without_a_synthesiser_the_carol_is_trained_on_under_drums_and_that_is_said(
    base, monkeypatch, capsys
):
    monkeypatch.setattr(render, "available", lambda _: "soundfont X not found; install it")
    own = FineTuningConfig(n_drummed=1, n_rendered=2)
    groups = paired_with_themselves([bells(3.0)], Converter.load(base, "cpu"), own, CFG)
    assert [len(group.pop) for group in groups] == [2]
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "under drums alone" in line and "install it" in line]


needs_synthesiser = pytest.mark.skipif(
    available(TRAINING_SOUNDFONTS) is not None, reason=str(available(TRAINING_SOUNDFONTS))
)


def heard_exactly():
    """A sheet, its grid, its length in samples, and the decision that perfect hearing makes of it."""
    sheet = trim(tune("Deck the Halls"), 0, 4)
    grid = TimeGrid.of(sheet)
    n = round(grid.length_s * RATE)
    labels = sheet_labels(sheet, grid, CFG.audio, CFG.audio.n_frames(n))
    return sheet, grid, n, transcription_of(labels)


@pytest.mark.corpus
@needs_synthesiser
def test_the_rendered_pop_song_is_the_same_whatever_was_rendered_before():
    *_, n, transcription = heard_exactly()
    first = played_by_band(n, transcription, CFG.audio, np.random.default_rng(4))
    assert np.array_equal(
        first, played_by_band(n, transcription, CFG.audio, np.random.default_rng(4))
    )


@pytest.mark.corpus
@needs_synthesiser
def test_the_rendered_pop_song_plays_what_was_heard_in_the_carol_at_the_same_times():
    sheet, grid, n, transcription = heard_exactly()
    pop = played_by_band(n, transcription, CFG.audio, np.random.default_rng(4))
    assert pop.shape == (n,) and np.abs(pop).max() <= 1
    carol = metrics.chromagram(render_carol(sheet, grid, STYLES["organ"], RATE, grid.length_s))
    own, backwards = (
        metrics.chroma_similarity(carol, metrics.chromagram(x)) for x in (pop, pop[::-1].copy())
    )
    assert own > 0.3 and own > backwards + 0.2


@pytest.mark.parametrize("metre", [3, 4])
def test_drums_fall_on_eighths_and_a_kick_begins_the_bars(metre):
    beats_s = 0.4 + 0.5 * np.arange(32)
    strokes = drum_strokes(beats_s, beats_s[1::metre], np.random.default_rng(1))
    assert len(strokes) > 40
    off = np.array([(s.start_s - 0.4) / 0.25 for s in strokes])
    assert np.abs(off - off.round()).max() < 0.1
    kicks = np.array([s.start_s for s in strokes if s.pitch == pop_versions.KICK])
    began = [np.abs(kicks - t).min() < 0.05 for t in beats_s[1:-1:metre]]
    assert np.mean(began) > 0.6  # some bars rest


def test_drum_patterns_differ_and_fill_a_bar():
    patterns = [drum_pattern(3, np.random.default_rng(seed)) for seed in range(20)]
    assert {len(bar) for pattern in patterns for bar in pattern.values()} == {6}
    assert (
        len({tuple(sorted((note, *bar) for note, bar in pattern.items())) for pattern in patterns})
        > 10
    )


# --- batches


def test_a_share_of_the_windows_is_the_users_own():
    first, others = random_group(2, 0), random_group(4, 9)
    cfg = CFG.with_train(batch_size=50)
    pool = shared_batches([first], [others], 0.3, cfg, "cpu")
    rows = np.concatenate([pool.draw(step)[0].numpy() for step in range(40)])
    assert abs((rows < 2).mean() - 0.3) < 0.03 and set(rows.tolist()) == set(range(6))
    assert pool.style_partner.tolist() == [1, 0, 3, 4, 5, 2]


def test_parts_of_a_batch_are_the_whole_batch():
    pool = shared_batches(
        [random_group()], [random_group(2, 7)], 0.5, CFG.with_train(batch_size=4), "cpu"
    )
    whole = pool.batch(3)
    parts = [pool.batch(3, rank, 2) for rank in (0, 1)]
    assert all(
        torch.equal(torch.cat([part[name] for part in parts]), value)
        for name, value in whole.items()
    )


def test_without_corpus_pairs_every_window_is_the_users_own():
    pool = shared_batches([random_group()], [], 0.3, CFG.with_train(batch_size=20), "cpu")
    assert set(pool.draw(0)[0].tolist()) == {0, 1}


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="expected a share above 0 and at most 1"):
        shared_batches([random_group()], [], share, CFG, "cpu")
