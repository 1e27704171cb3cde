"""The page as text: names are escaped, nothing comes from outside, other files are kept."""

import re
from html.parser import HTMLParser

import pytest

from kcarol.cli.language.catalogue import KO, Catalogue, read_messages
from kcarol.page.card import Card, Curve
from kcarol.page.language import Language
from kcarol.page.page import Page, TableOfFigures, check_page, clock, files_of
from kcarol.page.sound import Track

HOSTILE = '<b>50% & "q"\' </script> 노래'


def page(**more):
    track = Track(HOSTILE, HOSTILE, 65.0, "a%20b.mp3", "a.png", (125, 140))
    curve = Curve(HOSTILE, (0.0, 1.0))
    card = Card(HOSTILE, (track, track), (HOSTILE,), (curve, curve))
    table = TableOfFigures(HOSTILE, ("name", "x"), ((HOSTILE, "1.00"),))
    return Page(HOSTILE, [HOSTILE], [card], [table], **more)


class Elements(HTMLParser):
    """Names of elements, their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data.strip())


@pytest.fixture
def text(tmp_path):
    return page().write(tmp_path / "listen.html").read_text("utf-8")


def test_names_of_files_are_text_and_nothing_else(text):
    elements = Elements(text)
    assert "b" not in {tag for tag, _ in elements.found}
    assert elements.texts.count(HOSTILE) >= 7
    assert text.count("</script>") == 1


def test_nothing_is_fetched_from_elsewhere(text):
    addresses = [
        value
        for _, attributes in Elements(text).found
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data")
    ]
    assert set(addresses) == {"a%20b.mp3", "a.png"}
    assert not re.search(r"https?://|@import|url\(", text)


def test_screen_readers_find_language_landmarks_headings_and_texts(text):
    elements = Elements(text).found
    tags = [tag for tag, _ in elements]
    assert dict(elements)["html"]["lang"] == "en"
    assert tags.count("h1") == 1 and {"header", "main", "footer"} <= set(tags)
    assert all(attributes["alt"] for tag, attributes in elements if tag == "img")
    assert all(attributes["aria-label"] for tag, attributes in elements if tag in ("audio", "svg"))
    ids = {attributes["id"] for _, attributes in elements if "id" in attributes}
    labels = {a["aria-labelledby"] for _, a in elements if "aria-labelledby" in a}
    assert labels == ids


def test_all_texts_but_names_of_songs_are_in_the_pages_language(tmp_path):
    title = "Song"
    track = Track("Song", "the song itself", 65.0, "a.mp3", "a.png", (125, 140))
    card = Card(title, (track,), ("Your own ears decide.",), (Curve("Song", (0.0,)),) * 2)
    table = TableOfFigures("Figures", ("system", "tune"), (("all", "1.00"),))
    path = tmp_path / "listen.html"
    shown = Page("3 songs as carols", ["Your own ears decide."], [card], [table])
    korean = Language("ko", Catalogue(read_messages(KO)).translate)
    elements = Elements(shown.write(path, korean).read_text("utf-8"))
    page_lang = dict(elements.found)["html"]["lang"]
    attributes = {
        value
        for _, found in elements.found
        for name, value in found.items()
        if name in ("alt", "aria-label") or name.startswith("data-")
    }
    texts = [text for text in elements.texts if not re.search(r"[{}]", text)]  # no style, no script
    english = [text for text in {*texts, *attributes} if re.search("[A-Za-z]{3}", text)]
    english = {re.sub(r"\{\w+\}|kcarol", "", text) for text in english}
    assert page_lang == "ko"
    left = {text for text in english if re.search("[A-Za-z]{3}", text)}
    assert left == {title, f"원곡: {title}"}


def test_tables_are_tables(text):
    assert '<th scope="col">x</th>' in text and "<td>1.00</td>" in text and "<pre" not in text


def test_a_file_that_is_no_page_of_ours_is_kept(tmp_path):
    path = tmp_path / "listen.html"
    check_page(path, force=False)
    page().write(path)
    check_page(path, force=False)
    path.write_text("<html>mine</html>")
    check_page(path, force=True)
    with pytest.raises(FileExistsError, match="listen.html exists and is no page of kcarol"):
        check_page(path, force=False)


def test_the_folder_beside_a_page_is_named_as_browsers_do(tmp_path):
    assert files_of(tmp_path / "a b.carol.html") == tmp_path / "a b.carol_files"


def test_clocks():
    assert [clock(s) for s in (0, 59.6, 65, 3665)] == ["0:00", "1:00", "1:05", "1:01:05"]
