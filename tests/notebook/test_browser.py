"""The notebooks as a user meets them: JupyterLab in a headless Chromium, all cells run, everything
heard, seen and answered.

Screenshots go to the folder that KCAROL_SCREENSHOTS names, if any.
"""

import asyncio
import json
import os
import queue
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from lead_sheets import composed
from voices import band, sung_voice, write

from kcarol.audio.encoding import save_audio
from kcarol.config import AudioConfig
from kcarol.notebook.workbench.carols import SongPage
from kcarol.notebook.workbench.follower import WITHOUT_SCRIPTS, follower
from kcarol.notebook.workbench.sheets import write_sheets
from kcarol.score.score import Score

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("01_preprocess", "02_model", "03_train", "04_eval")
# for a notebook; busy machines need more
LONGEST_S = float(os.environ.get("KCAROL_BROWSER_S", 240))
SONG_S = 240.0  # of the song whose score follows: several pages, more than are seen at once
UPLOADED_S = 80.0  # of an upload: more than two of its pieces
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# all cells in the document, wherever one has scrolled to
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {
        "windowingMode": "none",
        "autoStartDefaultKernel": True,
    },
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(LONGEST_S + 180)]

# --- what is asked of the page, in its own language

READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === 'connected' && panel.content.widgets.length > 1;
}"""
RUN_ALL = """() => {
    const run = window.jupyterapp.commands.execute('notebook:run-all-cells');
    window.kcarolDone = run.then(() => 'done', String);
}"""
DONE = "() => Promise.race([window.kcarolDone, new Promise(go => setTimeout(() => go(''), 1000))])"
CELLS = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets;
    return cells.filter(cell => cell.model.type === 'code').map(cell => {
        const outputs = cell.model.outputs.toJSON();
        return {
            count: cell.model.executionCount,
            errors: outputs.filter(o => o.output_type === 'error')
                .map(o => o.ename + ': ' + o.evalue),
            stderr: outputs.filter(o => o.name === 'stderr').map(o => String(o.text)).join(''),
        };
    });
}"""
SOUNDS = """async () => {
    const wait = ms => new Promise(go => setTimeout(go, ms));
    const found = [];
    for (const audio of document.querySelectorAll('.jp-OutputArea audio')) {
        audio.muted = true;
        let reason = '';
        try {
            await audio.play();
            for (let i = 0; i < 100 && !(audio.currentTime > 0); i++) await wait(50);
        } catch (error) { reason = String(error); }
        const label = audio.getAttribute('aria-label');
        found.push({label, seconds: audio.duration, at: audio.currentTime, reason});
        audio.pause();
    }
    return found;
}"""
PICTURES = """() => [...document.querySelectorAll('.jp-OutputArea img')].map(img => ({
    alt: img.alt,
    natural: img.naturalWidth * img.naturalHeight,
    shown: img.clientWidth * img.clientHeight,
}))"""
# by how many pixels what is widest sticks out of its output, or would, were it not cut off there
WIDEST = """() => {
    const box = element => element.getBoundingClientRect();
    const parts = 'audio, button, h4, img, input, label, p, select, textarea';
    const out = output => [...output.querySelectorAll(parts)]
        .filter(part => !part.closest('[data-kcarol=paper]'))
        .map(part => box(part).right - box(output).right);
    const outputs = [...document.querySelectorAll('.jp-OutputArea-output')];
    return Math.max(0, ...outputs.flatMap(x => [x.scrollWidth - x.clientWidth, ...out(x)]));
}"""
# the longest line of each cell whose code is clipped on the right
CLIPPED = """() => {
    const cells = [...document.querySelectorAll('.jp-CodeCell .cm-scroller')];
    const lines = cell => [...cell.querySelectorAll('.cm-line')].map(line => line.textContent);
    return cells.filter(x => x.scrollWidth > x.clientWidth + 1)
        .map(x => lines(x).sort((a, b) => b.length - a.length)[0]);
}"""
ENGRAVED = "[data-kcarol=paper] g.measure"
PLAYS = """() =>
    [...document.querySelectorAll('.jupyter-widgets audio')].some(audio => !audio.paused)"""
