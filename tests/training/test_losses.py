"""Facts about the losses: they fall, and transposes with sound and labels."""

import numpy as np
import pytest
import torch

from kcarol.audio.features import Features, transpose_features
from kcarol.config import TUNE_LOWEST, AudioConfig, ModelConfig
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.dataset.labels import N_PACKED, unpack
from kcarol.model.content import N_PITCHES
from kcarol.model.logits import HEADS, Logits
from kcarol.model.transformer import MusicTransformer
from kcarol.training.losses import (
    HeadWeights,
    HearingLoss,
    PlayerLoss,
    Variation,
    draw_colour,
    head_losses,
    mask_features,
    transpose_targets,
    vary_features,
    widened,
)
from kcarol.transcription.lead_sheet import TimeGrid

AUDIO = AudioConfig()


def packed_labels(n_frames=256, title="Deck the Halls"):
    sheet = tune(title)
    labels = sheet_labels(sheet, TimeGrid.of(sheet), AUDIO, n_frames)
    return torch.from_numpy(labels.packed())[None]


def perfect(targets, confidence=30.0):
    """Logits that say what is true, firmly."""

    def sure(share):
        return (2 * share - 1) * confidence

    content, one_hot = targets.content, torch.nn.functional.one_hot
    return Logits(
        tune=sure(one_hot(targets.tune, N_PITCHES + 1).float()),
        bass=sure(one_hot(targets.bass, 13).float()),
        onset=sure(content.onset),
        chord=sure(content.chord),
        beat=sure(targets.beat),
        downbeat=sure(targets.downbeat),
        accent=sure(content.accent),
        energy=torch.logit(content.energy.clamp(1e-4, 1 - 1e-4)),
    )


def random_batch(n_frames=96, rows=2):
    rng = torch.Generator().manual_seed(0)
    labels = packed_labels(2 * n_frames)
    return {
        "features": torch.randn(rows, n_frames, AUDIO.n_features, generator=rng).half(),
        "labels": torch.cat([labels[:, :n_frames], labels[:, n_frames:]])[:rows],
    }


def harmonic_tone(midi, n_samples=24_000, n_harmonics=8):
    time_s, f0_hz = np.arange(n_samples) / AUDIO.sample_rate, 440 * 2 ** ((midi - 69) / 12)
    return torch.from_numpy(
        sum(np.sin(2 * np.pi * k * f0_hz * time_s) / k for k in range(1, n_harmonics + 1))
    ).float()


@pytest.mark.parametrize("semitones", [-5, -1, 3, 5])
def test_features_of_a_transposed_tone_are_the_transposed_features(semitones):
    hear = Features(AUDIO)
    plain, moved = hear(harmonic_tone(64))[None], hear(harmonic_tone(64 + semitones))[None]
    transposed = transpose_features(plain, semitones, AUDIO)
    inside = slice(24, AUDIO.n_pitch_bands - 24)

    def middle(x):
        return x[0, 30:60, inside].mean(0).numpy()

    assert np.corrcoef(middle(transposed), middle(moved))[0, 1] > 0.95
    assert np.corrcoef(middle(plain), middle(moved))[0, 1] < 0.5


def test_transposing_features_leaves_flux_and_loudness():
    x = torch.randn(1, 4, AUDIO.n_features)
    moved = transpose_features(x, 3, AUDIO)
    n = AUDIO.n_pitch_bands
    assert torch.equal(moved[..., n:], x[..., n:]) and not torch.equal(moved[..., :n], x[..., :n])


@pytest.mark.parametrize("semitones", [-5, 0, 4])
def test_what_is_heard_in_transposed_features_is_what_the_untransposed_labels_say(semitones):
    labels = unpack(packed_labels())
    heard = perfect(transpose_targets(labels, semitones))
    content = heard.transposed(-semitones).content(labels.content.phase)
    for name in ("onset", "chord", "bass", "accent"):
        assert torch.allclose(getattr(content, name), getattr(labels.content, name), atol=1e-4), (
            name
        )


def test_a_tune_transposed_out_of_range_counts_as_none():
    packed = packed_labels(4)
    packed[..., 0] = TUNE_LOWEST + N_PITCHES - 2
    assert (transpose_targets(unpack(packed), 5).tune == N_PITCHES).all()
    packed[..., 0] = TUNE_LOWEST + 1
    assert (transpose_targets(unpack(packed), -5).tune == N_PITCHES).all()


def test_perfect_logits_cost_next_to_nothing_and_wrong_ones_much():
    labels = unpack(packed_labels())
    right = head_losses(perfect(labels), labels)
    wrong = head_losses(perfect(transpose_targets(labels, 1)), labels)
    for name in ("tune", "chord", "bass"):
        assert right[name] < 1e-3 < 1 < wrong[name], name


def test_marks_are_widened_by_a_half_to_both_sides():
    mark = torch.tensor([0.0, 0, 1, 0, 0, 0, 1, 1])[None, :, None]
    assert widened(mark).flatten().tolist() == [0, 0.5, 1, 0.5, 0, 0.5, 1, 1]


def test_masks_silence_some_bands_over_all_frames_and_leave_the_others():
    torch.manual_seed(0)
    x = torch.ones(8, 5, AUDIO.n_features)
    masked = mask_features(x)
    assert torch.equal(masked[:, :1].expand_as(masked), masked)
    n_silent = (masked[:, 0] == 0).sum(1)
    assert (n_silent <= 46).all() and n_silent.sum() > 0 and len(set(n_silent.tolist())) > 1


