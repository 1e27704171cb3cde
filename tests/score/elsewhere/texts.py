"""Small MusicXML texts, two divisions a quarter."""

import re

TYPES = {1: "eighth", 2: "quarter", 4: "half", 8: "whole"}
STEPS = re.compile(r"([A-G])(b|#)?(-?\d)")


def note(pitch, length=2, extra="", before=""):
    """Of "Eb4"; length in eighths. `before`, `extra`: elements before the pitch, at the end."""
    step, sign, octave = STEPS.fullmatch(pitch).groups()
    alter = {"b": "<alter>-1</alter>", "#": "<alter>1</alter>", None: ""}[sign]
    return (
        f"<note>{before}<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
        f"<duration>{length}</duration>{_type(length)}{extra}</note>"
    )


def _type(length):
    """Of some lengths, which may be dotted."""
    if length in TYPES:
        return f"<type>{TYPES[length]}</type>"
    return f"<type>{TYPES[2 * length / 3]}</type><dot/>" if 2 * length / 3 in TYPES else ""


def notes(*pitches, length=2, extra=""):
    return "".join(note(pitch, length, extra) for pitch in pitches)


def rest(length=8):
    return f"<note><rest/><duration>{length}</duration></note>"


def harmony(root, kind="major", inside=""):
    alter = "<root-alter>-1</root-alter>" if root[1:] == "b" else ""
    return (
        f"<harmony><root><root-step>{root[0]}</root-step>{alter}</root>"
        f"<kind>{kind}</kind>{inside}</harmony>"
    )


def words(text):
    return f"<direction><direction-type><words>{text}</words></direction-type></direction>"


def rehearsal(text):
    kind = f"<direction-type><rehearsal>{text}</rehearsal></direction-type>"
    return f"<direction>{kind}</direction>"


def tempo(quarters_a_minute):
    return f'<sound tempo="{quarters_a_minute}"/>'


def transpose(diatonic, chromatic):
    steps = f"<diatonic>{diatonic}</diatonic><chromatic>{chromatic}</chromatic>"
    return f"<transpose>{steps}</transpose>"


def barline(location, repeat="", ending=None, times=None):
    """With a repeat forward or backward, and an ending (number, start or stop)."""
    inside = f'<ending number="{ending[0]}" type="{ending[1]}"/>' if ending else ""
    if repeat:
        times = f' times="{times}"' if times else ""
        inside += f'<repeat direction="{repeat}"{times}/>'
    return f'<barline location="{location}">{inside}</barline>'


def measure(content, first=False, metre="", fifths=0, attributes=""):
    """With attributes if it is the `first`, or where `metre` changes."""
    if first or metre:
        beats, unit = (metre or "4/4").split("/")
        time = f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>"
        key = f"<key><fifths>{fifths}</fifths></key>" if first else ""
        attributes = f"<divisions>2</divisions>{key}{time}{attributes}"
    if attributes:
        attributes = f"<attributes>{attributes}</attributes>"
    return f"{attributes}{content}"


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