SWITCH = """async () => {
    const wait = ms => new Promise(go => setTimeout(go, ms));
    const groups = [...document.querySelectorAll('[data-kcarol=players]')];
    const group = groups.find(x => x.querySelector('button'));
    const [one, two] = group.querySelectorAll('audio');
    one.muted = two.muted = true;
    await one.play(); one.currentTime = 1.5;
    await wait(300);
    group.querySelector('button').click();
    for (let i = 0; i < 100 && two.paused; i++) await wait(50);
    const apart = Math.abs(one.currentTime - two.currentTime);
    const found = {one: one.paused, two: !two.paused, apart};
    two.pause();
    return found;
}"""
# the bars of a score that bear the mark, and all that may
MARKS = """() => [...document.querySelectorAll('.measure > rect')]
    .filter(mark => mark.getAttribute('fill-opacity') > 0)
    .map(mark => mark.parentElement.id)"""
N_BARS = "() => document.querySelectorAll('.measure > rect').length"
# whether the marked bar is as wide as its staff and inside the part of the score that is seen
SEEN = """id => {
    const box = element => element.getBoundingClientRect();
    const bar = document.getElementById(id);
    const [mark, staff] = [box(bar.querySelector('rect')), box(bar.querySelector('.staff > path'))];
    const sheet = box(document.querySelector('[data-kcarol=paper]'));
    return Math.abs(mark.width - staff.width) < 2 && mark.height > staff.height
        && mark.top >= sheet.top - 1 && mark.bottom <= sheet.bottom + 1;
}"""

# after this no file can be read
UNREADABLE = """() => {
    Blob.prototype.arrayBuffer = () => Promise.reject(new Error('gone'));
}"""
CHOOSER = """from kcarol.notebook.project import project_root
from kcarol.notebook.workbench.chooser import SongChooser
from kcarol.notebook.workbench.songs import Songs

SongChooser(Songs(project_root()))"""
PANEL = """from kcarol.conversion.converter import Converter
from kcarol.notebook.project import project_root
from kcarol.notebook.workbench.panel import SongPanel

SongPanel(project_root(), Converter.load())"""
WIDTHS = (400, 700, 1000, 1400)  # of a window: of a phone to that of a desk, pixels
# without the folders on the left, which a small window has no room for
WITHOUT_FOLDERS = """() => {
    window.jupyterapp.commands.execute('application:set-mode', {mode: 'single-document'});
    window.jupyterapp.shell.collapseLeft();
}"""
OUTLINE = "getComputedStyle(document.activeElement.querySelector('rect')).stroke"


# --- the two programs


