"""The demo set as files: six songs and a carol for `data/raw`, and each song's own carol for
evaluation.

`python -m kcarol.corpus.dataset.demo_set data` writes all of it. Needs FluidSynth and the soundfont
of the carols.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.audio.files import write_text
from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.humanise import TAIL_S
from kcarol.corpus.arrangement.pop.arrange import PopArrangement, arrange_pop
from kcarol.corpus.arrangement.realised_sheet import as_played
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.dataset.pop_record import render_pop
from kcarol.corpus.dataset.sound_file import write_sound
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS, WrittenSong, demo_carol
from kcarol.corpus.mixing.room import reverb
from kcarol.corpus.mixing.settings import MixSettings
from kcarol.corpus.tables import floats, read_table
from kcarol.dataset.labels import SONG_LABELS_FILE, Labels, save_labels
from kcarol.synthesis.carol import render_carol
from kcarol.transcription.form.bar_shapes import as_composed, measured
from kcarol.transcription.lead_sheet import LeadSheet, Part, TimeGrid

SAMPLE_RATE = 44_100  # Hz
STYLE = "bells"  # of all carols of the demo set
# of the songs' sampled instruments; the carols have their own
SONG_SOUNDFONT = "FluidR3Mono_GM.sf3"
DRIFT = 0.002  # of the tempo: nearly steady
FADE_S = 0.5  # at the end of each recording
PEAK = 0.89  # of the carol, as of the songs
# libsndfile's scale: some 90 kbit/s in stereo, so that data/ stays small
COMPRESSION = {".mp3": 0.7, ".ogg": 0.8}
CAROL_RATE = AudioConfig.full_rate
HALL_RT60_S, HALL_DAMPING = 2.0, 0.6  # of the demo carol


@dataclass(frozen=True)
class DemoSong:
    """A demo song before it is rendered: everything the two arrangements share."""

    title: str
    sheet: LeadSheet  # as its band plays it
    grid: TimeGrid
    arrangement: PopArrangement | None  # None: it has no band
    rng: np.random.Generator

    @classmethod
    def of(cls, song: WrittenSong) -> DemoSong:
        rng = np.random.default_rng(song.seed)
        sheet = song.sheet
        grid = TimeGrid.of(sheet, rng, DRIFT)
        arrangement = None
        if song.hints is not None:
            arrangement = _in_studio(arrange_pop(sheet, grid, rng, song.hints))
            sheet = as_played(sheet, arrangement, grid)
        return cls(sheet.title, sheet, grid, arrangement, rng)

    @property
    def length_s(self) -> float:
        """Seconds until the last sound has ended."""
        return self.grid.length_s + TAIL_S

    def labels(self, cfg: AudioConfig) -> Labels:
        n_frames = cfg.n_frames(round(self.length_s * cfg.sample_rate))
        return sheet_labels(self.sheet, self.grid, cfg, n_frames)


def _in_studio(arrangement: PopArrangement) -> PopArrangement:
    """The band in tune, panned by the table of seats."""
    parts = tuple(_seated(part) for part in arrangement.parts)
    tune_level_db = _seat("lead")[0]
    return replace(
        arrangement,
        parts=parts,
        tuning_cents=0.0,
        drift_cents_per_s=0.0,
        tune_level_db=tune_level_db,
    )


def _seated(part: Part) -> Part:
    gain_db, pan = _seat(part.name)
    return replace(part, gain_db=gain_db, pan=pan)


def _seat(name: str) -> tuple[float, ...]:
    """Gain in dB and pan of a part."""
    seats = read_table("dataset", "demo_mix.ini")["seats"]
    return floats(seats.get(name) or seats[name.rstrip("0123456789")])


def _mix_settings(title: str) -> MixSettings:
    table = read_table("dataset", "demo_mix.ini")
    settings = {**table["studio"], **table[title]}
    return MixSettings(**{name: float(value) for name, value in settings.items()})


def file_name(title: str) -> str:
    """ "Snowlit Signal" -> "snowlit-signal"."""
    return title.lower().replace(" ", "-")


def demo_labels(title: str, cfg: AudioConfig | None = None) -> Labels:
    """Labels of a demo song; needs neither files nor the synthesiser. KeyError for other titles."""
    return DemoSong.of(DEMO_SONGS[title]).labels(cfg or AudioConfig())


def label_events(song: WrittenSong) -> dict:
    """Labels of a demo song as events in seconds, for JSON: tune (start, end, MIDI pitch), chords
    (start, end, pitch classes, bass), beats, downbeats.
    """
    demo = DemoSong.of(song)
    sheet = demo.sheet

    def span_s(start: float, length: float) -> list[float]:
        return [round(float(t), 4) for t in demo.grid.time_s([start, start + length])]

    beats_s = [round(float(t), 4) for t in demo.grid.time_s(np.arange(int(sheet.n_beats)))]
    return {
        "title": demo.title,
        "style": STYLE,
        "length_s": round(demo.length_s, 4),
        "tune": [[*span_s(note.start, note.length), note.pitch] for note in sheet.notes],
        "chords": [
            [*span_s(chord.start, chord.length), list(chord.pitch_classes), chord.bass_class]
            for chord in sheet.chords
        ],
        "beats_s": beats_s,
        "downbeats_s": beats_s[:: sheet.beats_per_bar],
    }


def render_song(song: WrittenSong, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """A demo song as a stereo record, (T, 2) float32, peak below 1."""
    demo = DemoSong.of(song)
    settings = _mix_settings(demo.title)
    record = render_pop(
        demo.arrangement,
        demo.length_s,
        sample_rate,
        SONG_SOUNDFONT,
        demo.rng,
        settings,
        stereo=True,
    )
    return _faded(record[:, : round(demo.length_s * sample_rate)].T, sample_rate)


def render_own_carol(song: WrittenSong) -> np.ndarray:
    """The carol that a demo song should become, (T, 2) float32 at CAROL_RATE, as long as the song;
    dry, as the networks learn carols.
    """
    cfg = AudioConfig()
    record = soxr.resample(render_song(song).mean(1), SAMPLE_RATE, cfg.sample_rate)
    demo = DemoSong.of(song)
    sheet = measured(demo.sheet, demo.grid, record, cfg)
    return _rendered(demo, arrange_carol(sheet, demo.grid, STYLES[STYLE]))


def render_demo_carol() -> np.ndarray:
    """The demo carol in a hall, (T, 2) float32 at CAROL_RATE, peak below 1."""
    demo, style = DemoSong.of(demo_carol()), STYLES[STYLE]
    dry = _rendered(demo, arrange_carol(as_composed(demo.sheet), demo.grid, style))
    hall = reverb(dry.T, CAROL_RATE, HALL_RT60_S, style.hall, demo_carol().seed, HALL_DAMPING)
    return _faded(hall.T * (PEAK / np.abs(hall).max()), CAROL_RATE)


def _rendered(demo: DemoSong, parts: Sequence[Part]) -> np.ndarray:
    carol = render_carol(parts, demo.length_s, CAROL_RATE)
    return _faded(carol.T * (PEAK / np.abs(carol).max()), CAROL_RATE)


def _faded(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """(T,) or (T, channels) with its last FADE_S faded out."""
    n = round(FADE_S * sample_rate)
    curve = np.ones(len(wave), np.float32)
    curve[-n:] = np.cos(np.linspace(0, np.pi / 2, n)) ** 2
    return (wave.T * curve).T.astype(np.float32)


def write_demo(out: Path, sample_rate: int = SAMPLE_RATE) -> list[Path]:
    """Writes `out`/raw/kpop, `out`/raw/carol and `out`/demo_carols in stereo; returns the files.

    The same sound every time. Raises RenderError without the synthesiser.
    """
    out = Path(out)
    written = []
    for number, song in enumerate(DEMO_SONGS.values()):
        written += _write_song(out, song, (".mp3", ".ogg")[number % 2], sample_rate)
    written.append(write_demo_labels(out / "demo_carols"))
    carol = out / "raw" / "carol" / f"{file_name(demo_carol().sheet.title)}.ogg"
    write_sound(carol, render_demo_carol(), CAROL_RATE, COMPRESSION[".ogg"])
    return [*written, carol]


def _write_song(out: Path, song: WrittenSong, suffix: str, sample_rate: int) -> list[Path]:
    """A song, its own carol and its labels as events."""
    name = file_name(song.sheet.title)
    record = out / "raw" / "kpop" / f"{name}{suffix}"
    write_sound(record, render_song(song, sample_rate), sample_rate, COMPRESSION[suffix])
    carol = out / "demo_carols" / f"{name}.ogg"
    write_sound(carol, render_own_carol(song), CAROL_RATE, COMPRESSION[".ogg"])
    events = carol.with_suffix(".truth.json")
    text = json.dumps(label_events(song)) + "\n"
    write_text(events, text)
    return [record, carol, events]


def write_demo_labels(folder: Path) -> Path:
    """Writes the labels of all demo songs, by file name, for evaluation; needs no synthesiser."""
    path = Path(folder) / SONG_LABELS_FILE
    save_labels(path, {file_name(title): demo_labels(title).packed() for title in DEMO_SONGS})
    return path


if __name__ == "__main__":
    for written_file in write_demo(Path(sys.argv[1] if len(sys.argv) > 1 else "data")):
        print(f"{written_file}  {written_file.stat().st_size / 1024:.0f} KiB")
