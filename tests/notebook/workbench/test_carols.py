"""Facts about whole songs as carols on a page."""

import os

import pytest
import soundfile

from kcarol.audio.files import AudioError
from kcarol.notebook.workbench.carols import (
    SongPage,
    beside_notebooks,
    mended_carol,
    song_sheet,
    whole_carol,
)
from kcarol.notebook.workbench.sheets import Sheets
from kcarol.score.edits import edited


def test_a_whole_song_is_a_carol_with_its_sheet(song_file, folder, converter, files_of):
    page = whole_carol(song_file, folder, converter=converter)
    assert page.carol == folder / "a & b #1/a & b #1, bells.flac"
    assert soundfile.info(page.carol).duration == pytest.approx(8, abs=0.01)
    assert list(page.sounds) == ["a & b #1", "carol, bells"] and page.remarks == ()
    endings = {path.suffix for path in files_of(page._repr_html_())}
    assert {".wav", ".flac"} <= endings and (page.sheets.missing or ".svg" in endings)


def test_what_is_there_is_taken_and_other_settings_are_other_files(song_file, folder, converter):
    first = whole_carol(song_file, folder, converter=converter).carol
    made_ns = first.stat().st_mtime_ns
    assert whole_carol(song_file, folder, converter=converter).carol == first
    assert first.stat().st_mtime_ns == made_ns
    other = whole_carol(song_file, folder, "choir", 0.5, 0.0, converter=converter).carol
    assert other.name == "a & b #1, choir, strength 0.5, hall 0.flac"


def test_a_song_is_heard_once(song_file, folder, converter, monkeypatch):
    heard = []
    hear = converter.windows.hear
    monkeypatch.setattr(converter.windows, "hear", lambda *song: heard.append(song) or hear(*song))
    page = whole_carol(song_file, folder, converter=converter)
    assert len(heard) == 1
    assert whole_carol(song_file, folder, converter=converter) == page and len(heard) == 1


def test_a_song_that_was_replaced_is_converted_again(song_file, folder, converter):
    made = whole_carol(song_file, folder, converter=converter).carol.read_bytes()
    wave, rate = soundfile.read(song_file)
    soundfile.write(song_file, wave[: 5 * rate], rate)
    page = whole_carol(song_file, folder, converter=converter)
    assert page.carol.read_bytes() != made
    assert page.sounds["a & b #1"].read_bytes() == song_file.read_bytes()


def test_no_song_is_an_error_that_names_it(folder, converter):
    with pytest.raises((AudioError, OSError), match="none.wav"):
        whole_carol(folder / "none.wav", folder, converter=converter)


def test_a_song_is_shown_over_its_score(song_file, score, folder, files_of):
    pytest.importorskip("verovio")
    page = song_sheet(song_file, score, folder)
    assert page.carol is None and len(page.sheets.bars) >= 4
    assert {path.suffix for path in files_of(page._repr_html_())} >= {".wav", ".svg", ".pdf"}


def test_a_mended_score_is_played_beside_the_carol(song_file, score, folder, converter, files_of):
    page = mended_carol(song_file, score, folder, "choir", converter=converter)
    assert page.carol.name == "a & b #1, choir, mended.flac"
    heard = page.carol.read_bytes()
    other = edited(score, "bar 2: F#m\nbar 3: F#m\nbar 4: F#m")
    assert mended_carol(song_file, other, folder, "choir", converter=converter).carol == page.carol
    assert page.carol.read_bytes() != heard and files_of(page._repr_html_())


def test_songs_from_elsewhere_are_copied_to_where_jupyter_serves_them(song_file, folder):
    copy = beside_notebooks(song_file, folder)
    assert copy.is_relative_to(folder) and copy.read_bytes() == song_file.read_bytes()
    assert beside_notebooks(copy, folder) == copy
    song_file.write_bytes(b"newer")
    os.utime(song_file, ns=(copy.stat().st_mtime_ns + 10**9,) * 2)
    assert beside_notebooks(song_file, folder).read_bytes() == b"newer"


def test_what_is_missing_is_said_under_the_players(song_file):
    sheets = Sheets(missing="no score: <why>")
    page = SongPage({"song": song_file}, sheets, remarks=("silence from 3 s on",))
    assert "<p>silence from 3 s on</p><p>no score: &lt;why&gt;</p>" in page._repr_html_()
    assert repr(page).startswith("Players: song, and a score of 0 bars. Run the cell")