@pytest.fixture(scope="module")
def chromium():
    """Path of a Chromium that the system has."""
    pytest.importorskip("playwright", reason="needs playwright: pip install playwright")
    pytest.importorskip("jupyterlab", reason="needs JupyterLab: pip install -e '.[notebooks]'")
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not found:
        pytest.skip("needs Chromium: apt install chromium")
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A copy of the project, since JupyterLab saves what it shows and adds to the results of
    listening tests.
    """
    home = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "pyproject.toml", home)
    for folder in ("notebooks", "data/raw", "data/demo_carols", "data/pairs"):
        shutil.copytree(ROOT / folder, home / folder, ignore=shutil.ignore_patterns(".*"))
    return home


@pytest.fixture(scope="module")
def lab(home, chromium):
    """Address of a JupyterLab, with its token."""
    token, port = secrets.token_hex(16), free_port()
    for name, values in SETTINGS.items():
        (home / "settings" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "settings" / name).write_text(json.dumps(values), encoding="utf-8")
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "JUPYTER_RUNTIME_DIR": "runtime",
    }
    environment = (
        os.environ
        | {name: str(home / folder) for name, folder in own.items()}
        | {"PYTHONPATH": str(ROOT)}
    )
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={home}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with (
        (home / "log.txt").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, home / "log.txt")
            yield f"http://127.0.0.1:{port}", token
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = [
            "--no-sandbox",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-dev-shm-usage",
        ]
        window = playwright.chromium.launch(executable_path=chromium, headless=True, args=arguments)
        yield window
        window.close()


@pytest.fixture
def site(tmp_path, monkeypatch, chromium):
    """Address of a folder, the working one, whose files are served as Jupyter does: in ranges."""
    from tornado.httpserver import HTTPServer
    from tornado.ioloop import IOLoop
    from tornado.web import Application, StaticFileHandler

    monkeypatch.chdir(tmp_path)
    port, loops = free_port(), queue.Queue()

    async def serve():
        server = HTTPServer(Application([("/(.*)", StaticFileHandler, {"path": str(tmp_path)})]))
        server.listen(port, "127.0.0.1")
        ended = asyncio.Event()
        loops.put((IOLoop.current(), ended))
        await ended.wait()
        server.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop, ended = loops.get(timeout=30)
    yield f"http://127.0.0.1:{port}"
    loop.add_callback(ended.set)
    thread.join(30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address, server, log, longest_s=LONGEST_S):
    begin = time.monotonic()
    while time.monotonic() - begin < longest_s:
        assert server.poll() is None, f"JupyterLab ended: {log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise AssertionError(
        f"JupyterLab did not answer within {longest_s} s: {log.read_text()[-2000:]}"
    )


# --- the tests


@pytest.mark.parametrize("name", NAMES)
def test_runs_sounds_and_shows_in_a_browser(name, lab, browser):
    with opened(name, lab, browser) as page:
        run_all(page)
        take_screenshots(page, name)
        check_cells(page)
        check_sounds_and_pictures(page, name)
        if name == "02_model":
            check_editor(page)
        if name == "04_eval":
            check_widgets(page)
        if name in ("02_model", "04_eval"):
            check_widths(page, name)


@contextmanager
def opened(name, lab, browser):
    """A notebook in JupyterLab, its kernel started, none of its cells run."""
    address, token = lab
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(LONGEST_S * 1000)
    crashes = []
    page.on("pageerror", lambda error: crashes.append(str(error)))
    try:
        page.goto(f"{address}/lab/tree/notebooks/{name}.ipynb?token={token}&reset")
        page.wait_for_function(READY)
        yield page
        assert not crashes, f"JavaScript errors: {crashes}"
    finally:
        page.evaluate("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")
        page.close()


def run_all(page):
    page.evaluate(RUN_ALL)
    begin = time.monotonic()
    while not (result := page.evaluate(DONE)):
        assert time.monotonic() - begin < LONGEST_S, (
            f"not done within {LONGEST_S} s: {page.evaluate(CELLS)}"
        )
    assert result == "done"
    page.wait_for_timeout(1000)  # outputs are drawn after the kernel has answered


def check_cells(page):
    cells = page.evaluate(CELLS)
    assert [error for cell in cells for error in cell["errors"]] == []
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert [cell["stderr"] for cell in cells if re.search("warn|error", cell["stderr"], re.I)] == []


def check_sounds_and_pictures(page, name):
    pictures = page.evaluate(PICTURES)
    check_players(page)
    assert len(pictures) >= 2
    assert all(picture["alt"] for picture in pictures)
    assert not [picture for picture in pictures if min(picture["natural"], picture["shown"]) < 1000]
    assert page.evaluate(WIDEST) <= 1, "an output is wider than the page"
    assert page.evaluate(CLIPPED) == [], "lines of code are cut off"
    if page.evaluate("() => !!document.querySelector('[data-kcarol=players] button')"):
        found = page.evaluate(SWITCH)
        assert found["one"] and found["two"] and found["apart"] < 1, (
            f"the switch does not switch: {found}"
        )


def check_players(page):
    """Each has a label and plays."""
    sounds = page.evaluate(SOUNDS)
    assert len(sounds) >= 2 and all(sound["label"] for sound in sounds)
    silent = [
        sound
        for sound in sounds
        if not sound["seconds"] or not 0.1 < sound["seconds"] < 600 or not sound["at"] > 0
    ]
    assert not silent, f"players that do not play: {silent}"


def check_editor(page):
    """A change that has no place is told; another one is engraved, played from any bar, saved."""
    changes = page.get_by_placeholder("a change a line")
    button = page.get_by_role("button", name="Engrave and play")
    changes.fill("bar 999: Am")
    button.click()
    page.get_by_role("alert").filter(has_text="found 999").wait_for()
    changes.fill("bar 2: Am")
    button.click()
    page.locator(".jupyter-widgets audio[aria-label*=mended]").wait_for(state="attached")
    page.locator(f".jupyter-widgets {ENGRAVED}").first.wait_for(state="attached")
    changes.fill("bar 2: B7")
    button.click()
    page.locator(f".jupyter-widgets {ENGRAVED}").filter(has_text="B7").wait_for(state="attached")
    page.locator(f".jupyter-widgets {ENGRAVED}[tabindex='0']").press("Enter")
    page.wait_for_function(PLAYS)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.mode") == "command"
    for link, ending in (("carol", ".flac"), ("MIDI", ".mid"), ("PDF", ".pdf")):
        with page.expect_download() as saved:
            page.locator(".jupyter-widgets").get_by_role("link", name=link).last.click()
        assert saved.value.suggested_filename.endswith(f"mended{ending}")


def check_widgets(page):
    """A button makes a carol; an answer leads to the next trial; a rating waits for marks."""
    assert page.locator(".jupyter-widgets").count() > 3
    page.get_by_label("style").first.select_option("organ")
    page.get_by_role("button", name="Make the carol").click()
    page.locator(".jupyter-widgets audio[aria-label*=organ]").wait_for(state="attached")
    page.locator(f".jupyter-widgets {ENGRAVED}").first.wait_for(state="attached")
    page.get_by_role("button", name="X is A").first.click()
    headings = "[...document.querySelectorAll('.widget-html h4')]"
    page.wait_for_function(f"{headings}.some(x => x.textContent.includes('Trial 2 of'))")
    save = page.get_by_role("button", name="Save and go on").first
    assert save.is_disabled(), "a rating is saved before anybody has rated"


def test_a_song_of_ones_own_is_uploaded_and_chosen(lab, home, browser, tone, tmp_path):
    """It comes in several pieces; what is no sound is told in a line, and changes nothing."""
    save_audio(tmp_path / "내 노래 #1.wav", tone(UPLOADED_S), AudioConfig.sample_rate)
    (tmp_path / "cut.mp3").write_bytes(b"no sound")
    write_notebook(home / "notebooks/upload.ipynb", CHOOSER)
    with opened("upload", lab, browser) as page:
        run_all(page)
        songs, files = page.get_by_label("song"), page.get_by_label("bring your own")
        files.set_input_files(tmp_path / "내 노래 #1.wav")
        page.get_by_text("내 노래 #1 is here").wait_for()
        assert chosen(songs) == "내 노래 #1"
        offered = songs.text_content()

        for name in ("cut.mp3", "cut.mp3"):  # the same again
            files.set_input_files(tmp_path / name)
            said = page.get_by_role("alert").filter(has_text=name)
            said.wait_for()
            assert "\n" not in said.text_content().strip() and str(home) not in said.text_content()
            page.wait_for_function("() => !document.querySelector('input[type=file]').disabled")
        assert chosen(songs) == "내 노래 #1" and songs.text_content() == offered

        page.evaluate(UNREADABLE)
        files.set_input_files(tmp_path / "내 노래 #1.wav")
        page.get_by_text("내 노래 #1.wav: the browser cannot read it: gone").wait_for()
    uploaded = home / "notebooks/runs/uploads/내 노래 #1.wav"
    assert uploaded.read_bytes() == (tmp_path / "내 노래 #1.wav").read_bytes()


def test_a_voice_that_is_uploaded_too_is_laid_over_the_carol(lab, home, browser, tmp_path):
    """A switch appears with it, and takes it away again; another song's voice is told in a line."""
    write(tmp_path / "우리 노래.wav", sung_voice() + band())
    write(tmp_path / "우리 노래.voice.wav", sung_voice())
    write_notebook(home / "notebooks/panel.ipynb", PANEL)
    with opened("panel", lab, browser) as page:
        run_all(page)
        files, switch = page.get_by_label("bring your own"), page.get_by_label("own voice")
        button = page.get_by_role("button", name="Make the carol")
        files.set_input_files(tmp_path / "우리 노래.wav")
        page.get_by_text("우리 노래 is here").wait_for()
        assert not switch.is_visible()
        files.set_input_files(tmp_path / "우리 노래.voice.wav")
        switch.wait_for()
        assert switch.is_checked() and chosen(page.get_by_label("song", exact=True)) == "우리 노래"

        for label in ("carol, bells, voice", "carol, bells"):
            switch.set_checked("voice" in label)
            button.click()
            page.locator(f".jupyter-widgets audio[aria-label='{label}']").wait_for(state="attached")
        check_players(page)
        check_widths(page, "panel")

        write(tmp_path / "우리 노래.voice.wav", 0 * sung_voice())
        files.set_input_files(tmp_path / "우리 노래.voice.wav")
        page.wait_for_function("() => !document.querySelector('input[type=file]').disabled")
        switch.set_checked(True)
        button.click()
        said = page.get_by_role("alert").filter(has_text="found silence")
        said.wait_for()
        assert "\n" not in said.text_content().strip()


