"""The pop side's sounds: sung voice, synthesised instruments and drums, and the mix."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from kcarol.corpus.mixing import mix as mixing
from kcarol.corpus.synthesis.drum_machine import DRUM_NOTES, DrumKit, play_drums
from kcarol.corpus.synthesis.formant_voice import (
    STYLES,
    formant_tracks,
    pulse_train,
    tract_response,
)
from kcarol.corpus.synthesis.formant_voice import synthesise_singing as sing
from kcarol.corpus.synthesis.oscillators import play_synth
from kcarol.corpus.synthesis.patches import ROLE_KINDS, Patch, patch_table
from kcarol.corpus.synthesis.prosody import CONTROL_HZ, pitch_curve
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.syllables import Syllable, plan_syllables, sung_lines
from kcarol.transcription.lead_sheet import Stroke

RATE = 16_000
TUNE = [Stroke(0.3 + 0.7 * k, 0.65, p, 90) for k, p in enumerate((60, 64, 67, 65, 62, 59, 57, 60))]


def harmonic_pitch(wave: np.ndarray, near_midi: float) -> float:
    """MIDI pitch within a fifth of `near_midi` whose first six harmonics hold most magnitude."""
    n_fft = 1 << 16
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), n_fft))
    cents = np.arange(-700, 701, 5)
    f0_hz = 440 * 2 ** ((near_midi + cents / 100 - 69) / 12)
    bins = f0_hz[:, None] * np.arange(1, 7) * n_fft / RATE
    strength = np.where(
        bins < len(spectrum), np.interp(bins, np.arange(len(spectrum)), spectrum), 0
    )
    return near_midi + cents[strength.sum(axis=1).argmax()] / 100


def steady_part(wave: np.ndarray, stroke: Stroke) -> np.ndarray:
    first, last = stroke.start_s + 0.35 * stroke.length_s, stroke.start_s + 0.85 * stroke.length_s
    return wave[int(first * RATE) : int(last * RATE)]


def level_db(wave: np.ndarray) -> float:
    return 20 * np.log10(np.sqrt(np.mean(np.square(wave))) + 1e-9)


# --- voice ----------------------------------------------------------------------------------------
# -----------


@pytest.mark.parametrize("kind,transpose", [("male", -12), ("female", 2), ("child", 7), (None, 0)])
def test_sung_pitch_is_within_50_cents_in_the_steady_part_of_notes(kind, transpose):
    errors = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        tune = [Stroke(s.start_s, s.length_s, s.pitch + transpose, s.velocity) for s in TUNE]
        wave = sing(tune, 6.5, RATE, rng, Singer.draw(rng, kind))
        errors += [harmonic_pitch(steady_part(wave, s), s.pitch) - s.pitch for s in tune]
    assert np.median(np.abs(errors)) < 0.25
    assert np.mean(np.abs(errors) < 0.5) > 0.9


def test_voice_sounds_on_notes_and_rests_between_phrases():
    tune = [Stroke(0.5, 0.8, 60, 90), Stroke(2.5, 0.8, 64, 90)]
    for seed in range(5):
        wave = sing(tune, 4.0, RATE, np.random.default_rng(seed))
        assert wave.shape == (4 * RATE,) and wave.dtype == np.float32 and np.isfinite(wave).all()
        assert all(level_db(steady_part(wave, s)) > -32 for s in tune)
        assert level_db(wave[int(1.5 * RATE) : int(1.9 * RATE)]) < -45


def test_a_and_i_differ_by_their_formants():
    def peak_hz(vowel: str, low_hz: float, high_hz: float) -> float:
        held = [Syllable(0.0, 1.0, 45, 1.0, None, 0.0, (vowel, vowel), None, True)]
        tracks = formant_tracks(held, 80, Singer())
        response = tract_response(tracks, np.full(80, 110.0), np.zeros(80), RATE, 512, Singer())[40]
        bins_hz = np.arange(257) * RATE / 512
        inside = (bins_hz > low_hz) & (bins_hz < high_hz)
        return bins_hz[inside][response[inside].argmax()]

    assert abs(peak_hz("a", 150, 1000) - 730) < 60
    assert abs(peak_hz("i", 150, 1000) - 285) < 60
    assert abs(peak_hz("i", 1800, 2600) - 2250) < 120


def test_a_woman_has_higher_formants_than_a_man():
    rng = np.random.default_rng(0)
    women, men = ([Singer.draw(rng, kind).tract for _ in range(30)] for kind in ("female", "male"))
    assert np.mean(women) > 1.1 * np.mean(men)


def test_vibrato_is_within_4_5_and_6_5_hz_and_80_cents():
    singer = Singer(
        vibrato_hz=5.5, vibrato_cents=60, vibrato_delay_s=0.1, drift_cents=0, jitter_cents=0
    )
    held = [Syllable(0.0, 4.0, 60, 1.0, None, 0.0, ("a", "a"), None, True)]
    curve = pitch_curve(held, 4 * CONTROL_HZ, np.random.default_rng(0), singer)[CONTROL_HZ:]
    spectrum = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve))))
    assert 4.5 < np.fft.rfftfreq(len(curve), 1 / CONTROL_HZ)[spectrum.argmax()] < 6.5
    assert 0.2 < np.abs(curve - np.median(curve)).max() < 0.8


def test_fricatives_make_noise_above_4_khz_before_the_note():
    high = signal.butter(4, 4000, "highpass", fs=RATE, output="sos")
    singer, wave, plan = Singer(breathiness=0.0, coda_chance=0.0, melisma=0.0), None, None
    for seed in range(200):
        plan = plan_syllables([Stroke(0.5, 0.5, 50, 90)], np.random.default_rng(seed), singer)
        if plan[0].consonant == "s":
            wave = sing([Stroke(0.5, 0.5, 50, 90)], 1.2, RATE, np.random.default_rng(seed), singer)
            break
    hiss = signal.sosfilt(high, wave)
    start = int((0.5 - plan[0].consonant_s) * RATE)
    assert (
        level_db(hiss[start : int(0.48 * RATE)])
        > level_db(hiss[int(0.6 * RATE) : int(0.8 * RATE)]) + 6
    )


def test_rap_does_not_keep_the_pitch_but_the_rhythm():
    singer = Singer(speech_midi=46.0)
    high = [Stroke(s.start_s, s.length_s, 72, 90) for s in TUNE]
    wave = sing(high, 6.5, RATE, np.random.default_rng(1), singer, style="rap")
    frequencies = np.fft.rfftfreq(len(wave), 1 / RATE)
    power = np.square(np.abs(np.fft.rfft(wave)))
    speech, tune = (
        (frequencies > 70) & (frequencies < 250),
        (frequencies > 480) & (frequencies < 560),
    )
    assert power[speech].sum() > power[tune].sum()
    assert all(level_db(steady_part(wave, s)) > -35 for s in high)


def test_choir_sings_every_note_of_a_chord():
    chord = [Stroke(0.2, 1.6, p, 90) for p in (55, 59, 62)]
    wave = sing(chord, 2.0, RATE, np.random.default_rng(3), style="choir")
    spectrum = np.abs(np.fft.rfft(wave, 1 << 16))
    around = [
        spectrum[
            int(440 * 2 ** ((p - 69.4) / 12) * 4.096) : int(440 * 2 ** ((p - 68.6) / 12) * 4.096)
        ].max()
        for p in (55, 59, 62, 57, 60.5)
    ]
    assert min(around[:3]) > 2 * max(around[3:])


def test_lines_hold_one_note_at_a_time_and_lose_none():
    chords = [Stroke(t, 0.5, p, 80) for t in (0.0, 0.45, 1.0) for p in (60, 64, 67)]
    lines = sung_lines(chords, 2.0)
    assert len(lines) == 3 and sum(map(len, lines)) == len(chords)
    for line in lines:
        assert all(
            a.start_s + a.length_s <= b.start_s + 1e-9 for a, b in zip(line, line[1:], strict=False)
        )


def test_pulses_have_no_aliases():
    pulses, _ = pulse_train(np.full(RATE, 1500.0, np.float32), RATE)
    spectrum = np.abs(np.fft.rfft(pulses * np.hanning(RATE)))
    harmonics = np.zeros(len(spectrum), bool)
    for k in range(1, 6):
        harmonics[1500 * k - 4 : 1500 * k + 5] = True
    assert 20 * np.log10(spectrum[~harmonics].max() / spectrum.max()) < -50


@pytest.mark.parametrize("style", STYLES)
def test_voice_repeats_with_the_seed_and_changes_with_another(style):
    first, again, other = (
        sing(TUNE[:3], 3.0, RATE, np.random.default_rng(s), style=style) for s in (5, 5, 6)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [Stroke(0.0, 0.3, 60, 90)],
        [Stroke(1.9, 5.0, 60, 127)],
        [Stroke(9.0, 1.0, 60, 90)],
        [Stroke(0.0, 0.02, 30, 1), Stroke(0.02, 0.02, 100, 127), Stroke(0.02, 1.0, 60.37, 64)],
    ],
)
@pytest.mark.parametrize("style", STYLES)
def test_voice_takes_odd_strokes(strokes, style):
    wave = sing(strokes, 2.0, RATE, np.random.default_rng(0), style=style)
    assert wave.shape == (2 * RATE,) and np.isfinite(wave).all() and np.abs(wave).max() < 3


def test_unknown_styles_and_kinds_are_named():
    with pytest.raises(ValueError, match="opera"):
        sing(TUNE, 1.0, RATE, np.random.default_rng(0), style="opera")
    with pytest.raises(ValueError, match="robot"):
        Singer.draw(np.random.default_rng(0), "robot")


# --- synth ----------------------------------------------------------------------------------------
# -----------


@pytest.mark.parametrize("role", [r for r in ROLE_KINDS if r != "fx"] + ["second"])
def test_synth_pitch_is_right_for_every_patch(role):
    rng = np.random.default_rng(2)
    for _ in range(12):
        # swings about the note, blurs the measure
        sound = replace(Patch.draw(rng, role), vibrato_cents=0.0)
        pitch = float(rng.integers(36, 50) if role == "bass" else rng.integers(52, 84))
        wave = play_synth([Stroke(0.1, 1.2, pitch, 100)], sound, 1.6, RATE, rng)
        assert abs(harmonic_pitch(wave[int(0.15 * RATE) : int(1.2 * RATE)], pitch) - pitch) < 0.3, (
            sound
        )
        assert np.isfinite(wave).all() and wave.dtype == np.float32 and level_db(wave) > -40


def test_all_kinds_are_drawn():
    rng = np.random.default_rng(0)
    kinds = {Patch.draw(rng, role).kind for role in (*ROLE_KINDS, "other") for _ in range(150)}
    assert kinds == set(patch_table())


def test_high_synth_notes_do_not_alias():
    sound = Patch(shape="saw", bright_hz=20_000, dark_hz=20_000, vibrato_cents=0)
    f0_hz = 440 * 2 ** ((96 - 69) / 12)
    wave = play_synth([Stroke(0.0, 1.5, 96, 100)], sound, 1.5, RATE, np.random.default_rng(0))[
        1600:17600
    ]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    distance_hz = np.abs((np.arange(len(spectrum)) + f0_hz / 2) % f0_hz - f0_hz / 2)
    assert 20 * np.log10(spectrum[distance_hz > 30].max() / spectrum.max()) < -45


def test_notes_are_silent_before_they_start_and_after_their_release():
    sound = Patch(release_s=0.1)
    wave = play_synth([Stroke(0.5, 0.4, 60, 100)], sound, 2.0, RATE, np.random.default_rng(0))
    assert not wave[: RATE // 2].any() and not wave[int(1.02 * RATE) :].any()


@pytest.mark.parametrize("note", sorted(DRUM_NOTES))
def test_drums_come_at_their_time(note):
    kit = DrumKit.draw(np.random.default_rng(note))
    wave = play_drums([Stroke(0.4, 0.1, note, 110)], kit, 1.5, RATE, np.random.default_rng(0))
    heard = np.flatnonzero(np.abs(wave) > 0.1 * np.abs(wave).max())
    assert not wave[: int(0.4 * RATE) - 1].any()
    assert heard[0] < int(0.415 * RATE) and np.abs(wave).max() > 0.1


def test_kick_is_low_and_hat_is_high():
    def centroid_hz(note: int) -> float:
        wave = play_drums(
            [Stroke(0.0, 0.1, note, 100)], DrumKit(), 1.0, RATE, np.random.default_rng(0)
        )
        power = np.square(np.abs(np.fft.rfft(wave)))
        return float((power * np.fft.rfftfreq(len(wave), 1 / RATE)).sum() / power.sum())

    assert centroid_hz(36) < 250 < centroid_hz(38) < centroid_hz(42)
    assert centroid_hz(42) > 4000


def test_a_closed_hat_stops_the_open_one():
    kit = DrumKit(open_decay_s=0.5)
    rings = play_drums([Stroke(0.0, 0.1, 46, 100)], kit, 1.0, RATE, np.random.default_rng(0))
    both = [Stroke(0.0, 0.1, 46, 100), Stroke(0.2, 0.1, 42, 1)]
    stopped = play_drums(both, kit, 1.0, RATE, np.random.default_rng(0))
    after = slice(int(0.4 * RATE), int(0.6 * RATE))
    assert level_db(stopped[after]) < level_db(rings[after]) - 20


# --- mix ------------------------------------------------------------------------------------------
# -----------


@pytest.fixture(scope="module")
def stems() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    drums = [Stroke(0.5 * k, 0.1, 36 if k % 2 == 0 else 38, 100) for k in range(8)]
    chords = [Stroke(t, 1.9, p, 80) for t in (0.0, 2.0) for p in (60, 64, 67)]
    pad = play_synth(chords, Patch.draw(rng, "pad"), 4.0, RATE, rng)
    return {
        "lead": sing(TUNE[:5], 4.0, RATE, rng),
        "drums": play_drums(drums, DrumKit(), 4.0, RATE, rng),
        "pad": np.stack([pad, np.roll(pad, 40)]),
        "bass 2": play_synth([Stroke(0, 3.5, 36, 90)], Patch.draw(rng, "bass"), 3.7, RATE, rng),
    }


def test_mix_is_finite_and_keeps_the_peak_for_many_settings(stems):
    peaks = []
    for seed in range(25):
        record = mixing.mix(stems, np.random.default_rng(seed))
        assert (
            record.shape == (4 * RATE,) and record.dtype == np.float32 and np.isfinite(record).all()
        )
        peaks.append(float(np.abs(record).max()))
    assert max(peaks) <= 1 and min(peaks) > 0.1 and np.std(peaks) > 0.05


def test_mix_repeats_with_the_seed_and_changes_with_another(stems):
    first, again, other = (mixing.mix(stems, np.random.default_rng(s)) for s in (3, 3, 4))
    assert np.array_equal(first, again) and not np.allclose(first, other, atol=1e-3)


def test_mix_keeps_stems_in_time(stems):
    kick = {"drums": stems["drums"]}
    for seed in range(8):
        record = mixing.mix(
            kick, np.random.default_rng(seed), mixing.MixSettings(haas_chance=0, echo_chance=0)
        )
        lag = signal.correlate(np.abs(record), np.abs(stems["drums"])).argmax() - (len(record) - 1)
        assert abs(lag) < 0.01 * RATE


def test_gains_move_a_stem_against_the_others(stems):
    still = mixing.MixSettings(
        stem_spread_db=0,
        eq_spread_db=0,
        compress_chance=0,
        saturate_chance=0,
        echo_chance=0,
        send_db=-90,
        bus_ratio=1,
        clip_db=-30,
        haas_chance=0,
    )
    two = {"bass": stems["bass 2"], "lead": stems["lead"]}

    def low_share(gain_db: float) -> float:
        record = mixing.mix(two, np.random.default_rng(0), still, gains_db={"bass": gain_db})
        power = np.square(np.abs(np.fft.rfft(record)))
        return float(power[: int(75 * 4)].sum() / power.sum())

    assert low_share(-20) < low_share(0) < low_share(12)


def test_silent_stems_stay_silent():
    record = mixing.mix({"lead": np.zeros(RATE, np.float32)}, np.random.default_rng(0))
    assert np.isfinite(record).all() and np.abs(record).max() <= 1


def test_wrong_stems_are_named(stems):
    with pytest.raises(ValueError, match="at least one stem"):
        mixing.mix({}, np.random.default_rng(0))
    with pytest.raises(ValueError, match="'pad'.*shape"):
        mixing.mix({"pad": np.zeros((3, 100), np.float32)}, np.random.default_rng(0))
    with pytest.raises(ValueError, match="'pad'.*finite"):
        mixing.mix({"pad": np.full(RATE, np.nan, np.float32)}, np.random.default_rng(0))


@pytest.mark.parametrize("rt60_s", [0.6, 2.2])
def test_reverb_decays_by_60_db_in_rt60(rt60_s):
    impulse = np.zeros((2, 3 * RATE), np.float32)
    impulse[:, 0] = 1
    tail = mixing.reverb(impulse, RATE, rt60_s, 1.0, seed=1, damping=0.0)
    # Schroeder's backward integral
    left_db = 10 * np.log10(np.cumsum(np.square(tail[0])[::-1])[::-1] + 1e-20)
    left_db -= left_db[0]
    measured_s = 2 * (np.argmax(left_db < -35) - np.argmax(left_db < -5)) / RATE
    assert abs(measured_s / rt60_s - 1) < 0.1


def test_damping_shortens_the_high_decay_only():
    response = mixing.impulse_response(RATE, 2.0, 1.0, 0)[0]
    late = np.square(np.abs(np.fft.rfft(response[RATE // 2 : RATE])))
    soon = np.square(np.abs(np.fft.rfft(response[RATE // 10 : RATE // 2 + RATE // 10])))
    fall_db = 10 * np.log10(late / soon)
    assert np.median(fall_db[2000:3500]) < np.median(fall_db[40:150]) - 10


def test_reverb_is_deterministic_differs_by_channel_and_can_be_dry():
    wave = np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32)
    first, again = mixing.reverb(wave, RATE, 1.5, 0.35), mixing.reverb(wave, RATE, 1.5, 0.35)
    assert np.array_equal(first, again) and first.shape == wave.shape
    assert not np.array_equal(first, mixing.reverb(wave, RATE, 1.5, 0.35, seed=1))
    assert np.array_equal(mixing.reverb(wave, RATE, 1.5, 0.0), wave)
    same = mixing.reverb(np.stack([wave[0], wave[0]]), RATE, 1.5, 1.0)
    assert abs(np.corrcoef(same)[0, 1]) < 0.3
    with pytest.raises(ValueError, match="wet"):
        mixing.reverb(wave, RATE, 1.5, 1.5)


@pytest.mark.parametrize("gain_db", [-9.0, 6.0])
def test_peaking_eq_and_shelves_have_their_gain(gain_db):
    def gain_at(filtered: np.ndarray, hz: float) -> float:
        return 20 * np.log10(np.abs(np.fft.rfft(filtered))[int(hz)])  # one second: a bin is 1 Hz

    impulse = np.zeros(RATE, np.float32)
    impulse[0] = 1
    bell = mixing.peaking_eq(impulse, RATE, 1000, gain_db, 1.4)
    high = mixing.shelf(impulse, RATE, 2000, gain_db)
    low = mixing.shelf(impulse, RATE, 500, gain_db, high=False)
    assert np.allclose(
        [gain_at(bell, 1000), gain_at(high, 7900), gain_at(low, 10)], gain_db, atol=0.2
    )
    assert np.allclose([gain_at(high, 2000), gain_at(low, 500)], gain_db / 2, atol=0.2)
    assert np.allclose([gain_at(bell, 20), gain_at(high, 50), gain_at(low, 7000)], 0, atol=0.2)


def test_compressor_divides_what_is_above_the_threshold():
    time_s = np.arange(2 * RATE) / RATE
    tone = np.sin(2 * np.pi * 440 * time_s).astype(np.float32)
    loud = mixing.compress(tone, RATE, -20, 4.0, 0.005, 0.1)
    assert abs(20 * np.log10(np.abs(loud[RATE:]).max()) + 15) < 0.5  # 20 dB over, 5 dB left
    soft = 0.05 * tone
    assert np.allclose(mixing.compress(soft, RATE, -20, 4.0), soft, atol=1e-5)


def test_duck_follows_the_key_and_recovers():
    key, wave = np.zeros(RATE, np.float32), np.ones((2, RATE), np.float32)
    key[4000:4400] = 1
    ducked = mixing.duck(wave, key, RATE, depth_db=12, release_s=0.05)
    assert ducked[0, 4400] < 0.4 and ducked[0, 3000] > 0.99 and ducked[1, 15000] > 0.99


def test_saturation_keeps_the_peak_and_adds_harmonics():
    tone = 0.3 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE).astype(np.float32)
    driven = mixing.saturate(tone, 12)
    spectrum = np.abs(np.fft.rfft(driven))
    assert abs(np.abs(driven).max() - 0.3) < 1e-3 and spectrum[1500] > 0.1 * spectrum[500]


def test_codec_without_loss_is_identity_and_with_loss_cuts_highs_and_digs_holes():
    wave = np.random.default_rng(0).standard_normal(RATE + 123).astype(np.float32)
    assert np.allclose(mixing.codec_loss(wave, RATE, 9000, 300, 0), wave, atol=1e-4)
    lossy = mixing.codec_loss(wave, RATE, 5000, 20, 3.0)
    spectrum = np.abs(np.fft.rfft(lossy))[: len(lossy) // 2]
    hz = np.arange(len(spectrum)) * RATE / len(lossy)
    assert spectrum[hz > 5300].mean() < 0.01 * spectrum[hz < 4500].mean()
    assert lossy.shape == wave.shape
    assert 0.3 < np.corrcoef(lossy, mixing.pass_band(wave, RATE, None, 5000))[0, 1] < 0.999


def test_amplified_chords_distort_as_one():
    time_s = np.arange(16_000) / 16_000
    fifth = (np.sin(2 * np.pi * 400 * time_s) + np.sin(2 * np.pi * 600 * time_s)).astype(np.float32)
    level_db = lambda wave, hz: 20 * np.log10(np.abs(np.fft.rfft(wave)[hz]) / 8_000 + 1e-9)  # noqa: E731
    loud = mixing.amplifier(fifth, 16_000, 24.0, 6_000.0)
    assert level_db(fifth, 200) < -80 and level_db(loud, 200) > -30  # the difference tone
    assert level_db(loud, 1_000) > -30
    assert not mixing.amplifier(np.zeros(100, np.float32), 16_000, 24.0, 6_000.0).any()


def test_drift_swings_the_pitch_and_hardly_moves_time():
    time_s = np.arange(4 * 16_000) / 16_000
    tone = np.sin(2 * np.pi * 1_000 * time_s).astype(np.float32)
    drifted = mixing.drift_pitch(tone, 16_000, 10.0, 0.5)
    phase = np.unwrap(np.angle(signal.hilbert(drifted)))[800:-800]
    hz = np.diff(phase) * 16_000 / (2 * np.pi)
    cents = 1_200 * np.log2(np.convolve(hz, np.ones(400) / 400, "valid") / 1_000)
    assert len(drifted) == len(tone)
    assert cents.max() == pytest.approx(10, abs=1) and cents.min() == pytest.approx(-10, abs=1)
    assert (
        np.abs(
            phase / (2 * np.pi * 1_000)
            - time_s[800:-800]
            - phase[0] / (2 * np.pi * 1_000)
            + time_s[800]
        ).max()
        < 0.005
    )


def test_room_microphones_add_a_tail_of_the_given_level():
    click = np.zeros(16_000, np.float32)
    click[4_000] = 1.0
    tails = [
        np.square(mixing.room_microphones(click, 16_000, 0.5, level, 4.0, 3)[5_000:8_000]).sum()
        for level in (-20.0, 0.0)
    ]
    assert 10 * np.log10(tails[1] / tails[0]) == pytest.approx(20, abs=0.5)
    assert mixing.room_microphones(np.stack([click, click]), 16_000, 0.5, -6.0, 4.0, 3).shape == (
        2,
        16_000,
    )
