"""Listening in notebooks: players, a comparison, a blind test. The only module that knows
ipywidgets and IPython.

What is decided (level, excerpt, order, scores) is decided by plain functions, here and in
`blindtest`; widgets only show it.
"""

from __future__ import annotations

import base64
import html
import io
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
import torch

from kcarol.audio.decoding import load_audio
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import loudness_db, loudness_lufs
from kcarol.config import AudioConfig
from kcarol.notebook import plotting
from kcarol.notebook.listening_test import (
    AXES,
    OURS,
    REFERENCE,
    AbxTest,
    RatingTest,
    abx_line,
    abx_summary,
    draw_abx,
    draw_ratings,
    rating_summary,
    rating_table,
    read_results,
    with_anchors,
)

__all__ = [
    "AXES",
    "AbxTest",
    "Comparison",
    "RatingTest",
    "abx_line",
    "abx_summary",
    "blind_test",
    "compare",
    "draw_abx",
    "draw_ratings",
    "excerpt",
    "is_smoke",
    "matched",
    "players",
    "project_root",
    "rating_summary",
    "rating_table",
    "read_results",
    "show",
    "start_test",
    "trial_waves",
    "with_anchors",
]

MOST_EMBEDDED_S = 8.0  # of sound in a notebook: a third of a megabyte
FADE_S = 0.01  # at the ends of an excerpt, or they click
LOUDEST_LUFS = -18.0  # of what is compared, if no peak is in the way
HEARD_S = 90.0  # of a song that `compare` converts
SONG = "song"  # the system that is the open reference of a rating
# JupyterLab breaks longer printed lines in the middle of a word (its `pre` has word-break: break-
# all)
PRINTED_COLUMNS = 96
GROUP = "kcarol-group"  # class of a box whose players are switched and stopped together

# one sound at a time
_GROUP = f"(this.closest('.{GROUP}') || this.closest('[data-kcarol]'))"
_STOP_OTHERS = _GROUP + ".querySelectorAll('audio').forEach(x => {if (x !== this) x.pause()})"
# from the player that sounds, or did last, to the next, at the same position
_SWITCH = (
    f"const all = [...{_GROUP}.querySelectorAll('audio')];"
    "const on = all.findIndex(x => !x.paused), from = on < 0 ? Math.max(0, all.indexOf(window.kcarolLast)) : on;"
    "const to = all[(from + 1) % all.length]; to.currentTime = all[from].currentTime; all[from].pause(); window.kcarolLast = to;"
    "const said = this.parentElement.querySelector('output');"
    "to.play().then(() => {said.textContent = 'playing: ' + to.getAttribute('aria-label')},"
    " reason => {said.textContent = 'cannot play: ' + reason.message})"
)


# --- for notebooks --------------------------------------------------------------------------------
# -------------------


