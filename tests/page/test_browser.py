"""The page as a listener meets it: from the file system, in a headless Chromium, by hand and by
keys.
"""

import shutil

import numpy as np
import pytest

from kcarol.cli.language.catalogue import KO, Catalogue, read_messages
from kcarol.page.card import Card, level_curves
from kcarol.page.language import ENGLISH, Language
from kcarol.page.page import Page, TableOfFigures, files_of
from kcarol.page.sound import SENT, Sound, write_tracks

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (400, 800, 1200, 1400)
RATE, LENGTH_S = 44_100, 12.0
TITLES = ('<b>50% & "q"\' #1?', "노래 하나", "x" * 90)
LABELS = ("Song", "Carol before", "Carol after")
KOREAN = Language("ko", Catalogue(read_messages(KO)).translate)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATES = """() => [...document.querySelectorAll('audio')].map(
    sound => ({plays: !sound.paused, at: sound.currentTime}))"""
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"
PICTURES = """() => Promise.all([...document.images].map(image => {
    image.loading = 'eager';
    return image.decode().then(() => image.naturalWidth, String);
}))"""
# the elements that Tab reaches, one after the other, and whether each shows that it has the focus
FOCUSED = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    const visible = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return {tag: element.tagName, visible, text: element.textContent.trim()};
}"""


@pytest.fixture(scope="module", params=[ENGLISH, KOREAN], ids=["en", "ko"])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def address(tmp_path_factory, language):
    """Of a page with three songs and a wide table."""
    folder = tmp_path_factory.mktemp("a #1? 100% 곡")
    path = folder / "listen.html"
    cards = [
        _card(title, files_of(path) / f"{n} {title[:9]}", folder) for n, title in enumerate(TITLES)
    ]
    columns = [f"figure {n}" for n in range(40)]
    table = TableOfFigures("Figures", ["system", *columns], [["kcarol", *["1.00"] * 40]])
    return Page("Evaluation", ["Heard here."], cards, [table]).write(path, language).as_uri()


def _card(title, folder, page_folder):
    t = np.arange(round(LENGTH_S * RATE)) / RATE
    waves = [(0.1 * np.sin(2 * np.pi * hz * t))[None].astype(np.float32) for hz in (220, 330, 440)]
    sounds = [Sound(label, wave, RATE, title) for label, wave in zip(LABELS, waves, strict=True)]
    curves = level_curves(
        {label: (wave, RATE) for label, wave in zip(LABELS[:2], waves, strict=False)}
    )
    tracks = write_tracks(sounds, folder, page_folder, SENT)
    return Card(title, tracks, (f"{title} was heard.",), curves)


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright", reason="needs playwright: pip install playwright")
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not found:
        pytest.skip("needs Chromium: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        window = playwright.chromium.launch(executable_path=found, headless=True, args=arguments)
        yield window
        window.close()


@pytest.fixture
def tab(browser, address):
    """The page, which must not complain or ask for anything that is not there."""
    tab, complaints = browser.new_page(), []
    tab.on("console", lambda line: complaints.append(line.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("requestfailed", lambda request: complaints.append(request.url))
    tab.on(
        "request", lambda request: request.url.startswith("file:") or complaints.append(request.url)
    )
    tab.goto(address)
    yield tab
    tab.close()
    assert complaints == []


def moved(tab, number):
    """Wait until the sound of this number plays on; its position in seconds."""
    before = tab.evaluate(STATES)[number]["at"]
    tab.wait_for_function(
        f"() => {{ const x = document.querySelectorAll('audio')[{number}];"
        f" return !x.paused && x.currentTime > {before}; }}"
    )
    return tab.evaluate(STATES)[number]["at"]


def test_every_player_plays_alone_and_every_picture_is_there(tab):
    buttons = tab.locator(".track button")
    assert buttons.count() == len(TITLES) * len(LABELS)
    for number in range(buttons.count()):
        buttons.nth(number).click()
        moved(tab, number)
        plays = [state["plays"] for state in tab.evaluate(STATES)]
        assert plays.index(True) == number and sum(plays) == 1
        assert buttons.nth(number).get_attribute("aria-pressed") == "true"
    assert min(tab.evaluate(PICTURES)) > 100


def test_switching_keeps_the_position_and_is_said(tab, language):
    card = tab.locator(".card").first
    song, after = map(language.translate, (LABELS[0], LABELS[-1]))
    card.locator("input").fill("6")
    card.get_by_role("button", name=song).click()
    assert 6 <= moved(tab, 0) < 8
    card.get_by_role("button", name=after).click()
    assert 6 < moved(tab, 2) < 9
    playing = language.translate("playing: %(track)s") % {"track": after}
    assert card.locator("output").inner_text() == playing
    tab.keyboard.press("2")
    first, second = moved(tab, 1), tab.evaluate(STATES)
    assert 6 < first < 10 and [state["plays"] for state in second[:3]] == [False, True, False]
    tab.keyboard.press("0")
    tab.wait_for_function("() => [...document.querySelectorAll('audio')].every(x => x.paused)")
    assert card.locator("output").inner_text() == language.translate("paused")
    tab.keyboard.press("Enter")  # the focus is on what played last
    assert moved(tab, 1) >= first


def test_a_click_into_a_picture_goes_there(tab):
    picture = tab.locator(".picture").nth(1)
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": 9})
    assert LENGTH_S / 2 - 0.5 < moved(tab, 1) < LENGTH_S / 2 + 2


def test_at_its_end_a_song_begins_anew(tab, language):
    tab.locator(".card input").first.fill(f"{LENGTH_S - 1:g}")
    tab.locator(".track button").first.click()
    tab.wait_for_function(
        "said => document.querySelector('output').textContent === said",
        arg=language.translate("at its end"),
    )
    place = language.translate("%(now)s of %(whole)s") % {"now": "0:00", "whole": "0:12"}
    assert tab.locator(".card input").first.get_attribute("aria-valuetext") == place
    assert tab.locator(".now").first.inner_text() == "0:00"
    tab.locator(".track button").first.click()
    assert moved(tab, 0) < 3


def test_tab_reaches_everything_and_shows_where_it_is(tab):
    reached = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate(FOCUSED))
        if reached[-1]["tag"] == "BODY":
            break
    reached.pop()
    tags = [element["tag"] for element in reached]
    n_songs, n_sounds = len(TITLES), len(LABELS)
    assert tags == ["DIV", *(["INPUT", *["BUTTON"] * n_sounds] * n_songs)]  # the table first
    assert all(element["visible"] for element in reached)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(width, scheme, browser, address):
    settings = {"viewport": {"width": width, "height": 800}, "reduced_motion": "reduce"}
    tab = browser.new_page(**settings, color_scheme=scheme)
    tab.goto(address)
    assert tab.evaluate(OVERFLOW) <= 0
    tab.close()


def test_without_scripts_the_browsers_own_players_are_there(browser, address):
    tab = browser.new_page(java_script_enabled=False)
    tab.goto(address)
    assert tab.locator("audio[controls]").count() == len(TITLES) * len(LABELS)
    assert tab.locator("audio").first.is_visible() and not tab.locator("button").first.is_visible()
    tab.close()