def test_varied_features_are_the_same_music_in_half_of_the_rows_and_untouched_in_the_others():
    torch.manual_seed(0)
    x = torch.randn(400, 40, AUDIO.n_features)
    varied = vary_features(x, AUDIO)
    untouched = (varied == x).all(2).all(1)
    assert 150 < untouched.sum() < 250
    alike = [
        float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])
        for a, b in zip(x, varied, strict=True)
    ]
    assert min(alike) > 0.25 and np.mean(alike) > 0.8 and torch.isfinite(varied).all()
    flux = slice(AUDIO.n_pitch_bands, -1)
    factor = (varied[..., flux] / x[..., flux])[~untouched].flatten(1)
    assert (factor.std(1) < 1e-3).all() and factor.mean(1).log().std() == pytest.approx(
        Variation().flux, rel=0.25
    )


def test_features_are_varied_in_training_alone():
    torch.manual_seed(0)
    loss, module, batch = (
        HearingLoss(AUDIO, None, 0),
        MusicTransformer(ModelConfig.smoke()),
        random_batch(),
    )
    told = {
        mode: [float(loss(module.train(mode), batch)["loss"].detach()) for _ in range(2)]
        for mode in (True, False)
    }
    assert told[False][0] == told[False][1] and told[True][0] != told[True][1]


def test_the_loss_is_the_weighted_sum_of_its_terms():
    torch.manual_seed(0)
    weights = HeadWeights(tune=0.25)
    losses = HearingLoss(AUDIO, weights)(
        MusicTransformer(ModelConfig.smoke()).eval(), random_batch()
    )
    assert set(losses) == {"loss", *HEADS}
    total = sum(getattr(weights, name) * losses[name] for name in HEADS)
    assert torch.isclose(losses["loss"], total) and torch.isfinite(losses["loss"])


@pytest.mark.parametrize(
    ("loss", "half", "idle"),
    [(HearingLoss(AUDIO), "hear", "play"), (PlayerLoss(AUDIO), "play", "hear")],
)
def test_training_one_half_gives_the_other_no_gradient(loss, half, idle):
    torch.manual_seed(0)
    module = MusicTransformer(ModelConfig.smoke()).train()
    torch.nn.init.normal_(module.out.weight, std=0.05)  # zeros would stop the gradient
    batch = random_batch() if half == "hear" else carol_batch()
    loss(module, batch)["loss"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters_of(half))
    assert all(p.grad is None for p in module.parameters_of(idle))


def test_the_loss_is_the_same_twice_in_eval_mode_and_varies_in_training():
    torch.manual_seed(0)
    module, batch = MusicTransformer(ModelConfig.smoke()), random_batch()
    loss = HearingLoss(AUDIO)
    with torch.no_grad():
        module.eval()
        assert loss(module, batch)["loss"] == loss(module, batch)["loss"]
        module.train()
        assert loss(module, batch)["loss"] != loss(module, batch)["loss"]


def test_all_heads_learn_from_one_batch_seen_again_and_again():
    torch.manual_seed(0)
    module, batch = MusicTransformer(ModelConfig.smoke()).train(), random_batch(64)
    loss = HearingLoss(AUDIO, None, 0)
    adam = torch.optim.Adam(module.parameters(), 3e-3)
    with torch.no_grad():
        before = loss(module.eval(), batch)
    module.train()
    for _ in range(60):
        adam.zero_grad()
        loss(module, batch)["loss"].backward()
        adam.step()
    with torch.no_grad():
        after = loss(module.eval(), batch)
    assert [
        n for n in ("loss", "tune", "chord", "bass", "beat") if after[n] > 0.9 * before[n]
    ] == []


def test_packed_labels_has_a_column_for_each_number():
    assert packed_labels(10).shape == (1, 10, N_PACKED)


# --- the player


def carol_batch(n_rows=2, n_frames=48):
    rng = torch.Generator().manual_seed(0)
    log_mel = torch.randn(n_rows, n_frames, 2, AUDIO.n_bands, generator=rng) - 3
    notes = torch.tensor([[[15.0, 72.0, -6.0, 4.0, 30.0], [-1.0] * 5]]).expand(n_rows, -1, -1)
    return {"log_mel": log_mel, "notes": notes, "reference": log_mel[:, :16]}


def test_the_player_learns_what_notes_sound_like():
    torch.manual_seed(0)
    model = MusicTransformer(ModelConfig.smoke()).eval()
    loss, batch = PlayerLoss(AUDIO), carol_batch()
    optimizer = torch.optim.Adam(model.parameters_of("play"), 3e-3)
    before = loss(model, batch)["loss"].item()
    for _ in range(25):
        optimizer.zero_grad()
        loss(model, batch)["loss"].backward()
        optimizer.step()
    assert loss(model, batch)["loss"].item() < 0.8 * before


def test_errors_weigh_less_in_the_side_in_the_treble_and_where_nothing_is_heard():
    target = torch.zeros(1, 4, 2, AUDIO.n_bands)
    target[:, :, :, 50:] = -12
    shares = PlayerLoss(AUDIO).shares(target)[0, 0]
    assert shares[0, 0] > shares[1, 0] > shares[1, 60] > shares[1, -1] > 0
    assert shares[0, 0] > shares[0, 60] > shares[0, -1]


def test_the_colour_of_a_recording_is_the_same_in_all_frames_and_missing_in_half():
    torch.manual_seed(0)
    colour = draw_colour(400, AUDIO)
    assert colour.shape == (400, 1, 2, AUDIO.n_bands)
    varied = colour.flatten(1).any(1)
    assert 150 < varied.sum() < 250
    assert colour[varied].abs().mean() < 0.6
