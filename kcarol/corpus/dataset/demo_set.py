"""The demo set as files: six songs and a carol for `data/raw`, and each song's own carol for
evaluation.

`python -m kcarol.corpus.dataset.demo_set data` writes all of it. Needs FluidSynth and the soundfont
of the carols.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kcarol.audio.files import write_atomic
from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.carol import STYLES, render_carol
from kcarol.corpus.arrangement.humanise import TAIL_S
from kcarol.corpus.arrangement.pop import PopArrangement, arrange_pop
from kcarol.corpus.arrangement.realised_sheet import as_played
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.dataset.pairs import render_pop
from kcarol.corpus.dataset.sound_file import write_sound
from kcarol.corpus.lead_sheet.demo_songs import DEMO_CAROL, DEMO_SONGS
from kcarol.corpus.mixing.mix import MixSettings, reverb
from kcarol.corpus.synthesis.render import renew
from kcarol.dataset.labels import SONG_LABELS_FILE, Labels, save_labels
from kcarol.transcription.lead_sheet import LeadSheet, Part, TimeGrid

SAMPLE_RATE = 44_100  # Hz
STYLE = "bells"  # of all carols of the demo set
# of the songs' sampled instruments; the carols have their own
SONG_SOUNDFONT = "FluidR3Mono_GM.sf3"
DRIFT = 0.002  # of the tempo: nearly steady
# (gain in dB on top of `mix.ROLE_DB`, place -1 left to 1 right) of each part: lead, bass and drums
# in front and in the middle
SEATS = {
    "lead": (3.0, 0.0),
    "drums": (2.0, 0.0),
    "bass": (2.0, 0.0),
    "chords": (-1.0, -0.35),
    "chords2": (-4.0, 0.5),
    "pad": (-3.0, 0.2),
    "arpeggio": (-4.0, 0.5),
    "riff": (-3.0, 0.45),
    "strings": (-2.0, -0.5),
    "brass": (-2.0, 0.5),
    "counter": (-3.0, 0.6),
    "solo": (-1.0, -0.15),
    "second": (-2.0, 0.35),
    "double": (-3.0, -0.4),
    "rap": (0.0, 0.1),
    "backing": (-3.0, -0.5),
    "percussion": (-5.0, -0.6),
    "fx": (-4.0, 0.3),
}
FADE_S = 0.5  # at the end of each recording
# libsndfile's scale: some 90 kbit/s in stereo, so that data/ stays small
COMPRESSION = {".mp3": 0.7, ".ogg": 0.8}
CAROL_COMPRESSION = 0.5  # some 47 kbit/s: these are targets
# how each song is mixed, besides STUDIO
STUDIO = MixSettings(
    stem_spread_db=0.0,
    eq_spread_db=1.0,
    width=1.0,
    compress_chance=0.5,
    saturate_chance=0.0,
    echo_chance=0.15,
    haas_chance=0.0,
    rt60_s=1.2,
    send_db=-15.0,
    bus_ratio=2.0,
    bus_threshold_db=-10.0,
    clip_db=2.0,
    noise_db=-90.0,
    peak=0.89,
)
MIXES: dict[str, dict] = {
    "Snowlit Signal": {"duck_db": 5.0, "bus_tilt_db": 2.0, "clip_db": 4.0, "rt60_s": 1.0},
    "Paper Moon Letter": {
        "rt60_s": 2.2,
        "send_db": -12.0,
        "bus_threshold_db": -14.0,
        "clip_db": 3.0,
    },
    "Rooftop Radio": {"bus_tilt_db": 2.0, "clip_db": 5.0},
    "Neon Ink": {
        "duck_db": 3.0,
        "clip_db": 0.0,
        "bus_threshold_db": -6.0,
        "bus_tilt_db": 4.0,
        "rt60_s": 0.8,
    },
    "Tangerine Bicycle": {
        "rt60_s": 0.7,
        "send_db": -17.0,
        "bus_threshold_db": -14.0,
        "clip_db": 4.0,
    },
    "Harbour at Two": {
        "rt60_s": 1.5,
        "send_db": -14.0,
        "bus_ratio": 3.0,
        "bus_threshold_db": -20.0,
        "clip_db": 6.0,
    },
}


@dataclass(frozen=True)
class DemoSong:
    """A demo song before it is rendered: everything the two arrangements share."""

    title: str
    sheet: LeadSheet  # as its band plays it
    grid: TimeGrid
    arrangement: PopArrangement | None  # None: it has no band
    rng: np.random.Generator

    @classmethod
    def of(cls, song: Mapping) -> DemoSong:
        rng, sheet = np.random.default_rng(song["seed"]), song["sheet"]
        grid = TimeGrid.of(sheet, rng, DRIFT)
        if "band" not in song:
            return cls(song["title"], sheet, grid, None, rng)
        arrangement = _arranged(song, grid, rng)
        return cls(song["title"], as_played(sheet, arrangement, grid), grid, arrangement, rng)

    @property
    def length_s(self) -> float:
        """Seconds until the last sound is gone."""
        return self.grid.length_s + TAIL_S

    def labels(self, cfg: AudioConfig) -> Labels:
        return sheet_labels(
            self.sheet, self.grid, cfg, cfg.n_frames(round(self.length_s * cfg.sample_rate))
        )


def file_name(title: str) -> str:
    """ "Snowlit Signal" -> "snowlit-signal"."""
    return title.lower().replace(" ", "-")


def demo_labels(title: str, cfg: AudioConfig | None = None) -> Labels:
    """What is true of a demo song, frame by frame; needs neither files nor the synthesiser.
    KeyError for other titles.
    """
    songs = {song["title"]: song for song in DEMO_SONGS}
    return DemoSong.of(songs[title]).labels(cfg or AudioConfig())


def _arranged(song: Mapping, grid: TimeGrid, rng: np.random.Generator) -> PopArrangement:
    """The band of a demo song, in tune and seated as SEATS says."""
    hints = {key: song[key] for key in ("band", "groove", "voice", "sounds")}
    arrangement = arrange_pop(song["sheet"], grid, rng, hints)
    parts = tuple(_seated(part) for part in arrangement.parts)
    return replace(arrangement, parts=parts, tuning_cents=0.0, tune_level_db=SEATS["lead"][0])


def _seated(part: Part) -> Part:
    gain_db, pan = SEATS[part.name if part.name in SEATS else part.name.rstrip("0123456789")]
    return replace(part, gain_db=gain_db, pan=pan)


def render_song(song: Mapping, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """A demo song as a stereo record, (T, 2) float32, peak below 1."""
    renew()
    demo = DemoSong.of(song)
    settings = replace(STUDIO, **MIXES[demo.title])
    record = render_pop(
        demo.arrangement,
        demo.length_s,
        sample_rate,
        SONG_SOUNDFONT,
        demo.rng,
        settings,
        stereo=True,
    )
    return faded(record[:, : round(demo.length_s * sample_rate)].T, sample_rate)


def render_own_carol(song: Mapping, sample_rate: int) -> np.ndarray:
    """The carol that a demo song should become, (T,) float32: on the song's time grid, as long as
    the song.
    """
    renew()
    demo = DemoSong.of(song)
    return faded(
        render_carol(demo.sheet, demo.grid, STYLES[STYLE], sample_rate, demo.length_s), sample_rate
    )


def render_demo_carol(sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """The demo carol in a stereo hall, (T, 2) float32, peak below 1."""
    renew()
    demo, style = DemoSong.of(DEMO_CAROL), STYLES[STYLE]
    dry = render_carol(
        demo.sheet, demo.grid, replace(style, wet=0.0, noise_db=-90.0), sample_rate, demo.length_s
    )
    hall = reverb(
        np.stack([dry, dry]),
        sample_rate,
        style.rt60_s,
        style.wet,
        DEMO_CAROL["seed"],
        style.damping,
    )
    return faded(hall.T * (STUDIO.peak / np.abs(hall).max()), sample_rate)


def faded(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """(T,) or (T, channels) with its last FADE_S going out."""
    n = round(FADE_S * sample_rate)
    curve = np.ones(len(wave), np.float32)
    curve[-n:] = np.cos(np.linspace(0, np.pi / 2, n)) ** 2
    return (wave.T * curve).T.astype(np.float32)


def write_demo(out: Path, sample_rate: int = SAMPLE_RATE) -> list[Path]:
    """Write `out`/raw/kpop, `out`/raw/carol (stereo, mp3 and ogg) and `out`/demo_carols (16 kHz,
    mono); returns the files.

    The same sound every time. Raises RenderError without the synthesiser.
    """
    out, cfg, written = Path(out), AudioConfig(), []
    for number, song in enumerate(DEMO_SONGS):
        name = file_name(song["title"])
        path = out / "raw" / "kpop" / f"{name}{('.mp3', '.ogg')[number % 2]}"
        write_sound(path, render_song(song, sample_rate), sample_rate, COMPRESSION[path.suffix])
        own = out / "demo_carols" / f"{name}.ogg"
        write_sound(
            own, render_own_carol(song, cfg.sample_rate), cfg.sample_rate, CAROL_COMPRESSION
        )
        labels = own.with_suffix(".truth.json")
        text = json.dumps(truth_events(song), indent=None)
        write_atomic(labels, lambda path, text=text: path.write_text(text + "\n"))
        written += [path, own, labels]
    written.append(write_demo_labels(out / "demo_carols"))
    carol = out / "raw" / "carol" / f"{file_name(DEMO_CAROL['title'])}.ogg"
    write_sound(carol, render_demo_carol(sample_rate), sample_rate, COMPRESSION[".ogg"])
    return [*written, carol]


def write_demo_labels(folder: Path) -> Path:
    """Writes the labels of all demo songs, by file name, for evaluation; needs no synthesiser."""
    path = Path(folder) / SONG_LABELS_FILE
    titles = [song["title"] for song in DEMO_SONGS]
    save_labels(path, {file_name(title): demo_labels(title).packed() for title in titles})
    return path


def truth_events(song: Mapping) -> dict:
    """What is true of a demo song as events in seconds, for JSON: tune (start, end, MIDI pitch),
    chords, beats, downbeats.
    """
    demo = DemoSong.of(song)
    sheet = demo.sheet
    at = lambda beat: round(float(demo.grid.time_s(beat)), 4)  # noqa: E731
    beats = [at(beat) for beat in range(int(sheet.n_beats))]
    return {
        "title": demo.title,
        "style": STYLE,
        "length_s": round(demo.length_s, 4),
        "tune": [
            [at(note.start), at(note.start + note.length), note.pitch] for note in sheet.notes
        ],
        "chords": [
            [at(c.start), at(c.start + c.length), list(c.pitch_classes), c.bass_class]
            for c in sheet.chords
        ],
        "beats_s": beats,
        "downbeats_s": beats[:: sheet.beats_per_bar],
    }


if __name__ == "__main__":
    for written_file in write_demo(Path(sys.argv[1] if len(sys.argv) > 1 else "data")):
        print(f"{written_file}  {written_file.stat().st_size / 1024:.0f} KiB")
