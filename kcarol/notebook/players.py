"""Labelled audio players side by side, with spectrograms, and a switch that keeps the position."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kcarol.notebook import figures
from kcarol.notebook.excerpts import MAX_EMBEDDED_S, equally_loud, excerpt, rate_of, sound_url
from kcarol.notebook.figures.picture import in_lines
from kcarol.notebook.figures.spectrograms import DB_PER_NEPER
from kcarol.notebook.inspection import bands

GROUP = "kcarol-group"  # class of a box whose players are switched and stopped together
TO_HEAR = "Run the cell to hear them."  # where nothing but text is shown

# JavaScript of a player and of the button: only one player of a group sounds at a time
_ALL = f"(this.closest('.{GROUP}') || this.closest('[data-kcarol]')).querySelectorAll('audio')"
_ON_PLAY = f"""
window.kcarolLast = this;
{_ALL}.forEach(other => {{ if (other !== this) other.pause() }})
"""
_ON_SWITCH = f"""
const all = [...{_ALL}];
const playing = all.findIndex(audio => !audio.paused);
const from = playing < 0 ? Math.max(0, all.indexOf(window.kcarolLast)) : playing;
const next = all[(from + 1) % all.length];
const status = this.parentElement.querySelector('output');
next.currentTime = all[from].currentTime;
all[from].pause();
window.kcarolLast = next;
next.play().then(
    () => {{ status.textContent = 'playing: ' + next.getAttribute('aria-label') }},
    reason => {{ status.textContent = 'cannot play: ' + reason.message }})
"""
SWITCH_BUTTON = (
    f'<p><button type="button" onclick="{html.escape(_ON_SWITCH)}">Switch, same position</button> '
    '<output aria-live="polite"></output></p>'
)


@dataclass(frozen=True)
class Players:
    """A row of players: HTML, a one-line description, and the sounds' bands (F, M) by label."""

    page: str
    description: str
    bands: Mapping[str, np.ndarray] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return self.page

    def __repr__(self) -> str:
        return in_lines(f"{self.description}. {TO_HEAR}")


def players(
    sounds: Mapping[str, np.ndarray | str],
    captions: Mapping[str, str] | None = None,
    start_s: float = 0.0,
    length_s: float = MAX_EMBEDDED_S,
    sample_rate: int | Mapping[str, int] | None = None,
    pictures: bool = True,
    switch: bool = True,
) -> Players:
    """Players in a row, equally loud, each with its label, caption and spectrogram.

    sounds: waves (T,) or (2, T) by label, of which `length_s` (at most 8 s) from `start_s` are
    embedded, or URLs of files, which are played unchanged. sample_rate: of all or by label, in Hz;
    without, 16 kHz mono, 48 kHz stereo. ValueError without sounds, or for longer excerpts.
    """
    if not sounds:
        raise ValueError("expected at least one sound, found none")
    waves = {name: sound for name, sound in sounds.items() if not isinstance(sound, str)}
    rates = _rates_of(waves, sample_rate)
    waves = {name: excerpt(x, start_s, length_s, rates[name]) for name, x in waves.items()}
    waves = equally_loud(waves, rates)
    urls = {name: sound_url(wave, rates[name]) for name, wave in waves.items()}
    captions = captions or {}
    drawn = {name: bands(wave, rates[name]) for name, wave in waves.items()} if pictures else {}
    images = _thumbnails(drawn)
    cells = [
        player(name, urls.get(name, sound), captions.get(name, ""), images.get(name, ""))
        for name, sound in sounds.items()
    ]
    page = (
        '<div data-kcarol="players" role="group" aria-label="players"><div style="display:grid;'
        "grid-template-columns:repeat(auto-fit,minmax(17em,1fr));gap:1em;align-items:end;"
        f'max-width:{27 * len(cells)}em">{"".join(cells)}</div>'
        f"{SWITCH_BUTTON if switch and len(cells) > 1 else ''}</div>"
    )
    description = f"Players: {', '.join(sounds)}"
    if waves:
        seconds = max(wave.shape[-1] / rates[name] for name, wave in waves.items())
        description += f" ({seconds:.1f} s each, one loudness)"
    return Players(page, description, drawn)


def _rates_of(
    waves: Mapping[str, np.ndarray], sample_rate: int | Mapping[str, int] | None
) -> dict[str, int]:
    """Hz of each wave, as `players` is told it."""
    if isinstance(sample_rate, int):
        return dict.fromkeys(waves, sample_rate)
    return {name: rate_of(wave) for name, wave in waves.items()} | dict(sample_rate or {})


def player(label: str, url: str, caption: str = "", image: str = "") -> str:
    """One labelled player as HTML; `image` is HTML that stands below it."""
    label, caption = html.escape(label), html.escape(caption)
    return (
        f'<figure style="margin:0;min-width:0"><figcaption><b>{label}</b>'
        f'{": " if caption else ""}{caption}</figcaption><audio controls preload="metadata" '
        f'aria-label="{label}" src="{html.escape(url)}" style="width:100%" '
        f'onplay="{html.escape(_ON_PLAY)}"></audio>{image}</figure>'
    )


def _thumbnails(drawn: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Spectrograms of bands (F, M) as HTML, on one colour scale."""
    top_db = DB_PER_NEPER * max((rows.max() for rows in drawn.values()), default=0.0)
    return {name: figures.thumbnail(x, top_db, name)._repr_html_() for name, x in drawn.items()}
