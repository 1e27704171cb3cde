"""Whatever lies on a disk becomes a carol, or one clear line: no traceback, no hang, no half file,
no endless memory.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import hostile
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kcarol.audio import decoding
from kcarol.audio.decoding import load_audio
from kcarol.audio.files import AudioError, printable
from kcarol.audio.reading import ffmpeg
from kcarol.cli import main as cli
from kcarol.config import AudioConfig
from kcarol.conversion.api import KEPT_RATES, convert
from kcarol.conversion.converter import Converter

pytestmark = pytest.mark.usefixtures("one_thread")
RATE = AudioConfig().sample_rate
MOST_S = 20.0  # for a case of less than a second of sound, on a busy machine
PADDING_S = 0.15  # that MP3, AAC and WMA add at their ends
LEAST_CASES = 500


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "bases"
    folder.mkdir()
    return folder, hostile.base_files(folder)


@pytest.fixture(scope="module")
def converter(weights):
    return Converter.load(weights, "cpu")


def wrong(case: hostile.Case, carol: Path, converter: Converter) -> str:
    """What is wrong about the conversion of a case; empty if nothing is."""
    regular = os.path.isfile(case.path) and not os.path.realpath(case.path).startswith(
        ("/proc", "/dev")
    )
    before, begin = case.path.read_bytes() if regular else b"", time.monotonic()
    try:
        convert(case.path, carol, converter=converter)
        came = hostile.SOUND
    except (AudioError, RuntimeError) as error:  # RuntimeError: of pathlib, for links in a circle
        came = hostile.ERROR
        if printable(case.path) not in str(error) or not str(error).isprintable():
            return f"the message does not name it in one line: {str(error)!r}"
    took = time.monotonic() - begin
    if case.expected not in (came, hostile.EITHER):
        return f"expected {case.expected}, found {came}"
    if took > MOST_S:
        return f"{took:.1f} s"
    if regular and case.path.read_bytes() != before:
        return "the input was written to"
    if came == hostile.ERROR:
        return "a carol was left" if carol.exists() else ""
    return _wrong_sound(case, carol)


def _wrong_sound(case: hostile.Case, carol: Path) -> str:
    sound, rate = soundfile.read(carol, dtype="float32")
    if rate not in KEPT_RATES or not np.isfinite(sound).all() or not len(sound):
        return f"{len(sound)} samples at {rate} Hz, finite: {np.isfinite(sound).all()}"
    found_s = len(sound) / rate
    if case.seconds is None or abs(found_s - case.seconds) <= PADDING_S:
        return ""
    return f"{found_s:.2f} s, expected {case.seconds:.2f}"


def wrongs(cases: list[hostile.Case], folder: Path, converter: Converter) -> list[str]:
    found = [
        (case.path.name, wrong(case, folder / f"{number}.wav", converter))
        for number, case in enumerate(cases)
    ]
    return [f"{name!r}: {text}" for name, text in found if text] + [
        name for name in os.listdir(folder) if name.endswith(".tmp")
    ]


@pytest.fixture
def short_limit(monkeypatch):
    """A flipped bit makes hours of a second: they are refused soon."""
    monkeypatch.setattr(decoding, "LONGEST_S", 60.0)
    monkeypatch.setattr(decoding, "LONGEST_ON_DISK_S", 60.0)


def test_some_of_each_kind_become_a_carol_of_their_length_or_one_line_that_names_them(
    bases, converter, tmp_path, short_limit
):
    (tmp_path / "bases").symlink_to(bases[0])
    (tmp_path / "out").mkdir()
    made = {
        group: hostile.make(group, tmp_path, bases[1])
        for group in hostile.GROUPS
        if group not in ("encodings", "films")
    }
    assert sum(map(len, made.values())) >= LEAST_CASES - 75
    some = [case for cases in made.values() for case in cases[:: 1 + len(cases) // 6]]
    assert not (found := wrongs(some, tmp_path / "out", converter)), "\n".join(found)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_cases_become_a_carol_of_their_length_or_one_line_that_names_them(
    bases, converter, tmp_path, short_limit
):
    (tmp_path / "bases").symlink_to(bases[0])
    (tmp_path / "out").mkdir()
    cases = [case for group in hostile.GROUPS for case in hostile.make(group, tmp_path, bases[1])]
    begin = time.monotonic()
    assert not (found := wrongs(cases, tmp_path / "out", converter)), "\n".join(found)
    carols = len(list((tmp_path / "out").glob("*.wav")))
    print(
        f"{len(cases)} cases in {time.monotonic() - begin:.0f} s: {carols} carols, "
        f"{len(cases) - carols} refused in one line"
    )
    assert len(cases) >= LEAST_CASES


def damaged(draw, data: bytes) -> bytes:
    """Up to eight pieces written over, most of them in the header, and perhaps the end cut off."""
    whole = bytearray(data)
    for _ in range(draw(st.integers(0, 8))):
        place = draw(st.one_of(st.integers(0, 150), st.integers(0, len(whole) - 1)))
        piece = draw(st.binary(min_size=1, max_size=8))
        whole[place : place + len(piece)] = piece
    return bytes(whole[: draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))])


def check_damaged(kind, data, folder, fuzzed: Path):
    path = fuzzed / f"fuzz.{kind}"
    path.write_bytes(damaged(data.draw, folder[1][kind]))
    try:
        wave = load_audio(path)
    except AudioError as error:
        assert str(error).startswith(str(path)) and str(error).isprintable()
    else:
        assert wave.dtype == np.float32 and wave.ndim == 1 and len(wave) and np.isfinite(wave).all()


FUZZ = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
KINDS = st.sampled_from(list(hostile.BASES))


@settings(max_examples=25, derandomize=True, **FUZZ)
@given(kind=KINDS, data=st.data())
def test_damaged_bytes_give_finite_sound_or_an_audio_error(
    kind, data, bases, tmp_path, short_limit
):
    check_damaged(kind, data, bases, tmp_path)


@pytest.mark.slow
@settings(max_examples=400, **FUZZ)
@given(kind=KINDS, data=st.data())
def test_much_damage_gives_finite_sound_or_an_audio_error(kind, data, bases, tmp_path, short_limit):
    check_damaged(kind, data, bases, tmp_path)


def test_out_of_phase_stereo_becomes_a_carol_that_sounds(converter, tmp_path):
    left = hostile.music(1.0, RATE, 1)
    soundfile.write(tmp_path / "x.wav", np.concatenate([left, -left], axis=1), RATE, "FLOAT")
    carol, _ = soundfile.read(convert(tmp_path / "x.wav", tmp_path / "y.wav", converter=converter))
    assert np.abs(carol).max() > 1e-3


# ---- what could take for ever


def test_a_small_file_that_expands_to_hours_is_refused_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "LONGEST_S", 900.0)
    path = tmp_path / "slow.wav"
    path.write_bytes(hostile.wav(bytes(2 * 100_000), rate=1))  # 200 kB, 28 hours
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AudioError, match="at most 0.25 h.*found more"):
        load_audio(path)
    # KiB; what is allowed is 58 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024


def test_a_small_file_that_expands_to_hours_is_no_song_and_leaves_nothing(
    converter, tmp_path, monkeypatch
):
    monkeypatch.setattr(decoding, "LONGEST_ON_DISK_S", 900.0)
    (tmp_path / "slow.wav").write_bytes(hostile.wav(bytes(2 * 100_000), rate=1))
    with pytest.raises(AudioError, match="at most 0.25 h.*found more"):
        convert(tmp_path / "slow.wav", converter=converter)
    assert os.listdir(tmp_path) == ["slow.wav"]


def test_an_mp3_that_says_it_is_short_is_read_to_its_end(tmp_path):
    source, path = tmp_path / "long.wav", tmp_path / "long.mp3"
    soundfile.write(source, hostile.music(75.0, RATE, 1), RATE)
    data = bytearray(hostile.encode(source, path, "-b:a", "48k").read_bytes())
    place = data.index(b"Xing") if b"Xing" in data else data.index(b"Info")
    data[place + 8 : place + 12] = (10).to_bytes(4, "big")  # frames: a quarter of a second
    path.write_bytes(data)
    assert ffmpeg.probe(path).duration_s < 1
    assert 74 < len(load_audio(path)) / RATE < 76


def test_play_lists_open_no_other_file(tmp_path, bases):
    (tmp_path / "other.mp3").write_bytes(bases[1]["mp3"])
    for kind in ("hls", "concat"):
        path = tmp_path / f"{kind}.m3u8"  # the ending that ffmpeg trusts
        path.write_bytes(hostile.FOREIGN[kind])
        with pytest.raises(AudioError, match="another kind of file"):
            load_audio(path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="root may become somebody who may not read",
)
def test_a_file_that_may_not_be_read_is_named_with_the_way_out(tmp_path, bases):
    path = tmp_path / "secret.mp3"
    path.write_bytes(bases[1]["mp3"])
    path.chmod(0)
    code = (
        "import os; from kcarol.audio.decoding import load_audio;"
        f"os.setuid(65534); load_audio({str(path)!r})"
    )
    for place in [tmp_path, *tmp_path.parents][:4]:  # with the folder of an xdist worker
        place.chmod(place.stat().st_mode | 0o055)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "AudioError" in done.stderr and "chmod +r" in done.stderr


def test_a_file_that_vanishes_while_it_is_looked_at_is_named(tmp_path, bases, monkeypatch):
    path = tmp_path / "gone.flac"
    path.write_bytes(bases[1]["flac"])
    probe = ffmpeg.probe
    monkeypatch.setattr(decoding, "probe", lambda file: (probe(file), file.unlink())[0])
    with pytest.raises(AudioError, match="gone.flac"):
        load_audio(path)


# ---- through the command line


def run(argv, capsys) -> tuple[int, list[str], list[str]]:
    status = cli.main([str(word) for word in argv])
    said = capsys.readouterr()
    return status, said.out.splitlines(), said.err.splitlines()


@pytest.mark.parametrize(
    "group", ["bad_names", "file_systems", pytest.param("names", marks=pytest.mark.slow)]
)
def test_the_command_line_says_one_line_for_each_bad_file_and_converts_the_others(
    group, bases, weights, tmp_path, capsys
):
    (tmp_path / "bases").symlink_to(bases[0])
    cases = hostile.make(group, tmp_path, bases[1])
    out = tmp_path / "out"
    status, printed, complaints = run(
        [
            "convert",
            "--weights",
            weights,
            "--device",
            "cpu",
            "-o",
            out,
            "--",
            *(case.path for case in cases),
        ],
        capsys,
    )
    good = [case for case in cases if case.expected == hostile.SOUND]
    bad = [case for case in cases if case.expected == hostile.ERROR]
    assert status == (cli.FAILED if bad else 0)
    assert len(printed) == len(good) == len(list(out.glob("*.carol.wav")) if out.exists() else [])
    assert len(complaints) == len(bad) + bool(bad) and all(
        line.startswith("kcarol: ") for line in complaints
    )
    for case in bad:
        assert sum(printable(case.path) in line for line in complaints) >= 1, case.path
    assert all(line.isprintable() for line in printed + complaints)
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_huge_title_is_no_hindrance_and_a_title_of_control_characters_is_not_shown(
    bases, tmp_path
):
    path = hostile.encode(
        bases[0] / "base.mp3",
        tmp_path / "t.mp3",
        "-c",
        "copy",
        "-metadata",
        "title=" + "\x1b[2J" * 30_000,
    )
    assert len(load_audio(path)) / RATE == pytest.approx(hostile.SECONDS, abs=PADDING_S)