def check_widths(page, name):
    """No output is wider than a window, small or large."""
    page.evaluate(WITHOUT_FOLDERS)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        screenshot(page, f"{name}-{width}")
        assert page.evaluate(WIDEST) <= 1, f"an output is wider than the page at {width} pixels"


def chosen(songs):
    chosen = songs.evaluate("list => list.selectedOptions[0].textContent")
    return " ".join(chosen.split())  # ipywidgets writes spaces that do not break


def write_notebook(path, code, outputs=()):
    import nbformat.v4 as nb

    cells = [nb.new_markdown_cell("A cell."), nb.new_code_cell(code, outputs=list(outputs))]
    path.write_text(json.dumps(nb.new_notebook(cells=cells)), encoding="utf-8")


def test_a_notebook_that_is_not_trusted_still_plays_and_shows(
    lab, home, browser, tone, monkeypatch
):
    """Opened again, without a cell run: scripts are taken out, files are where they were."""
    import nbformat.v4 as nb

    pytest.importorskip("verovio")
    monkeypatch.chdir(home / "notebooks")
    folder = home / "notebooks/runs/shown #1"
    song, score = folder / "song.wav", Score.of_sheet(composed(0, 8.0))
    save_audio(song, tone(score.grid.length_s), AudioConfig.sample_rate)
    shown = SongPage({"song": song}, write_sheets(score, folder, "song"))._repr_html_()
    output = nb.new_output("display_data", {"text/html": shown})
    write_notebook(home / "notebooks/shown.ipynb", "heard", [output])
    with opened("shown", lab, browser) as page:
        page.wait_for_function("() => document.querySelector('.jp-OutputArea img')?.naturalWidth")
        assert page.locator(ENGRAVED).count() == 0, "it is trusted"
        screenshot(page, "not-trusted")
        [sound], [sheet] = page.evaluate(SOUNDS), page.evaluate(PICTURES)
        assert sound["seconds"] == pytest.approx(score.grid.length_s, abs=0.1) and sound["at"] > 0
        assert min(sheet["natural"], sheet["shown"]) > 1000
        assert page.get_by_text(WITHOUT_SCRIPTS).is_visible()


