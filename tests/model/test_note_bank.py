"""Drafts by the note bank: powers add, notes begin, ring, die away, and keep to their window."""

from dataclasses import replace

import pytest
import torch

from kcarol.audio.full_band import band_edges_hz
from kcarol.config import AudioConfig, ModelConfig
from kcarol.model.instruments import INSTRUMENTS, N_KEYS, NUMBERS
from kcarol.model.note_bank import (
    AGES,
    FLOOR,
    NATS_PER_DB,
    RELEASE_AGES,
    RING_FRAMES,
    SOFT_DB,
    NoteBank,
    loudness_weights,
)
from kcarol.model.notes import Notes
from kcarol.model.singing.formants import DARKENING_DB, darkening_db
from kcarol.model.singing.text import Text
from kcarol.model.vowels import NO_VOWEL, VOWELS

N_BANDS = 6
FLUTE, CHOIR, OOHS = (NUMBERS[name] for name in ("flute", "choir", "oohs"))
FLOOR_NATS = torch.tensor(FLOOR).log().item()


@pytest.fixture(scope="module")
def bank():
    """Each key sounds evenly in all bands, the higher the louder, and fades after its release."""
    bank = NoteBank(replace(ModelConfig.smoke(), n_bands=N_BANDS))
    with torch.no_grad():
        bank.middle[:] = -2.0 + torch.arange(N_KEYS)[:, None, None] / N_KEYS
        bank.side[:] = -0.5
        bank.soft[:] = 0.7
        bank.release[:] = -0.5 * torch.tensor(RELEASE_AGES, dtype=torch.float).clamp_min(0)
    return bank.eval()


def notes(*rows: tuple[int, int, float, float, float]) -> Notes:
    return Notes.of_tensor(torch.tensor(rows, dtype=torch.float32).reshape(-1, 5))


@torch.no_grad()
def test_without_notes_there_is_the_floor(bank):
    draft = bank([notes(), notes()], 20)
    assert draft.shape == (2, 20, 2, N_BANDS)
    assert torch.allclose(draft, torch.tensor(FLOOR_NATS))


@torch.no_grad()
def test_a_note_sounds_from_its_stroke_until_it_has_died_away(bank):
    middle, side = bank([notes((FLUTE, 72, 0.0, 10.0, 30.0))], 80)[0, :, :, 0].unbind(1)
    key = int(bank.keys(notes((FLUTE, 72, 0, 0, 0))))
    assert torch.allclose(middle[:7], torch.tensor(FLOOR_NATS))
    assert torch.allclose(middle[7:30], bank.middle[key, 0, 0])
    assert torch.allclose(side[7:30] - middle[7:30], torch.tensor(-0.5))
    assert middle[38] - middle[34] == pytest.approx(-2.0, abs=1e-4)
    assert torch.allclose(middle[50:], torch.tensor(FLOOR_NATS))


@torch.no_grad()
def test_powers_of_notes_add(bank):
    note = notes((FLUTE, 72, -20.0, 10.0, 30.0))
    one, both = bank([note, Notes.concatenated([note, note])], 40)[:, 8:30]
    assert torch.allclose(both - one, torch.tensor(2.0).log() / 2)


@torch.no_grad()
def test_a_table_that_was_made_before_gives_the_same(bank):
    note = notes((FLUTE, 72, -20.0, 10.0, 30.0))
    song = Notes.concatenated([notes((CHOIR, 60, -3.0, 5.0, 20.0)), note])
    text = [sung(VOWELS.index("a"))]
    assert torch.equal(bank([note], 40, bank.table(song)), bank([note], 40))
    assert torch.equal(bank([note], 40, bank.table(song, True), text), bank([note], 40, None, text))


@torch.no_grad()
def test_a_table_knows_the_keys_that_are_played_alone(bank):
    song = notes((FLUTE, 72, -20.0, 10.0, 30.0), (FLUTE, 72, 0.0, 40.0, 50.0))
    assert len(bank.table(song, with_vowels=True).rows) == 2 * len(AGES)
    choir = bank.table(notes((CHOIR, 60, 0.0, 5.0, 30.0)), with_vowels=True)
    assert len(choir.rows) == (1 + len(VOWELS)) * 2 * len(AGES)


@torch.no_grad()
def test_a_soft_stroke_sounds_as_the_bank_has_it_soft(bank):
    hard, soft = bank(
        [notes((FLUTE, 72, 0.0, 5.0, 30.0)), notes((FLUTE, 72, SOFT_DB, 5.0, 30.0))], 30
    )[:, 10, 0, 0]
    assert soft - hard == pytest.approx(SOFT_DB / 20 * 2.302585 + 0.7, abs=1e-4)


@torch.no_grad()
def test_keys_beyond_the_range_sound_as_the_nearest(bank):
    flute = INSTRUMENTS[FLUTE]
    found = bank.keys(notes(*((FLUTE, pitch, 0, 0, 0) for pitch in (0, flute.lowest, 127))))
    assert found[0] == found[1] and found[2] - found[0] == flute.n_keys - 1
    last = notes((len(INSTRUMENTS) - 1, 127, 0, 0, 0))
    assert int(bank.keys(last)) == N_KEYS - 1


@torch.no_grad()
def test_a_decay_is_even_in_db_between_two_ages(bank):
    decaying = NoteBank(replace(ModelConfig.smoke(), n_bands=N_BANDS))
    decaying.middle[:] = -0.02 * torch.tensor(AGES, dtype=torch.float)[:, None]
    middle = decaying([notes((FLUTE, 72, 0.0, 0.0, 200.0))], 180)[0, :, 0, 0]
    assert torch.allclose(middle[1:].diff(), torch.tensor(-0.02), atol=1e-4)