def project_root() -> Path:
    """The folder with pyproject.toml and data/ at or above the working directory, else that of the
    installed code.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "pyproject.toml").is_file() and (folder / "data").is_dir():
            return folder
    raise FileNotFoundError(
        f"{here}: expected kcarol's repository here or above, found none: start JupyterLab inside it"
    )


def is_smoke() -> bool:
    """Whether notebooks run in small, to see that they work: KCAROL_SMOKE, on unless it is 0 or
    empty.
    """
    return os.environ.get("KCAROL_SMOKE", "1") not in ("", "0")


def show(figure: plotting.Figure) -> None:
    """Display a figure, and print what it shows: read by screen readers, and compared when
    notebooks are tested.
    """
    from IPython.display import HTML, display

    text = plotting.describe(figure)
    print(textwrap.fill(text, PRINTED_COLUMNS, break_long_words=False, break_on_hyphens=False))
    display(HTML(plotting.image_html(figure, text)))


# --- sound ----------------------------------------------------------------------------------------
# -------------------


def excerpt(
    wave: np.ndarray,
    start_s: float = 0.0,
    length_s: float = MOST_EMBEDDED_S,
    sample_rate: int = AudioConfig.sample_rate,
) -> np.ndarray:
    """The span of (T,) from `start_s`, faded at both ends; moved to the left where the wave ends
    before it.
    """
    n = min(len(wave), round(length_s * sample_rate))
    start = min(max(0, round(start_s * sample_rate)), len(wave) - n)
    piece = np.array(wave[start : start + n], dtype=np.float32)
    ramp = np.linspace(0, 1, min(n // 2, round(FADE_S * sample_rate)), dtype=np.float32)
    piece[: len(ramp)] *= ramp
    piece[len(piece) - len(ramp) :] *= ramp[::-1]
    return piece


def matched(
    waves: Mapping[str, np.ndarray], sample_rate: int = AudioConfig.sample_rate
) -> dict[str, np.ndarray]:
    """Waves (T,) turned to one loudness, at most LOUDEST_LUFS, and such that no peak is above 1;
    silence stays silent.

    By LUFS (ITU-R BS.1770); by rms for all where one is under 0.4 s, or too soft for that.
    """
    sounding = {name: wave for name, wave in waves.items() if len(wave) and np.any(wave)}
    levels = {name: loudness_lufs(wave, sample_rate) for name, wave in sounding.items()}
    if not np.isfinite(list(levels.values())).all():
        levels = {name: loudness_db(wave) for name, wave in sounding.items()}
    headroom = {
        name: levels[name] - 20 * np.log10(np.abs(wave).max()) for name, wave in sounding.items()
    }
    target = min([LOUDEST_LUFS, *headroom.values()])
    gains = {name: 10 ** ((target - level) / 20) for name, level in levels.items()}
    return {
        name: (np.asarray(wave) * gains.get(name, 0.0)).clip(-1, 1).astype(np.float32)
        for name, wave in waves.items()
    }


def sound_url(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> str:
    """(T,) as a data URL of a 16-bit WAV. ValueError for more than MOST_EMBEDDED_S: give a player a
    file's URL instead.
    """
    if len(wave) > (MOST_EMBEDDED_S + 0.01) * sample_rate:
        raise ValueError(
            f"expected at most {MOST_EMBEDDED_S:g} s to embed, found {len(wave) / sample_rate:.1f} s: cut it, or "
            "give the file's URL"
        )
    data = io.BytesIO()
    soundfile.write(data, np.clip(wave, -1, 1), sample_rate, "PCM_16", format="WAV")
    return "data:audio/wav;base64," + base64.b64encode(data.getvalue()).decode()


# --- players --------------------------------------------------------------------------------------
# -------------------


@dataclass(frozen=True)
class Players:
    """A row of players, ready to be displayed."""

    page: str  # HTML
    description: str

    def _repr_html_(self) -> str:
        return self.page

    def __repr__(self) -> str:
        return self.description


def players(
    sounds: Mapping[str, np.ndarray | str],
    captions: Mapping[str, str] | None = None,
    start_s: float = 0.0,
    length_s: float = MOST_EMBEDDED_S,
    sample_rate: int = AudioConfig.sample_rate,
    pictures: bool = True,
    switch: bool = True,
) -> Players:
    """Players in a row, of one loudness, each with its label, caption and spectrogram, and a switch
    that keeps the position.

    sounds: waves (T,) by label, of which `length_s` (at most 8 s) from `start_s` are embedded; or
    URLs, which are heard as they are. `pictures` share one colour scale. ValueError without sounds,
    or for a longer excerpt.
    """
    if not sounds:
        raise ValueError("expected at least one sound, found none")
    cut = {
        name: excerpt(wave, start_s, length_s, sample_rate)
        for name, wave in sounds.items()
        if not isinstance(wave, str)
    }
    cut = matched(cut, sample_rate)
    cells = _cells(
        {**sounds, **cut},
        captions or {},
        _pictures(cut, sample_rate) if pictures and cut else {},
        sample_rate,
    )
    row = (
        f'<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(17em,1fr));gap:1em;align-items:end;'
        f'max-width:{27 * len(cells)}em">{"".join(cells.values())}</div>'
    )
    button = _switch_button() if switch and len(cells) > 1 else ""
    page = f'<div data-kcarol="players" role="group" aria-label="players">{row}{button}</div>'
    seconds = max([len(wave) for wave in cut.values()], default=0) / sample_rate
    return Players(
        page,
        f"players: {', '.join(sounds)}" + (f" ({seconds:.1f} s each, one loudness)" if cut else ""),
    )


def _cells(
    sounds: Mapping[str, np.ndarray | str],
    captions: Mapping[str, str],
    images: Mapping[str, str],
    sample_rate: int,
) -> dict[str, str]:
    """A labelled player as HTML for each sound, which is a URL, or a wave (T,) that is embedded as
    it is.
    """
    urls = {
        name: sound if isinstance(sound, str) else sound_url(sound, sample_rate)
        for name, sound in sounds.items()
    }
    return {
        name: _cell(name, captions.get(name, ""), url, images.get(name, ""))
        for name, url in urls.items()
    }


def _switch_button() -> str:
    return (
        f'<p><button type="button" onclick="{html.escape(_SWITCH, quote=True)}">Switch, same position</button> '
        '<output aria-live="polite"></output></p>'
    )


def _cell(name: str, caption: str, url: str, image: str) -> str:
    label, text, url = (
        html.escape(name, quote=True),
        html.escape(caption),
        html.escape(url, quote=True),
    )
    return (
        f'<figure style="margin:0;min-width:0"><figcaption><b>{label}</b>'
        f'{f": {text}" if text else ""}</figcaption><audio controls preload="metadata" aria-label="{label}" src="{url}" '
        f'style="width:100%" onplay="window.kcarolLast = this; {html.escape(_STOP_OTHERS, quote=True)}"></audio>{image}</figure>'
    )


def _pictures(waves: Mapping[str, np.ndarray], sample_rate: int) -> dict[str, str]:
    """Spectrograms of waves at the project's own sample rate, on one colour scale; none for sounds
    at other rates.
    """
    cfg = AudioConfig()
    if sample_rate != cfg.sample_rate:
        return {}
    log_mel = LogMel(cfg)
    with torch.inference_mode():
        mels = {name: log_mel(torch.from_numpy(wave)).numpy() for name, wave in waves.items()}
    top = max(plotting.level_db(mel) for mel in mels.values())
    figures = {name: plotting.thumbnail(mel, top, cfg, name) for name, mel in mels.items()}
    return {
        name: plotting.image_html(figure, plotting.describe(figure))
        for name, figure in figures.items()
    }


# --- comparison -----------------------------------------------------------------------------------
# -------------------


class Comparison:
    """Songs beside their carols: what `compare` shows, without its widgets. Conversions are kept,
    so that changes are quick.
    """

    def __init__(
        self,
        songs: Mapping[str, np.ndarray | Path | str],
        converter,
        styles: Sequence[str] | None = None,
        length_s: float = MOST_EMBEDDED_S,
    ):
        """`songs`: waves (T,) at 16 kHz, or files, by name. `converter`: a `convert.Converter`, or
        a function of wave, style and strength, then with `styles`. ValueError without songs or
        styles.
        """
        self.songs, self.length_s = dict(songs), length_s
        self.styles = list(styles if styles is not None else getattr(converter, "styles", ()))
        if not self.songs or not self.styles:
            raise ValueError(
                f"expected songs and styles, found {list(self.songs)} and {self.styles}"
            )
        self.convert: Callable = getattr(converter, "convert", converter)
        self._carols: dict[tuple, np.ndarray] = {}

    def song(self, name: str) -> np.ndarray:
        """(T,), its first HEARD_S; a file is read once."""
        if isinstance(self.songs[name], (str, Path)):
            self.songs[name] = load_audio(self.songs[name], duration_s=HEARD_S)
        return self.songs[name]

    def carol(self, name: str, style: str, strength: float = 1.0) -> np.ndarray:
        """(T,) of the whole song: tune, beat and chords are decided over all of it."""
        key = (name, style, round(strength, 3))
        if key not in self._carols:
            self._carols[key] = self.convert(self.song(name), style, strength)
        return self._carols[key]

    def waves(
        self, name: str, style: str, strength: float = 1.0, start_s: float = 0.0
    ) -> dict[str, np.ndarray]:
        """Song and carol over the same excerpt, ready for `players`."""
        pair = {SONG: self.song(name), f"carol, {style}": self.carol(name, style, strength)}
        return {label: excerpt(wave, start_s, self.length_s) for label, wave in pair.items()}

    def last_start_s(self, name: str) -> float:
        """The latest beginning of an excerpt, seconds."""
        return max(0.0, len(self.song(name)) / AudioConfig.sample_rate - self.length_s)

    def page(self, name: str, style: str, strength: float = 1.0, start_s: float = 0.0) -> str:
        """The players as HTML."""
        captions = {
            SONG: f"{name}, from {start_s:g} s",
            f"carol, {style}": f"strength {strength:g}",
        }
        return players(
            self.waves(name, style, strength, start_s), captions, length_s=self.length_s
        ).page


def compare(
    songs: Mapping[str, np.ndarray | Path | str],
    converter,
    styles: Sequence[str] | None = None,
    length_s: float = MOST_EMBEDDED_S,
):
    """Widgets to choose song, style, strength and excerpt, and to hear and see song and carol.
    Arguments as of `Comparison`.

    Returns an ipywidgets VBox. Without a kernel it does nothing;
    `players(Comparison(...).waves(...))` is its static twin.
    """
    import ipywidgets as widgets

    comparison = Comparison(songs, converter, styles, length_s)
    wide = {
        "style": {"description_width": "6em"},
        "layout": widgets.Layout(width="32em", max_width="100%"),
    }
    song = widgets.Dropdown(options=list(comparison.songs), description="song", **wide)
    style = widgets.Dropdown(options=comparison.styles, description="style", **wide)
    strength = widgets.FloatSlider(
        1.0, min=0, max=1, step=0.25, description="strength", continuous_update=False, **wide
    )
    start = widgets.FloatSlider(
        0,
        min=0,
        max=comparison.last_start_s(song.value),
        step=0.5,
        description="from, s",
        continuous_update=False,
        readout_format=".1f",
        **wide,
    )
    page = widgets.HTML()

    def draw(change=None) -> None:
        try:
            if change and change["owner"] is song:
                start.max = comparison.last_start_s(song.value)
            page.value = comparison.page(song.value, style.value, strength.value, start.value)
        # nobody sees what a callback raises: said where the sound would be
        except Exception as error:
            page.value = f"<p>{html.escape(str(error))}</p>"

    for control in (song, style, strength, start):
        control.observe(draw, "value")
    draw()
    return widgets.VBox([song, style, strength, start, page])


# --- blind test -----------------------------------------------------------------------------------
# -------------------


def blind_test(
    stimuli: Mapping[str, Mapping[str, np.ndarray]],
    out: Path | str,
    kind: str = "abx",
    seed: int = 0,
    listener: str = "anonymous",
    n_trials: int | None = None,
    systems: Sequence[str] | None = None,
):
    """A blind test as widgets, answers appended to the CSV `out`: "abx" of two systems, or "rating"
    (MUSHRA-like) of several.

    stimuli: song -> system -> wave (T,) at 16 kHz, the same systems for each song (see
    `with_anchors`). `systems`: which of them; by default all in a rating, and in ABX our carol
    against the reference where there are both, else the first two. In a rating the system "song" is
    also played openly. Returns an ipywidgets VBox; `start_test` is the test without widgets.
    """
    import ipywidgets as widgets

    test = start_test(stimuli, out, kind, seed, listener, n_trials, systems)
    box, said, controls = (
        widgets.VBox(),
        widgets.HTML(),
        _abx_controls if kind == "abx" else _rating_controls,
    )
    box.add_class(GROUP)  # players of a rating lie in different widgets

    def go_on(error: Exception | None = None) -> None:
        if error:
            said.value = f'<p role="alert">not saved: {html.escape(str(error))}</p>'
            box.children = (*[part for part in box.children if part is not said], said)
        elif test.done:
            text = html.escape(f"{test.summary()}\nsaved in {test.out}")
            box.children = (widgets.HTML(f"<h4>Thank you</h4><pre>{text}</pre>"),)
        else:
            box.children = controls(widgets, test, stimuli, go_on)

    go_on()
    return box


def start_test(
    stimuli: Mapping[str, Mapping[str, np.ndarray]],
    out: Path | str,
    kind: str = "abx",
    seed: int = 0,
    listener: str = "anonymous",
    n_trials: int | None = None,
    systems: Sequence[str] | None = None,
) -> AbxTest | RatingTest:
    """The trials of a test, drawn from the seed. ValueError for another kind, or where a song lacks
    a system.
    """
    songs = list(stimuli)
    names = list(systems or dict.fromkeys(name for waves in stimuli.values() for name in waves))
    if missing := [
        f"{song}: {name}" for song, waves in stimuli.items() for name in names if name not in waves
    ]:
        raise ValueError(
            f"expected the same systems for each song, missing are {', '.join(missing)}"
        )
    if kind == "abx":
        pair = tuple(
            systems or ([OURS, REFERENCE] if {OURS, REFERENCE} <= set(names) else names[:2])
        )
        return AbxTest(draw_abx(songs, pair, n_trials or 2 * len(songs), seed), out, seed, listener)
    if kind == "rating":
        return RatingTest(
            list(islice(draw_ratings(songs, names, seed), n_trials)), out, seed, listener
        )
    raise ValueError(f"expected a test of kind abx or rating, found {kind!r}")


def trial_waves(
    test: AbxTest | RatingTest, stimuli: Mapping[str, Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """What is heard in the trial at hand, under labels that give nothing away, (T,) each."""
    trial, waves = test.trial, stimuli[test.trial.song]
    if test.kind == "abx":
        return {"A": waves[trial.a], "B": waves[trial.b], "X": waves[trial.x]}
    open_song = {"the song (open)": waves[SONG]} if SONG in waves else {}
    return open_song | {
        str(number): waves[system] for number, system in enumerate(trial.order, start=1)
    }


def trial_page(test: AbxTest | RatingTest, stimuli: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """Players of the trial at hand, as HTML; no pictures, which would give answers away."""
    return players(trial_waves(test, stimuli), pictures=False).page


def _title(test: AbxTest | RatingTest) -> str:
    return f"<h4>Trial {test.number + 1} of {len(test.trials)}</h4>"


def _abx_controls(widgets, test: AbxTest, stimuli: Mapping, go_on: Callable) -> tuple:
    """Three players and two buttons."""
    buttons = [
        _button(widgets, f"X is {choice}", lambda choice=choice: test.answer(choice), go_on)
        for choice in ("A", "B")
    ]
    return widgets.HTML(_title(test) + trial_page(test, stimuli)), widgets.HBox(buttons)


def _rating_controls(widgets, test: RatingTest, stimuli: Mapping, go_on: Callable) -> tuple:
    """The open song, a player with its sliders for each number, and one button."""
    cut = matched({label: excerpt(wave) for label, wave in trial_waves(test, stimuli).items()})
    cells = _cells(cut, {}, {}, AudioConfig.sample_rate)
    numbers = [str(number) for number, _ in enumerate(test.trial.order, start=1)]
    song = "".join(cell for label, cell in cells.items() if label not in numbers)
    head = widgets.HTML(f'{_title(test)}<div style="max-width:27em">{song}</div>{_switch_button()}')
    wide = {"style": {"description_width": "7em"}, "layout": widgets.Layout(width="98%")}
    slider = lambda axis: widgets.IntSlider(50, min=0, max=100, description=axis, **wide)  # noqa: E731
    sliders = [{axis: slider(axis) for axis in AXES} for _ in numbers]
    narrow = widgets.Layout(width="20em", margin="0 0 1em 0")
    columns = [
        widgets.VBox([widgets.HTML(cells[number]), *given.values()], layout=narrow)
        for number, given in zip(numbers, sliders, strict=True)
    ]

    def save() -> None:
        test.answer([{axis: control.value for axis, control in given.items()} for given in sliders])

    rows = widgets.HBox(columns, layout=widgets.Layout(flex_flow="row wrap"))
    return head, rows, _button(widgets, "Save and go on", save, go_on)


def _button(
    widgets, text: str, act: Callable[[], object], go_on: Callable[[Exception | None], None]
):
    button = widgets.Button(description=text)

    def click(_) -> None:
        try:
            act()
        except Exception as error:  # nobody sees what a callback raises
            go_on(error)
        else:
            go_on(None)

    button.on_click(click)
    return button
