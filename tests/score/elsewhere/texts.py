"""Small MusicXML texts, two divisions a quarter."""

import re

STEPS = re.compile(r"([A-G])(b|#)?(-?\d)")


def note(pitch, length=2, extra="", before=""):
    """Of "Eb4"; length in eighths. `before`, `extra`: elements before the pitch, at the end."""
    step, sign, octave = STEPS.fullmatch(pitch).groups()
    alter = {"b": "<alter>-1</alter>", "#": "<alter>1</alter>", None: ""}[sign]
    return (
        f"<note>{before}<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
        f"<duration>{length}</duration>{extra}</note>"
    )


def rest(length=8):
    return f"<note><rest/><duration>{length}</duration></note>"


def harmony(root, kind="major", inside=""):
    alter = "<root-alter>-1</root-alter>" if root[1:] == "b" else ""
    return (
        f"<harmony><root><root-step>{root[0]}</root-step>{alter}</root>"
        f"<kind>{kind}</kind>{inside}</harmony>"
    )


def measure(content, first=False, metre="4/4", fifths=0, attributes="", right=""):
    """With attributes if it is the `first`, or where `metre` changes."""
    if first:
        beats, unit = metre.split("/")
        attributes = (
            f"<divisions>2</divisions><key><fifths>{fifths}</fifths></key>"
            f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>{attributes}"
        )
    if attributes:
        attributes = f"<attributes>{attributes}</attributes>"
    return f"{attributes}{content}{right}"


def part(measures, name="Music"):
    return name, measures


def written(*measures, parts=()):
    """A score of one part with these measures, or of `parts`."""
    parts = parts or [part(measures)]
    names = "".join(
        f'<score-part id="P{n}"><part-name>{name}</part-name></score-part>'
        for n, (name, _) in enumerate(parts)
    )
    music = "".join(
        f'<part id="P{n}">'
        + "".join(f'<measure number="{i}">{m}</measure>' for i, m in enumerate(some, 1))
        + "</part>"
        for n, (_, some) in enumerate(parts)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<score-partwise version="3.1"><part-list>{names}</part-list>{music}</score-partwise>'
    )
