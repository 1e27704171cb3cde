"""Title, artist, album and cover go into every format that is written, and come out of it again."""

import io
import struct
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import read_comment, save_audio
from kcarol.audio.reading.ffmpeg import find_ffmpeg
from kcarol.audio.writing import tags as module
from kcarol.audio.writing.formats import SAVE_FORMATS
from kcarol.audio.writing.tags import Cover, Tags, TagsWarning, read_tags, write_tags

RATE = 48_000
WAVE = np.sin(np.arange(RATE) / 20).astype(np.float32) / 2


def picture(kind: str) -> Cover:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, kind)
    return Cover(data.getvalue(), f"image/{kind}")


TAGS = Tags("눈 오는 밤", "가수, Singer", "겨울 <1>", picture("jpeg"))


@pytest.mark.parametrize("ending", SAVE_FORMATS)
def test_tags_are_read_back_the_comment_stays_and_the_sound_is_the_same(ending, tmp_path):
    plain, tagged = tmp_path / f"plain{ending}", tmp_path / f"tagged{ending}"
    comment = '{"song": "0123", "is_whole": true}'
    save_audio(plain, WAVE, RATE, comment)
    save_audio(tagged, WAVE, RATE, comment, tags=TAGS)
    assert read_tags(tagged) == TAGS
    assert read_comment(tagged) == read_comment(plain) == comment
    assert np.array_equal(load_audio(plain), load_audio(tagged))


@pytest.mark.parametrize("ending", SAVE_FORMATS)
def test_what_is_empty_is_not_written(ending, tmp_path):
    path = save_audio(tmp_path / f"a{ending}", WAVE, RATE, tags=Tags(artist="A"))
    assert read_tags(path) == Tags(artist="A")


def test_png_covers_are_kept_other_kinds_and_large_ones_are_not(tmp_path, monkeypatch):
    path = tmp_path / "a.flac"
    save_audio(path, WAVE, RATE, tags=Tags(cover=picture("png")))
    assert read_tags(path).cover == picture("png")
    monkeypatch.setattr(module, "MOST_COVER_BYTES", 10)
    assert read_tags(path).cover is None
    monkeypatch.undo()
    save_audio(path, WAVE, RATE, tags=Tags(cover=picture("bmp")))
    assert read_tags(path).cover is None


def test_files_without_tags_have_none(tmp_path):
    assert read_tags(save_audio(tmp_path / "a.wav", WAVE, RATE)) == Tags()
    (tmp_path / "b.txt").write_text("no sound")
    assert read_tags(tmp_path / "b.txt") == Tags()


def test_several_artists_are_joined(tmp_path):
    from mutagen.flac import FLAC

    path = save_audio(tmp_path / "a.flac", WAVE, RATE)
    file = FLAC(path)
    file["artist"] = ["A", "B"]
    file.save()
    assert read_tags(path).artist == "A, B"


@pytest.mark.parametrize(
    "title", ["눈의 꽃 (Snow Flower)", "Beyoncé", "Mötley Crüe", "Ночь", "Ìóçûêà", "ÀÉÎ", "雪"]
)
def test_korean_that_is_said_to_be_latin_1_is_read_and_other_languages_stay(title, tmp_path):
    from mutagen import id3

    path = save_audio(tmp_path / "a.mp3", WAVE, RATE)
    old = title.encode("euc_kr").decode("latin-1") if "눈" in title else title
    encoding = id3.Encoding.LATIN1 if "눈" in title else id3.Encoding.UTF16
    tags = id3.ID3()
    tags.add(id3.TIT2(encoding=encoding, text=old))
    tags.save(path)
    assert read_tags(path).title == title


def test_a_wav_above_4_gb_goes_without(tmp_path):
    with pytest.warns(TagsWarning, match="FLAC"):
        write_tags(tmp_path / "a.wav", TAGS, replace(SAVE_FORMATS[".wav"], container="RF64"))


def test_the_cover_of_a_wma_file_is_read(tmp_path):
    from mutagen.asf import ASF, ASFByteArrayAttribute

    path = tmp_path / "a.wma"
    wav = save_audio(tmp_path / "a.wav", WAVE, RATE)
    subprocess.run([find_ffmpeg(), "-v", "error", "-i", wav, "-c:a", "wmav2", path], check=True)
    data = TAGS.cover.data
    texts = "image/jpeg\0front\0".encode("utf-16-le")
    file = ASF(path)
    file["Title"] = TAGS.title
    file["WM/Picture"] = [
        ASFByteArrayAttribute(struct.pack("<BI", kind, len(bytes_)) + texts + bytes_)
        for kind, bytes_ in ((4, b"GIF of the back"), (3, data))
    ]
    file.save()
    assert read_tags(path) == Tags(title=TAGS.title, cover=TAGS.cover)


def test_the_cover_of_a_file_with_ape_tags_is_read(tmp_path):
    from mutagen.apev2 import BINARY, APEv2, APEValue

    path = tmp_path / "a.ape"
    path.write_bytes(b"MAC " + bytes(100))
    tags = APEv2()
    tags["Title"] = TAGS.title
    tags["Cover Art (Front)"] = APEValue(b"front.jpg\0" + TAGS.cover.data, BINARY)
    tags.save(path)
    assert read_tags(path) == Tags(title=TAGS.title, cover=TAGS.cover)
