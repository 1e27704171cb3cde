"""Decoding, resampling, features, chunks and levels: what later modules lean on."""

import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import get_window

from kcarol.audio import decoding as audio
from kcarol.audio import loudness
from kcarol.audio.decoding import AudioError, load_audio, record_audio, save_audio, stream_audio
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.features import (
    Features,
    LogMel,
    chunk_spans,
    joined,
    loudness_curve,
    mel_edges_hz,
    mel_filters,
    overlap_add,
)
from kcarol.audio.loudness import limit, loudness_lufs, match_loudness
from kcarol.config import AudioConfig
from kcarol.notebook.project_figures import features as spectral

CFG = AudioConfig()
FORMATS = {
    "wav": [],
    "mp3": [],
    "flac": [],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus"],
    "m4a": ["-c:a", "aac"],
    "aac": ["-c:a", "aac"],
    "wma": ["-c:a", "wmav2"],
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def sine(hz, seconds=1.0, rate=16_000, amplitude=0.3):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def chord(seconds=2.0, rate=44_100):
    return sum(sine(hz, seconds, rate, 0.1) for hz in (262, 330, 392, 1047))


def encode(source: Path, target: Path, *options: str) -> Path:
    command = [audio.find_ffmpeg(), "-y", "-v", "error", "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return target


@pytest.fixture(scope="module")
def stereo_wav(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "chord.wav"
    soundfile.write(path, np.stack([chord(), 0.5 * chord()], axis=1), 44_100)
    return path


# ---- decoding


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_mono_sound(suffix, stereo_wav, tmp_path):
    wave = load_audio(encode(stereo_wav, tmp_path / f"a.{suffix}", *FORMATS[suffix]))
    expected = librosa.resample(
        0.75 * chord(), orig_sr=44_100, target_sr=16_000, res_type="soxr_hq"
    )
    assert wave.dtype == np.float32 and wave.ndim == 1
    # raw AAC and WMA keep the padding of their last and first frames
    assert abs(len(wave) - 32_000) <= 2_100
    spectrum, reference = (
        np.abs(np.fft.rfft(get_window("hann", 24_000) * w[4_000:28_000])) for w in (wave, expected)
    )
    assert np.corrcoef(spectrum, reference)[0, 1] > 0.99
    assert np.abs(spectrum).sum() == pytest.approx(reference.sum(), rel=0.15)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus", "m4a"])
def test_pydub_and_the_pipe_decode_the_same(suffix, stereo_wav, tmp_path, monkeypatch):
    path = encode(stereo_wav, tmp_path / f"a.{suffix}", *FORMATS[suffix])
    calls = []
    decode = audio._decode_with_pydub
    monkeypatch.setattr(audio, "_decode_with_pydub", lambda *a: calls.append(a) or decode(*a))
    whole, piped = load_audio(path), np.concatenate(list(stream_audio(path)))
    assert len(calls) == 1 and len(whole) == len(piped)
    assert np.abs(whole - piped).max() < 1e-4  # pydub holds 16 bits


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg"])
def test_a_span_is_the_same_part_of_the_whole(suffix, stereo_wav, tmp_path):
    path = encode(stereo_wav, tmp_path / f"a.{suffix}", *FORMATS[suffix])
    whole, part = load_audio(path), load_audio(path, start_s=0.5, duration_s=1.0)
    assert len(part) == 16_000
    assert np.abs(part[200:-200] - whole[8_200:23_800]).max() < 1e-3


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_chunked_resampling_equals_one_piece(rate, tmp_path):
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * rate + 17).astype(np.float32)
    soundfile.write(path, noise, rate, subtype="FLOAT")
    chunks = list(stream_audio(path, chunk_s=0.13))
    whole = librosa.resample(noise, orig_sr=rate, target_sr=16_000, res_type="soxr_hq")
    joined = np.concatenate(chunks)
    assert len(chunks) > 10 and len(joined) == len(whole)
    assert np.abs(joined - whole)[100:-100].max() < 1e-4


def test_resampling_removes_what_the_new_rate_cannot_hold(tmp_path):
    soundfile.write(tmp_path / "high.wav", sine(11_000, rate=44_100), 44_100)
    assert np.abs(load_audio(tmp_path / "high.wav")[500:-500]).max() < 1e-3


def test_out_of_phase_stereo_does_not_vanish(tmp_path):
    left = sine(440, rate=16_000)
    soundfile.write(tmp_path / "x.wav", np.stack([left, -left], axis=1), 16_000, subtype="FLOAT")
    assert np.allclose(load_audio(tmp_path / "x.wav"), left, atol=1e-6)


def test_silent_stereo_and_hard_panned_stereo_are_averaged():
    left = sine(440)
    assert np.allclose(audio.MonoMix()(np.stack([left, 0 * left], 1)), left / 2)
    assert not audio.MonoMix()(np.zeros((100, 2), np.float32)).any()


def test_six_channels_become_one(tmp_path):
    soundfile.write(tmp_path / "x.flac", np.stack([sine(440)] * 6, axis=1), 16_000)
    assert np.allclose(load_audio(tmp_path / "x.flac"), sine(440), atol=1e-4)


def test_names_that_look_like_options_or_protocols_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-y.wav", "a:b.wav", "캐럴 %d.wav"):
        soundfile.write(tmp_path / name, sine(440, 0.1), 16_000)
        assert len(load_audio(name)) == 1_600


def test_loading_leaves_the_settings_of_pydub_alone(stereo_wav, tmp_path):
    load_audio(encode(stereo_wav, tmp_path / "a.mp3"))
    from pydub import AudioSegment

    assert AudioSegment.converter != audio.find_ffmpeg()


def test_a_stream_left_early_leaves_no_ffmpeg_behind(stereo_wav, monkeypatch):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1]
    )
    stream = stream_audio(stereo_wav, chunk_s=0.1)
    next(stream)
    stream.close()
    assert len(started) == 1 and started[0].poll() is not None