def test_the_score_follows_the_player_and_the_player_the_score(site, browser, tone, tmp_path):
    pytest.importorskip("verovio")
    score = Score.of_sheet(composed(0, SONG_S))
    sheets = write_sheets(score, tmp_path / "score #1", "score")
    song = tmp_path / "song #1.wav"
    save_audio(song, tone(score.grid.length_s, amplitude=0.01), AudioConfig.sample_rate)
    assert len(sheets.pages) > 1
    shown = follower({"song": song}, sheets.pages, sheets.bars)
    (tmp_path / "page.html").write_text(
        f"<!DOCTYPE html><meta charset=utf-8>{shown}<p style='height:2000px'>", encoding="utf-8"
    )
    page = browser.new_page(viewport={"width": 900, "height": 800})
    page.set_default_timeout(20_000)
    crashes = []
    page.on("pageerror", lambda error: crashes.append(str(error)))
    page.goto(f"{site}/page.html")
    page.wait_for_function(f"n => ({N_BARS})() === n", arg=len(sheets.bars))
    assert page.evaluate(MARKS) == []
    check_marks(page, sheets.bars)
    check_clicks(page, sheets.bars)
    check_keys(page, sheets.bars)
    check_scrolling(page, sheets.bars)
    assert not crashes, f"JavaScript errors: {crashes}"
    page.close()