@torch.no_grad()
def test_a_window_of_a_song_is_drafted_as_in_the_whole(bank):
    song = notes((FLUTE, 70, -3.0, 4.3, 60.0), (FLUTE, 77, -9.0, 30.6, 31.0))
    whole = bank([song], 120)[0]
    window = bank([song.window(50, 90, RING_FRAMES)], 40)[0]
    assert torch.allclose(window, whole[50:90], atol=1e-5)


def test_the_bank_learns():
    bank = NoteBank(replace(ModelConfig.smoke(), n_bands=N_BANDS))
    bank([notes((FLUTE, 72, -3.0, 4.0, 20.0))], 20).sum().backward()
    key = int(bank.keys(notes((FLUTE, 72, 0, 0, 0))))
    assert bank.middle.grad[key].abs().sum() > 0 and bank.middle.grad[key + 1].abs().sum() == 0
    assert bank.side.grad[key].abs().sum() > 0 and bank.soft.grad[key].abs().sum() > 0


# --- choirs on vowels


def sung(vowel: int, n_frames: int = 40, level_db: float = 0.0) -> Text:
    shares = torch.eye(len(VOWELS) + 1)[vowel].expand(n_frames, -1)
    return Text(shares, torch.full((n_frames,), level_db))


@torch.no_grad()
def test_where_no_vowel_is_known_choirs_sound_as_their_samples(bank):
    chord = notes((CHOIR, 60, 0.0, 5.0, 30.0), (OOHS, 67, -9.0, 8.0, 30.0))
    assert torch.equal(bank([chord], 40, text=[sung(NO_VOWEL)]), bank([chord], 40))


@torch.no_grad()
def test_only_choirs_sing():
    bank = NoteBank(ModelConfig.smoke())
    bank.side[:] = 0.3
    flute, choir = (notes((who, 72, -3.0, 5.0, 30.0)) for who in (FLUTE, CHOIR))
    on_i = [sung(VOWELS.index("i"))]
    assert torch.equal(bank([flute], 40, text=on_i), bank([flute], 40))
    assert not torch.allclose(bank([choir], 40, text=on_i), bank([choir], 40), atol=0.5)


@torch.no_grad()
@pytest.mark.parametrize("choir", [CHOIR, OOHS])
@pytest.mark.parametrize("vowel", range(len(VOWELS)))
def test_a_key_is_as_loud_on_every_vowel(choir, vowel):
    bank = NoteBank(ModelConfig.smoke())
    bank.middle[:] -= torch.linspace(0, 2, bank.middle.shape[-1])
    note = notes((choir, 64, -3.0, 5.0, 30.0))
    own, other = (
        (bank([note], 40, text=[sung(v)])[0, 20].mul(2).exp() * loudness_weights()).sum()
        for v in (NO_VOWEL, vowel)
    )
    assert other.item() == pytest.approx(own.item(), rel=1e-2)


@torch.no_grad()
def test_oohs_sing_other_vowels_as_the_choir_does_but_darker():
    bank = NoteBank(ModelConfig.smoke())
    bank.middle[bank.singing] -= torch.rand(len(bank.singing), 1, bank.middle.shape[-1])
    on_e = [sung(VOWELS.index("e"))]
    oohs, choir = (
        bank([notes((who, 64, 0.0, 5.0, 30.0))], 40, text=on_e)[0, 20, 0] for who in (OOHS, CHOIR)
    )
    low_hz, high_hz = band_edges_hz(AudioConfig())[:, : len(oohs)]
    darker = NATS_PER_DB * torch.from_numpy(darkening_db(((low_hz + high_hz) / 2).numpy()))
    assert (oohs - choir - darker).std() < 1e-3
    assert darker[0] == 0 and darker.min().item() == pytest.approx(NATS_PER_DB * DARKENING_DB)


@torch.no_grad()
def test_choirs_without_a_text_sound_as_their_samples_beside_others_that_sing(bank):
    tune, struck = (notes((CHOIR, pitch, 0.0, 5.0, 30.0)) for pitch in (60, 67))
    struck = replace(struck, sings=torch.zeros(1, dtype=torch.bool))
    on_i = [sung(VOWELS.index("i"))]
    assert torch.equal(bank([struck], 40, text=on_i), bank([struck], 40))
    together = bank([Notes.concatenated([tune, struck])], 40, text=on_i)
    powers = [bank([some], 40, text=on_i).mul(2).exp() for some in (tune, struck)]
    assert torch.allclose(together.mul(2).exp(), sum(powers), rtol=1e-2, atol=1e-6)


@torch.no_grad()
def test_where_a_syllable_begins_choirs_are_softer(bank):
    note = notes((CHOIR, 60, 0.0, 5.0, 60.0))
    dip = bank([note], 40, text=[sung(NO_VOWEL, level_db=-6.0)]) - bank([note], 40)
    assert dip[0, 10:].mean().item() == pytest.approx(-6 * 0.1151, abs=1e-3)


@torch.no_grad()
def test_each_window_has_its_own_text(bank):
    note = notes((CHOIR, 60, 0.0, 5.0, 60.0))
    texts = [sung(NO_VOWEL), sung(NO_VOWEL, level_db=-6.0)]
    both = bank([note, note], 40, text=texts)
    for alone, text in zip(both, texts, strict=True):
        assert torch.equal(alone, bank([note], 40, text=[text])[0])