# ---- errors: one line with the file, what was expected, what was found


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text and "expected" in text
    return text


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg"])
@pytest.mark.parametrize("content", [b"", b"this is no sound at all " * 100])
def test_what_is_no_sound_is_named(suffix, content, tmp_path):
    path = tmp_path / f"bad.{suffix}"
    path.write_bytes(content)
    with pytest.raises(AudioError) as error:
        load_audio(path)
    assert "bad." in one_line(error)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path, found in ((tmp_path / "none.mp3", "nothing"), (tmp_path, "a folder")):
        with pytest.raises(AudioError) as error:
            load_audio(path)
        assert found in one_line(error)


def test_a_file_without_samples_is_named(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with pytest.raises(AudioError) as error:
        load_audio(tmp_path / "empty.wav")
    assert "empty.wav" in one_line(error)


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_a_start_behind_the_end_is_named(suffix, stereo_wav, tmp_path):
    path = encode(stereo_wav, tmp_path / f"a.{suffix}")
    with pytest.raises(AudioError) as error:
        load_audio(path, start_s=100, duration_s=5)
    assert "100 s" in one_line(error)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_named(bad, tmp_path):
    wave = sine(440)
    wave[5_000] = bad
    soundfile.write(tmp_path / "bad.wav", wave, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError) as error:
        load_audio(tmp_path / "bad.wav")
    assert "NaN" in one_line(error)
    with pytest.raises(AudioError):
        save_audio(tmp_path / "out.wav", wave)
    assert not (tmp_path / "out.wav").exists()


# ---- saving


@pytest.mark.parametrize(
    "suffix, tolerance", [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.05), ("mp3", 0.05)]
)
def test_saved_sound_comes_back_as_long_as_it_was(suffix, tolerance, tmp_path):
    # some noise: ffmpeg (9.0) gets the end of Ogg files of a single page wrong by some hundred
    # samples
    wave = sine(440, 2.0)[:31_777] + np.random.default_rng(0).normal(0, 0.01, 31_777).astype(
        np.float32
    )
    path = save_audio(tmp_path / "new" / f"out.{suffix.upper()}", wave, 16_000)
    back = load_audio(path)
    assert len(back) == len(wave) and np.abs(back - wave)[2_000:-2_000].max() < tolerance
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_stereo_is_saved_and_peaks_are_clipped(tmp_path):
    path = save_audio(tmp_path / "a.wav", np.stack([9 * sine(440), sine(440)], 1), 44_100)
    sound, rate = soundfile.read(path)
    assert rate == 44_100 and sound.shape == (16_000, 2) and 0.999 < sound.max() <= 1


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_a_tape_is_saved_and_recorded_as_an_array_is(suffix, tmp_path):
    wave = sine(440, 9.0) + np.random.default_rng(0).normal(0, 0.3, 144_000).astype(np.float32)
    with DiskBuffer(len(wave)) as buffer, DiskBuffer() as recorded:
        buffer[:] = wave
        paths = [
            save_audio(tmp_path / f"{name}.{suffix}", sound)
            for name, sound in (("array", wave), ("tape", buffer))
        ]
        record_audio(paths[1], recorded)
        assert np.array_equal(load_audio(paths[0]), recorded[:])