def check_marks(page, bars):
    """Wherever the player is moved to, the bar that sounds there is marked, named and seen."""
    for number in (0, len(bars) // 2, len(bars) - 1, 1):
        bar = bars[number]
        page.evaluate("s => { document.querySelector('audio').currentTime = s }", bar.start_s)
        wait_for_mark(page, bar)
        place = page.locator("[data-kcarol=place]").text_content()
        assert place.startswith(f"bar {bar.label}, "), place


def check_clicks(page, bars):
    """A click on a bar plays from there on, and the mark goes with the music. Who pauses before it
    sounds meets no error.
    """
    page.evaluate(
        "id => { document.getElementById(id).dispatchEvent(new MouseEvent('click', "
        "{bubbles: true})); document.querySelector('audio').pause() }",
        bars[3].id,
    )
    wait_for_mark(page, bars[3])
    for number in (len(bars) // 2, 2):
        page.evaluate("() => document.querySelector('audio').pause()")
        page.locator(f'[id="{bars[number].id}"]').click()
        wait_for_mark(page, bars[number])
        screenshot(page, f"follower-{number:02d}")
        player = "document.querySelector('audio')"
        assert not page.evaluate(f"{player}.paused")
        assert bars[number].start_s <= page.evaluate(f"{player}.currentTime")
        wait_for_mark(page, bars[number + 1])
        assert page.evaluate(f"{player}.currentTime") >= bars[number + 1].start_s - 0.01


def check_keys(page, bars):
    """Tab leads to the bar that sounds, arrows to others, Enter and space play from there on."""
    player, focused = "document.querySelector('audio')", "document.activeElement.id"
    page.evaluate(f"{player}.pause()")
    page.evaluate(f"s => {{ {player}.currentTime = s }}", bars[4].start_s)
    wait_for_mark(page, bars[4])
    page.evaluate(f"{player}.focus()")
    while page.evaluate("document.activeElement.tagName") != "g":
        page.keyboard.press("Tab")
    assert page.evaluate(focused) == bars[4].id
    for keys, key, number in ((["ArrowRight"], "Enter", 5), (["End", "ArrowLeft"], " ", -2)):
        for arrow in keys:
            page.keyboard.press(arrow)
        minutes, seconds = divmod(int(bars[number].start_s), 60)
        name = f"bar {bars[number].label}, at {minutes}:{seconds:02d}"
        assert page.evaluate(focused) == page.get_by_role("button", name=name).get_attribute("id")
        assert page.evaluate(OUTLINE) == "rgb(0, 114, 178)"
        page.evaluate(f"{player}.pause()")
        screenshot(page, f"follower-focus-{number:02d}")
        page.keyboard.press(key)
        wait_for_mark(page, bars[number])
        assert not page.evaluate(f"{player}.paused")


def check_scrolling(page, bars):
    """From page to page the score scrolls under its own frame alone, wherever one has scrolled."""
    page.evaluate("() => document.querySelector('audio').pause()")
    page.evaluate("() => window.scrollTo(0, 150)")
    for bar in bars[:: len(bars) // 4]:
        page.evaluate("s => { document.querySelector('audio').currentTime = s }", bar.start_s)
        wait_for_mark(page, bar)
        assert page.evaluate("window.scrollY") == 150


def wait_for_mark(page, bar):
    page.wait_for_function(f"id => String(({MARKS})()) === id", arg=bar.id)
    page.wait_for_function(SEEN, arg=bar.id)  # scrolling takes its time


def screenshot(page, name):
    if folder := os.environ.get("KCAROL_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def take_screenshots(page, name):
    """The notebook from top to bottom, a window at a time."""
    if not (folder := os.environ.get("KCAROL_SCREENSHOTS")):
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    page.evaluate(
        "() => window.jupyterapp.commands"
        ".execute('application:set-mode', {mode: 'single-document'})"
    )
    scroller = "[...document.querySelectorAll('.jp-WindowedPanel-outer')].find(x => x.clientHeight)"
    height = page.evaluate(f"() => {scroller}.scrollHeight")
    step = page.evaluate(f"() => {scroller}.clientHeight")
    for number, top in enumerate(range(0, height, step)):
        page.evaluate(f"y => {{ {scroller}.scrollTop = y }}", top)
        page.wait_for_timeout(300)
        page.screenshot(path=f"{folder}/{name}-{number:02d}.png")
