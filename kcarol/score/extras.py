"""What notation cannot say of a score, as a text that travels with it.

The text holds the score itself: exact times, the record's level and tuning. It is stored in a
`<miscellaneous-field name="kcarol">` of MusicXML, and packed in its `<source>`, since MuseScore 3
drops the one and keeps the other; in a text event of MIDI.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kcarol.audio.loudness import Loudness
from kcarol.config import AudioConfig
from kcarol.model.vowels import VOWELS
from kcarol.score.notated import PER_QUARTER, Notated
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import (
    QUALITIES,
    SCALES,
    TOLERANCE,
    BarShape,
    Chord,
    LeadSheet,
    Metre,
    Note,
    Section,
    TimeGrid,
    Vowel,
)
from kcarol.transcription.song_level import LOUDEST_DB, SOFTEST_DB, SongLevel
from kcarol.transcription.transcription import MAX_METRE

FORMAT = 1
MOST_FRAMES = 24 * 3600 * 63  # of a record: a day
MOST_BYTES = 4 * MOST_FRAMES
MOST_EXCESS_S = 60.0  # of the last beat after the end of the record
PACKED = "kcarol:"
FIELD = "kcarol"  # name of the field or event that holds the text


# --- text


def extras_text(score: Score, paper: Notated) -> str:
    """One line of JSON that holds a score, and where its notes and chords are on `paper`."""
    sheet, grid, level = score.sheet, score.grid, score.level
    pauses_s = None if grid.pauses_s is None else grid.pauses_s.tolist()
    lufs = level.loudness.lufs
    return json.dumps(
        {
            "format": FORMAT,
            **{name: getattr(sheet, name) for name in PLAIN},
            "changes": [[m.start, m.beats_per_bar, m.division] for m in sheet.changes],
            "notes": [[n.start, n.length, n.pitch] for n in sheet.notes],
            "note_places": _places(paper.notes),
            "chords": [
                [c.start, c.length, c.root, c.quality, c.bass, c.silent] for c in sheet.chords
            ],
            "chord_places": _places(paper.chords),
            "sections": [asdict(section) for section in sheet.sections],
            "text": [[v.start, v.length, v.vowel, v.begins] for v in sheet.text],
            "bars": [[b.start, b.length, b.level_db, b.strokes_per_s] for b in sheet.bars],
            "beat_times_s": grid.beat_times_s.tolist(),
            "grid_swing": grid.swing,
            "pauses_s": pauses_s,
            "n_samples": level.n_samples,
            "loudness": [lufs if math.isfinite(lufs) else None, level.loudness.rms_db],
            "fade_db": _packed(level.fade_db),
            "loudness_db": _packed(level.loudness_db),
            "tuning_cents": _packed(score.tuning_cents),
        },
        separators=(",", ":"),
        allow_nan=False,
        default=float,
    )


def packed_text(text: str) -> str:
    """A text of `extras_text` as a word, shorter, for places that are meant for a few words."""
    return PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def unpacked_text(word: str) -> str:
    """Inverse of `packed_text`. ValueError, whose message is what was found."""
    try:
        packed = base64.b64decode(word.removeprefix(PACKED), validate=True)
        return _decompressed(packed).decode()
    except (zlib.error, UnicodeDecodeError, binascii.Error):
        raise ValueError("damaged values") from None


def _decompressed(packed: bytes) -> bytes:
    """At most MOST_BYTES of them."""
    decompressor = zlib.decompressobj()
    data = decompressor.decompress(packed, MOST_BYTES)
    if not decompressor.eof:
        raise ValueError("values that are too many or cut off")
    return data


PLAIN = (  # fields of a lead sheet that are stored as they are
    "title",
    "tempo_bpm",
    "beats_per_bar",
    "key",
    "mode",
    "swing",
    "accents",
    "division",
)


def _places(spans: Sequence) -> list[list[int]]:
    return [[_ticks(span.start), _ticks(span.length)] for span in spans]


def _ticks(quarters) -> int:
    return round(quarters * PER_QUARTER)


def _packed(values: np.ndarray) -> str:
    """(F,) float32 as text; neighbours are alike, so equal bytes are brought together."""
    planes = np.ascontiguousarray(values, np.float32).view(np.uint8).reshape(-1, 4).T
    return base64.b85encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")


def _unpacked(text: str, low: float, high: float) -> np.ndarray:
    planes = _decompressed(base64.b85decode(text))
    if len(planes) % 4:
        raise ValueError("an array that is cut off")
    values = np.frombuffer(planes, np.uint8).reshape(4, -1).T.copy().view(np.float32)[:, 0]
    if not ((values >= low) & (values <= high)).all():
        raise ValueError(f"values outside {low} to {high}")
    return values


# --- the text, read


@dataclass(frozen=True)
class Written:
    """A score as it was written, and where its notes and chords were on paper."""

    score: Score
    note_places: list[tuple[int, int]]  # start and length in ticks
    chord_places: list[tuple[int, int]]


def written_of(text: str) -> Written:
    """Inverse of `extras_text`.

    ValueError, whose message is what was found, for a text that is no such score.
    """
    try:
        found = _json_in(text)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError(f"no object of format {FORMAT}")
        return _written_of(found)
    except KeyError as error:
        raise ValueError(f"no {error.args[0]}") from None
    except (TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from None
    except (zlib.error, ZeroDivisionError):
        raise ValueError("damaged values") from None


def _json_in(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError:
        raise ValueError("no JSON") from None


def _no_number(name: str) -> float:
    raise ValueError(f"the number {name}")


def _written_of(found: Mapping) -> Written:
    sheet = LeadSheet(
        **{name: found[name] for name in PLAIN if name != "accents"},
        accents=tuple(found["accents"]),
        changes=tuple(Metre(*row) for row in found["changes"]),
        notes=tuple(Note(*row) for row in found["notes"]),
        chords=tuple(Chord(*row) for row in found["chords"]),
        sections=tuple(
            Section(**{**row, "accents": tuple(row["accents"])}) for row in found["sections"]
        ),
        bars=tuple(BarShape(*row) for row in found["bars"]),
        # files of before choirs sang have none
        text=tuple(Vowel(*row) for row in found.get("text", ())),
    )
    pauses_s = found["pauses_s"]
    grid = TimeGrid(
        np.array(found["beat_times_s"], float),
        sheet.beats_per_bar,
        float(found["grid_swing"]),
        None if pauses_s is None else np.array(pauses_s, float),
    )
    lufs, rms_db = found["loudness"]
    level = SongLevel(
        int(found["n_samples"]),
        Loudness(-math.inf if lufs is None else float(lufs), float(rms_db)),
        _unpacked(found["fade_db"], -200, 0),
        _unpacked(found["loudness_db"], SOFTEST_DB, LOUDEST_DB),
    )
    score = Score(sheet, grid, level, _unpacked(found["tuning_cents"], -1200, 1200))
    _check(score)
    written = Written(
        score,
        [(start, length) for start, length in found["note_places"]],
        [(start, length) for start, length in found["chord_places"]],
    )
    if len(written.note_places) != len(sheet.notes) or len(written.chord_places) != len(
        sheet.chords
    ):
        raise ValueError("notes or chords without a place")
    return written


def _check(score: Score) -> None:
    """ValueError for a score that could not be played."""
    sheet, times_s = score.sheet, score.grid.beat_times_s
    audio = AudioConfig()
    n_frames = audio.n_frames(score.level.n_samples)
    longest_s = score.level.n_samples / audio.sample_rate + MOST_EXCESS_S
    lengths = {
        len(values) for values in (score.level.fade_db, score.level.loudness_db, score.tuning_cents)
    }
    metres = [sheet.beats_per_bar, *(metre.beats_per_bar for metre in sheet.changes)]
    divisions = {sheet.division, *(metre.division for metre in sheet.changes)}
    spans = [*sheet.notes, *sheet.chords, *sheet.sections, *sheet.bars, *sheet.text]
    facts = {
        "no chords": len(sheet.chords) > 0,
        "another length of the record": lengths == {n_frames},
        "beats that do not rise": bool((np.diff(times_s) > 0).all()) and len(times_s) >= 2,
        "beats outside the record": times_s[0] >= 0 and times_s[-1] <= longest_s,
        "beats that end before the song": sheet.n_beats <= len(times_s) - 1 + TOLERANCE,
        "bars without beats": min(metres) >= 1 and max(metres) <= MAX_METRE,
        "parts of beats that are unknown": divisions <= {2, 3},
        "changes of metre that do not rise": bool(
            (np.diff([metre.start for metre in sheet.metres]) > 0).all()
        ),
        "pitches that are none": all(0 <= note.pitch <= 127 for note in sheet.notes),
        "vowels that are unknown": all(v.vowel in range(len(VOWELS)) for v in sheet.text),
        "chords that are unknown": all(chord.quality in QUALITIES for chord in sheet.chords),
        "an unknown key": sheet.mode in SCALES and sheet.key in range(12),
        "swing that is none": 0 <= sheet.swing < 1 and 0 <= score.grid.swing < 1,
        "lengths that are none": all(span.start >= 0 and span.length >= 0 for span in spans),
        "a tempo that is none": 0 < sheet.tempo_bpm < 10_000,
    }
    for fault, is_well in facts.items():
        if not is_well:
            raise ValueError(fault)