def test_long_ogg_is_written(tmp_path):
    path = save_audio(tmp_path / "a.ogg", np.zeros(16_000 * 240, np.float32))
    assert soundfile.info(path).frames == 16_000 * 240


@pytest.mark.parametrize(
    "name, shape", [("a.xyz", 10), ("a", 10), ("a.wav", 0), ("a.wav", (2, 3, 4))]
)
def test_what_cannot_be_saved_is_refused(name, shape, tmp_path):
    with pytest.raises(AudioError, match="expected"):
        save_audio(tmp_path / name, np.zeros(shape))
    assert not list(tmp_path.iterdir())


def test_a_failed_save_keeps_the_file_that_was_there(tmp_path):
    path = save_audio(tmp_path / "a.mp3", sine(440))
    before = path.read_bytes()
    with pytest.raises(AudioError, match="a.mp3"):
        save_audio(path, sine(440), sample_rate=12_345)  # no rate of MP3
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


# ---- features


@settings(max_examples=30, deadline=None)
@given(n_samples=st.integers(1, 9_000))
def test_frames_follow_the_law_at_any_length(n_samples):
    wave = torch.rand(n_samples) - 0.5
    n_frames = 1 + n_samples // CFG.hop_length
    assert LogMel(CFG)(wave).shape == (n_frames, CFG.n_mels)
    assert Features(CFG)(wave).shape == (n_frames, CFG.n_features)
    assert loudness_curve(wave, CFG.hop_length).shape == (n_frames,)


def test_log_mel_is_librosas_stft_under_the_filters():
    wave = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    magnitude = np.abs(
        librosa.stft(wave, n_fft=CFG.n_fft, hop_length=CFG.hop_length, pad_mode="constant")
    )
    expected = np.log(np.maximum(mel_filters(CFG).numpy().T @ magnitude, CFG.log_floor)).T
    assert np.abs(LogMel(CFG)(torch.from_numpy(wave)).numpy() - expected).max() < 1e-3


def test_mel_bands_are_one_bin_apart_below_and_in_equal_ratios_above():
    hz, n = mel_edges_hz(CFG), CFG.n_linear_bands
    assert len(hz) == CFG.n_mels + 2
    assert (
        abs(hz[0] - CFG.f_min_hz) < CFG.sample_rate / CFG.n_fft
        and abs(hz[-1] - CFG.f_max_hz) < 1e-6
    )
    assert torch.allclose(
        hz[: n + 1].diff(), torch.tensor(CFG.sample_rate / CFG.n_fft, dtype=hz.dtype)
    )
    ratios = hz[n + 1 :] / hz[n:-1]
    assert torch.allclose(ratios, ratios[:1]) and 1 < ratios[0] < 2 ** (1 / 12)


def test_a_mel_band_is_a_mean_magnitude():
    area = mel_filters(CFG).sum(0) * CFG.sample_rate / CFG.n_fft
    assert (area - 1).abs().max() < 0.2  # triangles a few bins wide are sampled coarsely


@pytest.mark.parametrize("midi", range(50, 90, 3))
def test_neighbouring_semitones_lie_in_different_mel_bands(midi):
    t = np.arange(16_000) / 16_000
    tones = [
        np.sin(2 * np.pi * 440 * 2 ** ((m - 69) / 12) * t).astype(np.float32)
        for m in (midi, midi + 1)
    ]
    mels = [LogMel(CFG)(torch.from_numpy(tone))[30] for tone in tones]
    assert mels[0].argmax() != mels[1].argmax()


def test_silence_gives_the_floor_and_quiet_features():
    wave = torch.zeros(5_000)
    assert torch.allclose(LogMel(CFG)(wave), torch.tensor(CFG.log_floor).log())
    features = Features(CFG)(wave)
    assert features.isfinite().all() and not features[:, : CFG.n_pitch_bands + CFG.n_flux].any()
    assert (features[:, -1] == -3).all()


