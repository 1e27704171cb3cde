"""The listening test in a notebook: players and buttons around `kcarol.notebook.listening_test`."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from kcarol.notebook.excerpts import equally_loud, excerpt, sound_url
from kcarol.notebook.listening_test import (
    AXES,
    OURS,
    REFERENCE,
    AbxTest,
    RatingTest,
    draw_abx,
    draw_ratings,
)
from kcarol.notebook.players import GROUP, SWITCH_BUTTON, player, players

WIDTH = "98%"  # all of the page, less the margins of a widget
OPEN_REFERENCE = "song"  # the system that is also played openly in a rating
TO_DO = {
    "abx": "Listen to A, B and X: X is one of the two. Press the button that says which; if you "
    "cannot tell, guess.",
    "rating": "Play the song, then each number, and set all its sliders: 0 is the worst, 100 the "
    "best that you can think of. The song itself and spoilt sounds are among the numbers.",
}
Stimuli = Mapping[str, Mapping[str, np.ndarray]]  # song -> system -> wave, see `excerpts`


def blind_test(stimuli: Stimuli, *arguments: Any, **options: Any):
    """A blind test as an ipywidgets VBox; arguments as of `start_test`."""
    import ipywidgets as widgets

    test = start_test(stimuli, *arguments, **options)
    controls = _abx_controls if test.kind == "abx" else _rating_controls
    message = widgets.HTML()
    box = widgets.VBox()
    box.add_class(GROUP)  # the players of a rating lie in different widgets

    def show_next() -> None:
        if test.done:
            text = html.escape(
                f"{test.summary()}\nsaved in {test.out}; another seed begins another test"
            )
            box.children = (widgets.HTML(f"<h4>Thank you</h4><pre>{text}</pre>"),)
        else:
            box.children = controls(test, stimuli, answer)

    def answer(choice) -> None:
        try:
            test.answer(choice)
        except Exception as error:  # Jupyter hides errors of callbacks: show it on the page
            message.value = f'<p role="alert">not saved: {html.escape(str(error))}</p>'
            box.children = (*[part for part in box.children if part is not message], message)
        else:
            show_next()

    show_next()
    return box


def start_test(
    stimuli: Stimuli,
    out: Path | str,
    kind: str = "abx",
    seed: int = 0,
    listener: str = "anonymous",
    n_trials: int | None = None,
) -> AbxTest | RatingTest:
    """A blind test without widgets; answers are appended to the CSV file `out`. Begun again with
    the same listener, seed and songs, it goes on after the last answer in `out`.

    kind: "abx" of two systems, or "rating" (MUSHRA-like) of several. stimuli: the same systems for
    each song, see `with_anchors`; ABX takes our carol and the reference if both exist, else the
    first two. ValueError for another kind, where a song lacks a system, or if `out` is a CSV of
    another kind.
    """
    songs = list(stimuli)
    names = list(dict.fromkeys(name for waves in stimuli.values() for name in waves))
    missing = [
        f"{song}: {name}" for song, waves in stimuli.items() for name in names if name not in waves
    ]
    if missing:
        raise ValueError(
            f"expected the same systems for each song, missing are {', '.join(missing)}"
        )
    if kind == "abx":
        pair = (OURS, REFERENCE) if {OURS, REFERENCE} <= set(names) else tuple(names[:2])
        return AbxTest(draw_abx(songs, pair, n_trials or 2 * len(songs), seed), out, seed, listener)
    if kind == "rating":
        trials = list(islice(draw_ratings(songs, names, seed), n_trials))
        return RatingTest(trials, out, seed, listener)
    raise ValueError(f"expected a test of kind abx or rating, found {kind!r}")


def trial_waves(test: AbxTest | RatingTest, stimuli: Stimuli) -> dict[str, np.ndarray]:
    """The waves of the present trial, under neutral labels."""
    trial, waves = test.trial, stimuli[test.trial.song]
    if test.kind == "abx":
        return {"A": waves[trial.a], "B": waves[trial.b], "X": waves[trial.x]}
    numbered = {str(n): waves[system] for n, system in enumerate(trial.order, start=1)}
    if OPEN_REFERENCE in waves:
        return {"the song (open)": waves[OPEN_REFERENCE], **numbered}
    return numbered


def _head(test: AbxTest | RatingTest) -> str:
    """Which trial it is and what to do."""
    return f"<h4>Trial {test.number + 1} of {len(test.trials)}</h4><p>{TO_DO[test.kind]}</p>"


def _abx_controls(test: AbxTest, stimuli: Stimuli, answer: Callable) -> tuple:
    """Three players and two buttons; no pictures, which would give answers away."""
    import ipywidgets as widgets

    page = players(trial_waves(test, stimuli), pictures=False).page
    buttons = [widgets.Button(description=f"X is {choice}") for choice in "AB"]
    for choice, button in zip("AB", buttons, strict=True):
        button.on_click(lambda _, choice=choice: answer(choice))
    # as wide as the widget, not as wide as all players in one row
    fitting = f'<div style="width:0;min-width:100%">{_head(test)}{page}</div>'
    return widgets.HTML(fitting, layout=widgets.Layout(width=WIDTH)), widgets.HBox(buttons)


def _rating_controls(test: RatingTest, stimuli: Stimuli, answer: Callable) -> tuple:
    """The open song, a player with its sliders for each number, and one button. No slider has a
    mark before it was moved, or marks would gather about where they begin.
    """
    import ipywidgets as widgets

    waves = {label: excerpt(wave) for label, wave in trial_waves(test, stimuli).items()}
    cells = {label: player(label, sound_url(w)) for label, w in equally_loud(waves).items()}
    numbers = [label for label in cells if label.isdigit()]
    song = "".join(cell for label, cell in cells.items() if label not in numbers)
    head = f'{_head(test)}<div style="max-width:27em">{song}</div>{SWITCH_BUTTON}'
    look = {"style": {"description_width": "7em"}, "layout": widgets.Layout(width=WIDTH)}
    sliders = {
        number: {
            axis: widgets.IntSlider(0, description=axis, readout=False, **look) for axis in AXES
        }
        for number in numbers
    }
    narrow = widgets.Layout(width="20em", max_width=WIDTH, margin="0 0 1em 0")
    columns = [
        widgets.VBox(
            [widgets.HTML(cells[number], layout=look["layout"]), *sliders[number].values()],
            layout=narrow,
        )
        for number in numbers
    ]
    save = widgets.Button(description="Save and go on", disabled=True)
    unset = {slider for row in sliders.values() for slider in row.values()}

    def mark_set(change) -> None:
        """A slider that was moved shows its mark; with all of them set, they can be saved."""
        change["owner"].readout = True
        unset.discard(change["owner"])
        save.disabled = bool(unset)

    def send(_) -> None:
        answer([{axis: slider.value for axis, slider in row.items()} for row in sliders.values()])

    for slider in tuple(unset):
        slider.observe(mark_set, "value")
    save.on_click(send)
    rows = widgets.HBox(columns, layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.HTML(head, layout=widgets.Layout(width=WIDTH)), rows, save
