"""Facts about the controls for whole songs."""

import pytest
from voices import band, sung_voice, write

pytest.importorskip("ipywidgets")
pytest.importorskip("anywidget")

from kcarol.notebook.workbench.panel import SongPanel


@pytest.fixture
def panel(root, converter):
    return SongPanel(root, converter)


def test_a_click_makes_the_carol_of_what_is_chosen(panel, folder, files_of):
    panel.style.value, panel.strength.value, panel.hall.label = "choir", 0.5, "none"
    panel.button.click()
    assert panel.message.value == "" and not panel.button.disabled
    [shown] = panel.page.outputs
    made = folder / "a & b #1/a & b #1, choir, strength 0.5, hall 0.flac"
    assert made.relative_to(folder.parent) in files_of(shown["data"]["text/html"])


def test_styles_are_those_of_the_weights(panel, converter):
    assert list(panel.style.options) == list(converter.styles)


def test_what_is_wrong_is_one_line(panel, song_file, said):
    song_file.write_bytes(b"no sound")
    panel.make()
    assert song_file.name in said(panel.message)
    assert not panel.button.disabled and panel.page.outputs == ()


def test_without_a_song_it_asks_for_one(tmp_path, converter, said):
    panel = SongPanel(tmp_path, converter)
    panel.make()
    assert said(panel.message).startswith("expected a song: upload one")


def test_the_voice_is_a_switch_where_there_is_a_file_of_it(root, converter, song_file, folder):
    write(song_file, sung_voice() + band())
    panel = SongPanel(root, converter)
    assert panel.voice.layout.display == "none"
    voice = write(root / "any.wav", sung_voice()).read_bytes()
    panel.chooser.add("a & b #1.voice.wav", voice)
    assert panel.voice.layout.display == "" and list(panel.chooser.list.options) == ["a & b #1"]
    panel.style.value = "choir"
    panel.make()
    panel.voice.value = False
    panel.make()
    made = {path.name for path in (folder / "a & b #1").glob("*.flac")}
    assert panel.message.value == "" and made == {
        "a & b #1, choir, voice.flac",
        "a & b #1, choir.flac",
    }
