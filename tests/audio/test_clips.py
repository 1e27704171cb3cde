"""Preprocessing: what becomes of sound files, good and bad, and windows of clips."""

import hashlib
import math
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch
from signals import sine
from tqdm.utils import disp_len

from kcarol.audio.clips import (
    CLIP_TYPES,
    ClipDataset,
    ClipReport,
    clip_settings,
    file_sha256,
    find_audio,
    load_clip,
    load_full_band,
    preprocess,
    render_table,
    search_folder,
)
from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import DataError
from kcarol.audio.reading.ffmpeg import find_ffmpeg
from kcarol.config import AudioConfig

CFG = AudioConfig(max_s=1.0)


def write(path, seconds=1.5, rate=44_100, hz=440.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    # some noise: ffmpeg (9.0) gets the end of Ogg files of a single page wrong by some hundred
    # samples
    wave += np.random.default_rng(0).normal(0, 0.003, len(wave))
    soundfile.write(path, np.stack([wave, wave], 1), rate)
    return path


@pytest.fixture
def sources(tmp_path):
    write(tmp_path / "raw/kpop/my_song.wav")
    write(tmp_path / "raw/kpop/short.ogg", 0.5)
    write(tmp_path / "raw/carol/bells.mp3", 2.0)
    (tmp_path / "raw/kpop/notes.txt").write_text("no sound")
    write(tmp_path / "raw/kpop/.hidden.wav")
    return {style: tmp_path / "raw" / style for style in ("kpop", "carol")}


def run(sources, out, cfg=CFG, **options):
    return preprocess(sources, out, cfg, progress=False, **options)


def test_every_sound_becomes_a_clip_of_16_khz_cut_to_the_longest_allowed(sources, tmp_path):
    rows = run(sources, tmp_path / "out")
    assert [(row.file.name, row.style, row.status) for row in rows] == [
        ("my_song.wav", "kpop", "done"),
        ("short.ogg", "kpop", "done"),
        ("bells.mp3", "carol", "done"),
    ]
    lengths = {
        row.clip.relative_to(tmp_path / "out").as_posix(): len(load_clip(row.clip)["wave"])
        for row in rows
    }
    assert lengths == {"kpop/my_song.pt": 16_000, "kpop/short.pt": 8_000, "carol/bells.pt": 16_000}
    assert all(row.peak == pytest.approx(0.3, abs=0.03) for row in rows)
    assert all(row.loudness == pytest.approx(-13.5, abs=1) for row in rows)


def test_a_clip_holds_what_the_docs_say(sources, tmp_path):
    run(sources, tmp_path / "out")
    clip = torch.load(tmp_path / "out/kpop/my_song.pt", weights_only=True)
    assert (
        set(clip)
        == {"wave", "sample_rate", "title", "style", "sha256", "settings"}
        == set(CLIP_TYPES)
    )
    assert clip["wave"].dtype == torch.float32 and clip["wave"].shape == (16_000,)
    assert (clip["sample_rate"], clip["title"], clip["style"]) == (16_000, "my song", "kpop")
    assert (
        clip["sha256"] == hashlib.sha256((sources["kpop"] / "my_song.wav").read_bytes()).hexdigest()
    )
    assert clip["settings"] == clip_settings(CFG)
    # no hidden storage behind the wave
    assert (tmp_path / "out/kpop/my_song.pt").stat().st_size < 4 * 16_000 + 4_000


def test_done_files_are_skipped_until_the_sound_or_the_settings_change(sources, tmp_path):
    def statuses(cfg=CFG, **options):
        return [row.status for row in run(sources, tmp_path / "out", cfg, **options)]

    assert statuses() == ["done"] * 3 and statuses() == ["skipped"] * 3
    write(sources["kpop"] / "short.ogg", 0.6)
    assert statuses() == ["skipped", "done", "skipped"]
    assert statuses(replace(CFG, max_s=0.5)) == ["done"] * 3
    assert statuses(replace(CFG, max_s=0.5), force=True) == ["done"] * 3


def test_a_damaged_clip_is_made_again(sources, tmp_path):
    run(sources, tmp_path / "out")
    (tmp_path / "out/kpop/short.pt").write_bytes(b"cut off")
    assert [row.status for row in run(sources, tmp_path / "out")] == ["skipped", "done", "skipped"]
    assert len(load_clip(tmp_path / "out/kpop/short.pt")["wave"]) == 8_000


def test_skipped_rows_tell_the_same_as_done_ones(sources, tmp_path):
    done, skipped = run(sources, tmp_path / "out"), run(sources, tmp_path / "out")
    assert [replace(row, status="") for row in done] == [replace(row, status="") for row in skipped]


def test_a_bad_file_is_named_with_its_reason_and_the_others_go_on(sources, tmp_path):
    (sources["kpop"] / "broken.mp3").write_bytes(b"no sound")
    rows = run(sources, tmp_path / "out")
    assert {row.file.name: row.status for row in rows} == {
        "broken.mp3": "failed",
        "my_song.wav": "done",
        "short.ogg": "done",
        "bells.mp3": "done",
    }
    table = render_table(rows)
    assert (
        "broken.mp3: expected a sound file" in table and "4 files" in table and "1 failed" in table
    )
    assert not (tmp_path / "out/kpop/broken.pt").exists()


def test_columns_of_a_table_line_up_whatever_is_wide():
    rows = [
        ClipReport(Path("노래 하나.mp3"), "kpop", "done", 3.0, 0.5, -12.0),
        ClipReport(Path("b.mp3"), "kpop", "failed", reason="late"),
    ]
    words = {"file": "파일", "done": "완료", "failed": "실패", "late": "늦음", "status": "상태"}
    head, *lines, _ = render_table(rows, lambda text: words.get(text, text)).splitlines()
    assert [line.split()[-1] for line in (head, *lines)] == ["상태", "완료", "늦음"]
    places = [
        disp_len(line[: line.index(x)]) for line, x in zip(lines, ("완료", "실패:"), strict=True)
    ]
    assert head.startswith("파일 ") and set(places) == {disp_len(head[: head.index("상태")])}


def test_the_table_has_a_line_per_file_and_its_columns_line_up(sources, tmp_path):
    lines = render_table(run(sources, tmp_path / "out")).splitlines()
    assert len(lines) == 5
    assert len({line.index("done") for line in lines[1:4]} | {lines[0].index("status")}) == 1
    assert lines[-1].startswith("3 files, 2.5 s: 3 done, 0 skipped, 0 failed")


def test_several_jobs_give_the_same_rows_in_the_same_order(sources, tmp_path):
    alone, together = run(sources, tmp_path / "a"), run(sources, tmp_path / "b", jobs=3)
    assert [(r.file, r.peak, r.loudness) for r in alone] == [
        (r.file, r.peak, r.loudness) for r in together
    ]


def test_an_infinite_limit_keeps_everything(sources, tmp_path):
    rows = run(sources, tmp_path / "out", replace(CFG, max_s=math.inf))
    assert [row.seconds for row in rows] == pytest.approx([1.5, 0.5, 2.0], abs=0.03)


def test_files_of_one_stem_do_not_overwrite_one_another(tmp_path):
    for i, name in enumerate(["a.wav", "a.mp3", "A.ogg", "sub/a.wav", "sub-a.wav"]):
        write(tmp_path / "raw" / name, 0.3 + i / 10)
    rows = run({"kpop": tmp_path / "raw"}, tmp_path / "out")
    assert len({str(row.clip).casefold() for row in rows}) == 5
    assert all(load_clip(row.clip)["sha256"] == file_sha256(row.file) for row in rows)
    assert [row.status for row in run({"kpop": tmp_path / "raw"}, tmp_path / "out")] == [
        "skipped"
    ] * 5


def test_a_failed_write_leaves_the_old_clip_and_nothing_else(sources, tmp_path, monkeypatch):
    run(sources, tmp_path / "out")
    before = (tmp_path / "out/kpop/short.pt").read_bytes()

    def full_disk(clip, path):
        path.write(b"half a")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    rows = run(sources, tmp_path / "out", force=True)
    assert all(row.status == "failed" and "No space" in row.reason for row in rows)
    assert (tmp_path / "out/kpop/short.pt").read_bytes() == before
    assert sorted(os.listdir(tmp_path / "out/kpop")) == ["my_song.pt", "short.pt"]


# --- clips of files that are no longer there


def clips_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.pt"))


def test_a_clip_goes_with_its_file_and_that_is_said_and_other_files_stay(sources, tmp_path):
    out = tmp_path / "out"
    run(sources, out)
    others = {"carol/notes.txt": b"mine", "carol/mine.pt": b"no clip", "tapes/a.pt": b"mine"}
    for name, content in others.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(content)
    (sources["carol"] / "bells.mp3").unlink()
    write(sources["carol"] / "new.wav")
    table = render_table(run(sources, out)).splitlines()
    assert [
        line for line in table if re.search(r"bells\.pt .*removed: its sound file is gone", line)
    ]
    assert table[-1].startswith("3 files") and table[-1].count("1 old clips removed") == 1
    assert not (out / "carol/bells.pt").exists() and (out / "carol/new.pt").exists()
    assert {name: (out / name).read_bytes() for name in others} == others


def test_a_renamed_file_has_one_clip(sources, tmp_path):
    run(sources, tmp_path / "out")
    (sources["carol"] / "bells.mp3").rename(sources["carol"] / "Bells 2.mp3")
    run(sources, tmp_path / "out")
    assert clips_in(tmp_path / "out/carol") == ["Bells 2.pt"]


def test_of_two_files_of_one_stem_the_clip_of_the_one_that_stays_is_kept(tmp_path):
    for i, name in enumerate(["a.mp3", "a.wav"]):
        write(tmp_path / "raw" / name, 0.3 + i / 10)
    run({"carol": tmp_path / "raw"}, tmp_path / "out")
    (tmp_path / "raw/a.mp3").unlink()
    run({"carol": tmp_path / "raw"}, tmp_path / "out")
    assert clips_in(tmp_path / "out") == ["carol/a.pt"]
    kept = load_clip(tmp_path / "out/carol/a.pt")
    assert kept["sha256"] == file_sha256(tmp_path / "raw/a.wav")


def test_a_song_and_a_carol_that_change_places_are_told_apart(sources, tmp_path):
    run(sources, tmp_path / "out")
    swapped = {"kpop": sources["carol"], "carol": sources["kpop"]}
    run(swapped, tmp_path / "out")
    assert clips_in(tmp_path / "out") == ["carol/my_song.pt", "carol/short.pt", "kpop/bells.pt"]
    styles = {load_clip(tmp_path / "out" / name)["style"] for name in ("carol/short.pt",)}
    assert styles == {"carol"}


def test_a_file_replaced_by_one_that_cannot_be_read_leaves_no_clip(sources, tmp_path):
    run(sources, tmp_path / "out")
    (sources["carol"] / "bells.mp3").write_bytes(b"no sound")
    statuses = {row.file.name: row.status for row in run(sources, tmp_path / "out")}
    assert statuses["bells.mp3"] == "failed" and statuses["bells.pt"] == "removed"
    assert clips_in(tmp_path / "out/carol") == []


def test_an_empty_folder_changes_nothing(sources, tmp_path):
    run(sources, tmp_path / "out")
    before = clips_in(tmp_path / "out")
    (sources["carol"] / "bells.mp3").unlink()
    said = r"carol: expected sound files .* training would go on with its clips \(1\)"
    with pytest.raises(DataError, match=said):
        run(sources, tmp_path / "out")
    assert clips_in(tmp_path / "out") == before


def test_after_an_interruption_the_next_run_does_the_rest(sources, tmp_path, monkeypatch):
    run(sources, tmp_path / "out")
    (sources["carol"] / "bells.mp3").rename(sources["carol"] / "new.mp3")

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("kcarol.audio.clips.load_from_first_sound", interrupt)
        run(sources, tmp_path / "out")
    assert clips_in(tmp_path / "out/carol") == ["bells.pt"]
    run(sources, tmp_path / "out")
    assert clips_in(tmp_path / "out/carol") == ["new.pt"]


# --- silence in front

NOISE = np.random.default_rng(1).normal(0, 1, 12 * 16_000)
TIME_S = np.arange(12 * 16_000) / 16_000
LEADS = {  # before the music, and under it
    "zeros": 0 * TIME_S,
    "dither": NOISE / 2**16,
    "hiss": 10 ** (-60 / 20) * NOISE,
    "offset": 0.1 + 0 * TIME_S,
    "rumble": 0.1 * np.sin(2 * np.pi * 20 * TIME_S),
    "click": 0.8 * (np.arange(12 * 16_000) == 3_000),
}


def write_late(path, lead, start_s):
    """Twelve seconds of FLAC that begin to sound after `start_s`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    music = 0.3 * np.sin(2 * np.pi * 440 * TIME_S) * (TIME_S >= start_s)
    soundfile.write(path, np.clip(LEADS[lead] + music, -1, 1), 16_000)
    return path


@pytest.mark.parametrize("max_s", [2.0, math.inf])
@pytest.mark.parametrize("lead", LEADS)
def test_a_clip_begins_with_the_first_sound_and_that_is_said(lead, max_s, tmp_path):
    write_late(tmp_path / "raw/late.flac", lead, 7.0)
    row = run({"carol": tmp_path / "raw"}, tmp_path / "out", replace(CFG, max_s=max_s))[0]
    assert row.seconds == pytest.approx(min(max_s, 5.15), abs=0.15)
    wave = load_clip(row.clip)["wave"].numpy()
    assert np.abs(np.diff(wave[int(0.4 * 16_000) :][:1600])).max() > 0.03  # 440 Hz, no rumble
    assert re.search(r"[67]\.\d s of silence in front are left out", render_table([row]))


def test_a_short_silence_in_front_stays(tmp_path):
    write_late(tmp_path / "raw/late.flac", "zeros", 0.7)
    row = run({"carol": tmp_path / "raw"}, tmp_path / "out", replace(CFG, max_s=2.0))[0]
    assert not row.reason and not load_clip(row.clip)["wave"][:10_000].any()


@pytest.mark.parametrize("lead", ["zeros", "dither", "offset", "rumble"])
def test_a_silent_file_is_refused_in_one_line(lead, tmp_path):
    write_late(tmp_path / "raw/silent.flac", lead, 99.0)
    row = run({"carol": tmp_path / "raw"}, tmp_path / "out", replace(CFG, max_s=2.0))[0]
    assert row.status == "failed" and "silent.flac: expected a sound, found silence" in row.reason
    assert clips_in(tmp_path / "out") == []


def test_clips_of_the_first_format_load_and_are_made_again(sources, tmp_path):
    path = run(sources, tmp_path / "out")[0].clip
    old = load_clip(path)
    torch.save(old | {"settings": old["settings"] | {"format": 1}}, path)
    assert load_clip(path)["title"] == old["title"]
    assert run(sources, tmp_path / "out")[0].status == "done"


def test_missing_and_empty_folders_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in ("none", "empty"):
        with pytest.raises(DataError, match=f"{folder}: expected"):
            run({"kpop": tmp_path / folder}, tmp_path / "out")


@pytest.mark.parametrize("content", [{"wave": torch.zeros(3)}, [1, 2], None])
def test_what_is_no_clip_is_refused_in_one_line(content, tmp_path):
    if content is not None:
        torch.save(content, tmp_path / "x.pt")
    with pytest.raises(DataError, match="x.pt: expected") as error:
        load_clip(tmp_path / "x.pt")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change", [{"wave": torch.zeros(2, 3)}, {"wave": torch.zeros(3).double()}, {"title": 1}]
)
def test_clips_of_wrong_types_are_refused(change, sources, tmp_path):
    path = run(sources, tmp_path / "out")[0].clip
    torch.save(load_clip(path) | change, path)
    with pytest.raises(DataError, match="preprocess it again"):
        load_clip(path)


class Touch:
    """A pickle that would run code on loading."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_loading_a_clip_runs_no_code(tmp_path):
    torch.save({"wave": Touch(tmp_path / "touched")}, tmp_path / "x.pt")
    with pytest.raises(DataError):
        load_clip(tmp_path / "x.pt")
    assert not (tmp_path / "touched").exists()


def clip(n_samples, title="a", start=0.0, sample_rate=16_000):
    wave = start + torch.arange(n_samples, dtype=torch.float32)
    return {"wave": wave, "sample_rate": sample_rate, "title": title}


def test_windows_are_parts_of_clips_and_depend_on_seed_and_index_only():
    clips = [clip(1_000), clip(3_000, start=10_000)]
    dataset = ClipDataset(clips, 100, n_windows=50, seed=1)
    windows = torch.stack([dataset[i] for i in range(50)])
    assert windows.shape == (50, 100) and (windows.diff(dim=1) == 1).all()
    assert torch.equal(ClipDataset(clips, 100, n_windows=50, seed=1)[7], windows[7])
    assert not torch.equal(ClipDataset(clips, 100, n_windows=50, seed=2)[7], windows[7])
    assert len(windows[:, 0].unique()) > 40


def test_every_second_of_sound_is_as_likely():
    dataset = ClipDataset([clip(1_000), clip(3_000, start=10_000)], 10, n_windows=400)
    batch = torch.stack(list(dataset))
    assert (batch[:, 0] >= 10_000).float().mean() == pytest.approx(0.75, abs=0.08)


def test_short_clips_are_padded_and_whole_ones_reachable():
    assert ClipDataset([clip(3)], 5)[0].tolist() == [0, 1, 2, 0, 0]
    assert ClipDataset([clip(5)], 5)[0].tolist() == [0, 1, 2, 3, 4]


def test_a_loader_sees_each_window_of_an_epoch_once(sources, tmp_path):
    run(sources, tmp_path / "out")
    dataset = ClipDataset.of_folder(tmp_path / "out", 4_000, n_windows=6)
    batches = list(torch.utils.data.DataLoader(dataset, batch_size=4))
    assert [batch.shape for batch in batches] == [(4, 4_000), (2, 4_000)]
    assert len(list(dataset)) == 6


def test_clips_that_do_not_fit_together_are_refused(tmp_path):
    with pytest.raises(DataError, match="one sample rate"):
        ClipDataset([clip(10), clip(10, sample_rate=8_000)], 5)
    with pytest.raises(DataError, match="0 clips"):
        ClipDataset([], 5)
    with pytest.raises(DataError, match="run preprocess first"):
        ClipDataset.of_folder(tmp_path, 5)


# ---- folders


def in_folder(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found_in(folder):
    return [path.relative_to(folder).as_posix() for path in find_audio(folder)]


def test_the_sounds_of_web_pages_are_no_songs(tmp_path):
    names = ("a.mp3", "listen.html", "listen_files/1/song.mp3", "my_files/b.mp3")
    assert found_in(in_folder(tmp_path, *names)) == ["a.mp3", "my_files/b.mp3"]


def test_links_to_folders_are_followed_once_each_and_not_in_circles(tmp_path):
    lib = in_folder(tmp_path / "lib", "b/song.wav", "z/own.wav")
    in_folder(tmp_path / "elsewhere", "disc 1/a.wav", "disc 2/b.wav")
    (lib / "album").symlink_to("../elsewhere")
    (lib / "a link to b").symlink_to("b")
    (lib / "z/up").symlink_to("..")
    (tmp_path / "elsewhere/disc 1/back").symlink_to(lib)
    (lib / "itself").symlink_to("itself")
    assert found_in(lib) == ["album/disc 1/a.wav", "album/disc 2/b.wav", "b/song.wav", "z/own.wav"]
    assert search_folder(lib).left_out == [lib / "itself"]


def test_what_is_left_out_is_named_and_pictures_are_counted(tmp_path):
    in_folder(tmp_path, "a.mp3", "b.xyz", "c.MID", "sub/d", "1.jpg", "2.JPG", "list.m3u")
    in_folder(tmp_path, ".hidden.mp3", "._a.mp3", ".git/e.mp3", "__MACOSX/._a.mp3")
    (tmp_path / "gone.mp3").symlink_to("nowhere")
    found = search_folder(tmp_path)
    assert found.audio == [tmp_path / "a.mp3"]
    said = f"{tmp_path}: left out b.xyz, c.MID, gone.mp3, sub/d, .jpg (2), .m3u (1)"
    assert found.describe_left_out() == said


def test_of_many_that_are_left_out_some_are_named(tmp_path):
    in_folder(tmp_path, "a.mp3", *(f"{number:03d}.xyz" for number in range(100)))
    said = search_folder(tmp_path).describe_left_out()
    assert "000.xyz" in said and said.endswith("80 more") and len(said.splitlines()) == 1


def test_nothing_is_said_where_nothing_is_left_out(tmp_path):
    assert search_folder(in_folder(tmp_path, "a.mp3")).describe_left_out() == ""


@pytest.mark.parametrize(
    "suffix, codec",
    [
        ("aiff", "pcm_s16be"),
        ("aif", "pcm_s16be"),
        ("au", "pcm_s16be"),
        ("caf", "pcm_s16le"),
        ("w64", "pcm_s16le"),
        ("voc", "pcm_s16le"),
        ("ac3", "ac3"),
        ("eac3", "eac3"),
        ("dts", "dca"),
        ("mp2", "mp2"),
        ("m4b", "aac"),
        ("mp4", "aac"),
        ("mov", "aac"),
        ("3gp", "aac"),
        ("mka", "libopus"),
        ("mkv", "flac"),
        ("webm", "libopus"),
        ("oga", "flac"),
        ("spx", "libopus"),
        ("wv", "wavpack"),
        ("tta", "tta"),
        ("wma", "wmav2"),
        ("avi", "mp3"),
        ("flv", "mp3"),
        ("mpg", "mp2"),
        ("ts", "aac"),
        ("rm", "ac3"),
    ],
)
def test_every_kind_that_is_read_singly_is_found_in_folders(suffix, codec, tmp_path):
    path = tmp_path / f"a.{suffix}"
    source = save_audio(tmp_path / ".source.wav", sine(440, 1.0), 16_000)
    words = ["-y", "-v", "error", "-i", source, "-ar", "48000", "-c:a", codec, "-strict", "-2"]
    format_words = ["-f", "ogg"] if suffix == "spx" else []
    command = [find_ffmpeg(), *words, *format_words, path]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"this ffmpeg writes no {suffix}")
    assert len(load_audio(path)) > 12_000
    assert find_audio(tmp_path) == [path]


# ---- the full band of carols


def test_a_carol_is_kept_in_stereo_and_full_band_beside_its_clip(tmp_path):
    rate, rng = 44_100, np.random.default_rng(0)
    sound = rng.normal(0, 0.1, (3 * rate, 2)) * [1, 0.3]
    sound[: round(1.5 * rate)] = 0
    (tmp_path / "raw").mkdir()
    soundfile.write(tmp_path / "raw/a.wav", sound, rate)
    (row,) = run({"carol": tmp_path / "raw"}, tmp_path / "out")
    mono, full = load_clip(row.clip)["wave"].numpy(), load_full_band(row.clip)
    assert row.reason and mono.shape == (16_000,) and full.shape == (2, 48_000)
    assert full[0].std() > 0.05
    assert full[1].std() == pytest.approx(0.3 * full[0].std(), rel=0.05)
    low = soxr.resample(full.mean(axis=0), 48_000, 16_000)
    assert np.abs(low - mono)[200:-200].max() < 0.01  # the same span


def test_songs_have_no_full_band_and_carols_without_one_are_made_again(sources, tmp_path):
    rows = run(sources, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.flac")] == ["bells.full.flac"]
    assert load_full_band(rows[0].clip) is None
    (tmp_path / "out/carol/bells.full.flac").unlink()
    assert [row.status for row in run(sources, tmp_path / "out")] == ["skipped", "skipped", "done"]
    assert load_full_band(rows[2].clip).shape == (2, 48_000)


def test_the_full_band_goes_with_its_clip(sources, tmp_path):
    run(sources, tmp_path / "out")
    (sources["carol"] / "bells.mp3").rename(sources["carol"] / "chimes.mp3")
    run(sources, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out/carol").iterdir())
    assert names == ["chimes.full.flac", "chimes.pt"]