@pytest.mark.parametrize("midi", [33, 45.5, 60, 84, 96.5, 108])
def test_the_strongest_band_is_the_pitch(midi):
    wave = torch.from_numpy(sine(440 * 2 ** ((midi - 69) / 12)))
    band = Features(CFG)(wave)[30, : CFG.n_pitch_bands].argmax()
    assert CFG.lowest_midi + band / CFG.bands_per_semitone == midi


def test_a_sine_has_its_amplitude_in_every_band():
    module = Features(CFG)
    for band in range(0, CFG.n_pitch_bands, 10):
        hz = 440 * 2 ** ((CFG.lowest_midi + band / CFG.bands_per_semitone - 69) / 12)
        spectrum = next(
            spectral.spectrum_blocks(torch.from_numpy(sine(hz))[None], module.long_window, 256)
        )
        level = (spectrum.abs().square() @ module.pitch_filters).sqrt()[0, 30, band]
        assert level == pytest.approx(0.3, rel=0.01)


def test_features_do_not_depend_on_level():
    wave = 0.1 * torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(Features(CFG)(wave), Features(CFG)(0.05 * wave), atol=1e-3)


def test_whitened_bands_stay_within_the_clip_and_lose_most_of_a_tilt():
    noise = np.random.default_rng(0).standard_normal(32_000)
    dull = np.convolve(noise, [0.6, 0.4], "same")
    module, n = Features(CFG), CFG.n_pitch_bands
    bright, dull = (
        module(torch.from_numpy(x.astype(np.float32)))[20:-20, :n] for x in (noise, dull)
    )
    assert bright.min() >= CFG.whiten_clip[0] and bright.max() <= CFG.whiten_clip[1]
    assert np.corrcoef(bright.flatten(), dull.flatten())[0, 1] > 0.9


def test_whitening_takes_the_neighbours_that_are_there():
    bands = torch.rand(3, 40, generator=torch.Generator().manual_seed(0))
    for k in (0, 3, 20, 39):
        near = bands[:, max(0, k - 5) : k + 6]
        deviation = near.std(dim=1, correction=0) + spectral.DEVIATION_FLOOR
        assert torch.allclose(
            spectral.whiten(bands, 5)[:, k], (bands[:, k] - near.mean(1)) / deviation, atol=1e-4
        )


def test_flux_rises_at_a_stroke_only():
    wave = torch.from_numpy(np.concatenate([np.zeros(8_000, np.float32), sine(500, 1.5)]))
    flux = Features(CFG)(wave)[:, CFG.n_pitch_bands : CFG.n_pitch_bands + CFG.n_flux].sum(1)
    assert abs(int(flux.argmax()) - 8_000 // 256) <= 2
    assert flux[40:-10].max() < 0.05 * flux.max()


def test_the_loudness_curve_gives_the_rms_of_a_sine():
    wave = torch.from_numpy(np.concatenate([sine(500, 1), 0.1 * sine(500, 1)]))
    curve = loudness_curve(wave, 256)
    expected = 20 * np.log10(0.3 / np.sqrt(2))
    assert curve[30] == pytest.approx(expected, abs=0.05) and curve[90] == pytest.approx(
        expected - 20, abs=0.05
    )


@pytest.mark.parametrize("module", [LogMel(CFG), Features(CFG)], ids=["mel", "features"])
def test_batches_equal_single_waves_and_any_leading_shape(module):
    waves = torch.randn(2, 3, 7_001, generator=torch.Generator().manual_seed(0))
    batch = module(waves)
    assert batch.shape[:3] == (2, 3, 28)
    assert torch.allclose(batch[1, 2], module(waves[1, 2]), atol=1e-4)


@pytest.mark.parametrize("module", [LogMel(CFG), Features(CFG)], ids=["mel", "features"])
def test_block_size_does_not_change_the_frames(module, monkeypatch):
    wave = torch.randn(30_000, generator=torch.Generator().manual_seed(0))
    whole = module(wave)
    monkeypatch.setattr(spectral, "BLOCK_SAMPLES", 7 * CFG.n_fft)
    assert torch.allclose(module(wave), whole, atol=1e-5)


@pytest.mark.parametrize("module", [LogMel(CFG), Features(CFG)], ids=["mel", "features"])
def test_features_stay_float32_under_autocast(module):
    wave = torch.randn(4_000, generator=torch.Generator().manual_seed(0))
    expected = module(wave)
    with torch.autocast("cpu", torch.bfloat16):
        found = module(wave)
    assert found.dtype == torch.float32 and torch.equal(found, expected)


def test_gradients_through_the_log_mel_are_finite():
    wave = torch.zeros(3_000)
    wave[:1_000] = torch.randn(1_000, generator=torch.Generator().manual_seed(0))
    wave.requires_grad_()
    LogMel(CFG)(wave).sum().backward()
    assert wave.grad.isfinite().all() and wave.grad[:1_000].abs().sum() > 0


def test_an_empty_wave_is_refused():
    for module in (LogMel(CFG), Features(CFG)):
        with pytest.raises(ValueError, match="T >= 1"):
            module(torch.zeros(2, 0))


def test_modules_add_nothing_to_checkpoints():
    assert not LogMel(CFG).state_dict() and not Features(CFG).state_dict()


def test_spectral_needs_no_decoder():
    code = "import sys, kcarol.audio.features; print(sorted({'librosa', 'pydub', 'soundfile', 'soxr'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.stdout.strip() == "[]", done.stderr


# ---- chunks


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 300), size=st.integers(1, 80), share=st.floats(0, 0.99))
def test_overlap_add_of_unchanged_chunks_is_identity(n, size, share):
    frames = torch.arange(2 * n * 3, dtype=torch.float32).reshape(2, n, 3) / n
    spans = chunk_spans(n, size, int(share * size))
    whole = overlap_add([frames[:, a:b] for a, b in spans], spans, n)
    assert torch.allclose(whole, frames, rtol=1e-5, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 300), size=st.integers(1, 80), share=st.floats(0, 0.99))
