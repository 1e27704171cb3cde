"""Numbers: the rows of an evaluation as a table, and values by name as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kcarol.notebook.figures.picture import BLUE, Picture

MORE_IS_BETTER = ("tune", "chord", "chroma", "onset_f", "beat_f", "retrieval", "note@1", "note@3")
LESS_IS_BETTER = ("mse", "lsd", "lsd_db", "style")
IN_DB = ("crest", "lsd_db")
LEGEND = "↑ more is better, ↓ less is better"
BASELINE_COLOUR, OWN_COLOUR = "#f2f2f2", "#cfe4f5"
OURS = "kcarol"  # the system whose rows stand out


def table(
    rows: Sequence[Mapping], columns: Sequence[str] | None = None, title: str = ""
) -> Picture:
    """Rows of an evaluation; columns without any value are left out. ValueError without rows."""
    if not rows:
        raise ValueError("expected at least one row, found none")
    columns = columns or dict.fromkeys(key for row in rows for key in row)
    columns = [name for name in columns if any(_text(row.get(name)) != "–" for row in rows)]
    texts = [[_text(row.get(name)) for name in columns] for row in rows]
    headings = [_heading(name) for name in columns]
    widths = [max(map(len, column)) + 2 for column in zip(headings, *texts, strict=True)]
    figure = Picture(
        f"table {title}: {len(rows)} rows, columns {', '.join(columns)}",
        (1 + 0.095 * sum(widths), 0.9 + 0.27 * (len(rows) + 1)),
        layout=None,
    )
    figure.suptitle(f"{title}   {LEGEND}", x=0.01, ha="left", fontsize=11)
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98 - 0.5 / figure.get_figheight()))
    axes.set_axis_off()
    is_ours = [row.get("system") == OURS for row in rows]
    drawn = axes.table(
        texts,
        cellColours=[[OWN_COLOUR if ours else BASELINE_COLOUR] * len(columns) for ours in is_ours],
        colLabels=headings,
        cellLoc="center",
        bbox=(0, 0, 1, 1),
        colWidths=widths,
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(10)
    for (row, _), cell in drawn.get_celld().items():
        if row and is_ours[row - 1]:  # weight, not colour alone, marks our rows
            cell.get_text().set_fontweight("bold")
    return figure


def _heading(name: str) -> str:
    """A column's name, its unit if it has one, and which way is better."""
    arrow = "↑" if name in MORE_IS_BETTER else "↓" if name in LESS_IS_BETTER else ""
    return f"{name}{', dB' if name in IN_DB else ''} {arrow}".strip()


def _text(value) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def bars(panels: Mapping[str, tuple[str, Mapping[str, float]]]) -> Picture:
    """Horizontal bars, a panel for each title: (unit, values by name), the first on top."""
    if not panels or not all(values for _, values in panels.values()):
        raise ValueError("expected at least one bar, found none")
    parts = [
        f"{title or 'bars'} in {unit}: {', '.join(values)}"
        for title, (unit, values) in panels.items()
    ]
    most_bars = max(len(values) for _, values in panels.values())
    width = 9 if len(panels) == 1 else 5.5 * len(panels)
    figure = Picture("; ".join(parts), (width, 0.9 + 0.38 * most_bars))
    columns = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, (unit, values)) in zip(columns, panels.items(), strict=True):
        numbers = [f"{x:,.3g}" if isinstance(x, float) else f"{x:,}" for x in values.values()]
        drawn = axes.barh(list(values), list(values.values()), color=BLUE)
        axes.bar_label(drawn, numbers, padding=3, fontsize=9)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter("{x:,.10g}")
        axes.margins(x=0.18)
        axes.set(xlabel=unit, title=title)
        axes.grid(axis="x", alpha=0.3)
    return figure