def test_chunks_are_joined_as_soon_as_no_further_one_reaches(n, size, share):
    frames, spans, asked = torch.randn(n, 3), chunk_spans(n, size, int(share * size)), []

    def chunks():
        for start, stop in spans:
            asked.append(start)
            yield frames[start:stop]

    begin = 0
    for start, rows in joined(chunks(), spans, n):
        begin += len(rows)
        assert start == begin - len(rows) and torch.allclose(rows, frames[start:begin], atol=1e-5)
        assert begin == (spans[len(asked)][0] if len(asked) < len(spans) else n)
    assert begin == n


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 300), size=st.integers(1, 80), share=st.floats(0, 0.99))
def test_spans_cover_all_and_overlap_enough(n, size, share):
    overlap = int(share * size)
    spans = chunk_spans(n, size, overlap)
    assert spans[0][0] == 0 and spans[-1][1] == n and all(b - a == min(size, n) for a, b in spans)
    assert all(
        left[1] - right[0] >= overlap and left[0] < right[0]
        for left, right in zip(spans, spans[1:], strict=False)
    )


def test_cross_fades_are_linear():
    spans = [(0, 10), (6, 16)]
    whole = overlap_add([torch.zeros(10, 1), torch.ones(10, 1)], spans, 16)[:, 0]
    assert torch.allclose(whole[5:11], torch.tensor([0, 0.2, 0.4, 0.6, 0.8, 1]))


def test_spans_and_chunks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="overlap < size"):
        chunk_spans(10, 4, 4)
    with pytest.raises(ValueError, match="per span"):
        overlap_add([torch.zeros(3, 1)], [], 3)
    with pytest.raises(ValueError, match="expected 3 frames"):
        overlap_add([torch.zeros(2, 1)], [(0, 3)], 3)
    with pytest.raises(ValueError, match="frame 3 has none"):
        overlap_add([torch.zeros(3, 1)], [(0, 3)], 4)


# ---- levels


def test_loudness_is_matched_and_the_peak_stays_below_one():
    rng = np.random.default_rng(0)
    soft, loud = 0.01 * rng.standard_normal((2, 32_000)).astype(np.float32) * [[1], [8]]
    matched = match_loudness(soft, loud)
    assert audio.loudness_lufs(matched) == pytest.approx(audio.loudness_lufs(loud), abs=0.1)
    spiky = np.zeros(32_000, np.float32)
    spiky[::4_000] = 0.5
    assert np.abs(match_loudness(spiky, loud)).max() <= 1
    assert matched.dtype == np.float32


def test_short_sounds_are_matched_by_rms_and_silence_stays():
    short = match_loudness(sine(440, 0.1, amplitude=0.1), sine(880, 0.2, amplitude=0.4))
    assert audio.loudness_db(short) == pytest.approx(
        audio.loudness_db(sine(880, 0.2, amplitude=0.4)), abs=0.05
    )
    assert not match_loudness(np.zeros(16_000, np.float32), sine(440)).any()
    assert np.allclose(match_loudness(sine(440), np.zeros(16_000, np.float32)), sine(440))


def test_matching_loudness_leaves_the_process_as_it_was():
    before = torch.backends.mkldnn.enabled
    match_loudness(sine(440), sine(880))
    assert torch.backends.mkldnn.enabled == before


def test_loudness_in_pieces_is_that_of_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    wave = (
        0.1
        * rng.standard_normal(16_000 * 12).astype(np.float32)
        * np.repeat([1, 0.5, 0.01, 1], 48_000)
    )
    whole = audio.loudness_lufs(wave)
    monkeypatch.setattr(loudness, "LUFS_PIECE_S", 2.0)
    assert audio.loudness_lufs(wave) == pytest.approx(whole, abs=0.5)


def test_loudness_of_a_full_scale_sine_is_minus_three_db():
    assert audio.loudness_db(sine(1_000, amplitude=1.0)) == pytest.approx(-3.01, abs=0.01)
    assert audio.loudness_db(np.zeros(100, np.float32)) == -120
    # BS.1770-4
    assert audio.loudness_lufs(sine(997, 2, amplitude=1.0)) == pytest.approx(-3.01, abs=0.3)


@pytest.mark.parametrize(
    "rate, seconds",
    [(16_000, 0.4), (16_000, 0.44), (16_000, 9.97), (11_025, 7), (44_100, 3), (192_000, 1)],
)
def test_loudness_is_that_of_an_independent_meter(rate, seconds):
    import pyloudnorm

    rng = np.random.default_rng(0)
    wave = np.cumsum(rng.normal(0, 0.02, round(rate * seconds))) * np.exp(
        -0.3 * np.arange(round(rate * seconds)) / rate
    )
    wave = (0.1 + wave + rng.normal(0, 0.02, len(wave))).astype(np.float32)
    assert loudness_lufs(wave, rate) == pytest.approx(
        pyloudnorm.Meter(rate).integrated_loudness(wave.astype(float)), abs=0.05
    )


def test_loudness_gates_pauses_out():
    tone, pause = 0.3 * sine(440, 4.0), 1e-3 * sine(440, 8.0)
    assert loudness_lufs(np.concatenate([tone, pause])) == pytest.approx(
        loudness_lufs(tone), abs=0.3
    )


def test_limiting_leaves_what_is_within_full_scale_and_bounds_the_rest():
    rng = np.random.default_rng(0)
    quiet = (0.5 * rng.uniform(-1, 1, 40_000)).astype(np.float32)
    np.testing.assert_array_equal(limit(quiet.copy()), quiet)
    loud = quiet.copy()
    loud[20_000] = 2.5
    limited = limit(loud.copy())
    assert np.abs(limited).max() <= 1
    far = np.r_[0:19_800, 20_200:40_000]
    np.testing.assert_array_equal(limited[far], loud[far])
    assert limited[20_000] > 0.9  # no more than needed


def test_limiting_is_the_same_across_the_pieces_of_a_long_wave(monkeypatch):
    wave = np.random.default_rng(1).normal(0, 0.5, 50_000).astype(np.float32)
    whole = limit(wave.copy())
    monkeypatch.setattr(loudness, "LIMITED_S", 100.0)
    np.testing.assert_allclose(limit(wave.copy()), whole, atol=1e-5)


def test_a_sound_of_high_peaks_reaches_the_loudness_of_a_dense_one():
    time_s = np.arange(5 * 16_000) / 16_000
    struck = (np.sin(2 * np.pi * 440 * time_s) * np.exp(-6 * (time_s % 0.5))).astype(np.float32)
    dense = (0.5 * np.sign(np.sin(2 * np.pi * 200 * time_s))).astype(np.float32)
    matched = match_loudness(0.1 * struck, dense)
    assert np.abs(matched).max() <= 1
    assert abs(loudness_lufs(matched) - loudness_lufs(dense)) < 4
