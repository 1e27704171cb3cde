"""Songs as files: `kcarol.convert` and `kcarol.transcribe`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from kcarol.arrangement.groups import GROUPS
from kcarol.audio.decoding import load_audio_into, stream_audio, stream_stereo
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave
from kcarol.audio.encoding import FLOAT, save_audio
from kcarol.audio.files import LostSoundWarning, printable, telling
from kcarol.audio.loudness import SILENT_DB
from kcarol.audio.reading.native_sound import NativeSound
from kcarol.audio.reading.resampling import of_length
from kcarol.audio.writing.formats import SAVE_FORMATS, check_format
from kcarol.audio.writing.tags import Tags, TagsWarning, read_tags
from kcarol.config import DUCK, NETWORK, SYLLABLES, AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.provenance import (
    comment_of,
    place_sha256,
    provenance_of,
    read_provenance,
    settings_sha256,
)
from kcarol.conversion.settings import CarolSettings
from kcarol.conversion.sound.laid_over import VOICE, recorded_voice
from kcarol.conversion.sound.stems import VOICE_CHOIR, Stems
from kcarol.progress import (
    COSTS,
    HEARING,
    PLAYING,
    READING,
    WRITING,
    PartProgress,
    Parts,
    costs_of,
    within,
)
from kcarol.score.files import write_score
from kcarol.score.score import Score
from kcarol.transcription.transcription import Transcription
from kcarol.vocoder.hall import hall_response
from kcarol.voice.recording import find_lag, voice_of

VOICE_SHARE = 0.15  # of playing: a recorded voice is read and gated
KEPT_RATES = (44_100, 48_000)  # Hz: carols of other songs are at the full rate


def convert(
    song: Path | str,
    out: Path | str | None = None,
    style: Path | str = "bells",
    strength: float = 1.0,
    *,
    rate: int | None = None,
    mono: bool = False,
    hall: float | None = None,
    engine: str = NETWORK,
    choir: str = SYLLABLES,
    voice: Path | str | None = None,
    voice_tune: str = DUCK,
    stems: Path | str | None = None,
    scores: Sequence[Path | str] = (),
    converter: Converter | None = None,
    progress: PartProgress | None = None,
    force: bool = False,
) -> Path:
    """Turn a song's file into its carol's file, and return that.

    The carol begins, ends and is as loud as the song.

    Args:
        out: WAV, FLAC, MP3, OGG, OPUS or M4A by its name; None: NAME.carol.wav beside the song.
        style: a name (bells, choir, strings, organ, brass, piano, a_cappella, orchestra) or a
            carol's sound file.
        strength: 0 (the song) to 1 (the carol).
        rate: Hz, of the carol; None: the song's if it is 44100 or 48000, else 48000.
        mono: one channel instead of two.
        hall: share of the hall in the sound, 0 to 1; None: the style's.
        engine: network, or samples: FluidSynth and a soundfont, where they are installed.
        choir: what choirs sing: syllables, the song's own vowels where they are heard surely, or
            ah; or voice: `voice` eight times, in place of the choirs.
        voice: file of the song's voice alone, to be laid over the carol, or folder of such
            under the songs' names; None: none.
        voice_tune: what becomes of the carol's tune under the voice: keep, duck or leave-out.
        stems: folder for what each group of parts adds to the carol, as NAME.GROUP.wav; None: none.
        scores: files for the song as it was heard, as `kcarol.notate` writes them.
        converter: `Converter.load(...)`, for several songs; None: with the shipped weights.
        progress: told what is being done (reading, hearing, playing, writing) and the share of all
            that is done, up to 1; None: nobody.
        force: replace existing files.

    The carol's file has the song's artist, album and cover, and its title with " (carol)". It
    records what it was made from, see `kcarol.conversion.provenance`.
    LostSoundWarning tells what sound of the song is missing, TagsWarning what of its tags.
    Raises AudioError (cannot be read or written), ScoreError, FileExistsError, WeightsError,
    ValueError, RenderError (without FluidSynth or a soundfont).
    """
    song = Path(song)
    out = Path(out) if out else default_output(song)
    voice = None if voice is None else voice_of(song, Path(voice))
    settings = CarolSettings(style, strength, rate, mono, hall, engine, choir, voice, voice_tune)
    check_format(out, rate or AudioConfig.full_rate)
    for path in (out, *map(Path, scores)):
        check_output(path, song, force)
    for path in stem_files(stems, out).values():
        check_output(path, song, force or _is_stem_of(path, song, out))
    converter = converter or Converter.load()
    # before it is read: of a song that is replaced meanwhile, the carol is outdated
    record = provenance_of(song, out, settings_sha256(converter.weights_sha256, settings))
    settings = replace(settings, style=converter.style(style))
    parts = Parts(progress, costs_of(out, with_stems=stems is not None))
    lost: list[str] = []
    with telling(LostSoundWarning, lost.append), DiskBuffer(beside=out) as wave:
        reading = parts.begin(READING)
        share = 1.0 if voice is None else 0.5  # the voice is read as the song is
        native = load_audio_into(wave, song, converter.audio, within(reading, 0.0, share))
        tags = tags_of(song)
        rate = rate or carol_rate(native.sample_rate, out)
        with (
            DiskWave(1 if mono else 2, native.n_samples_at(rate), out) as carol,
            _recorded(song, carol, rate) if strength < 1 else nullcontext() as original,
            nullcontext() if stems is None else Stems(out) as groups,
            ThreadPoolExecutor(1) as meanwhile,
        ):
            meanwhile.submit(hall_response, rate)  # remembered; short songs are heard on one core
            lag_s = 0.0
            if voice is not None:
                finding = within(reading, share, 1.0)
                lag_s = find_lag(voice, wave, native, converter.audio, finding)
            transcription = converter.transcribe(wave, parts.begin(HEARING))
            transcription = as_loud_as(native, transcription)
            playing = parts.begin(PLAYING)
            share = 0.0 if voice is None else VOICE_SHARE
            gating = within(playing, 0.0, share)
            with (
                nullcontext()
                if voice is None
                else recorded_voice(voice, lag_s, transcription.tune, carol, rate, gating)
            ) as singer:
                converter.play_onto(
                    carol,
                    transcription,
                    replace(settings, rate=rate, voice=singer),
                    loudness=native.loudness_in(len(carol)),
                    original=original,
                    stems=groups,
                    progress=within(playing, share, 1.0),
                )
            if scores:
                score = Score.of_transcription(transcription, title=tags.title or song.stem)
                for file in scores:
                    write_score(score, file, transcription)
            comment = comment_of(replace(record, is_whole=not lost))
            save_stems(groups, stems, out, rate, comment)
            writing = parts.begin(WRITING)
            save_audio(out, carol, rate, comment, tags=of_carol(tags), progress=writing)
            writing(1.0)
    for text in lost:
        warnings.warn(text, LostSoundWarning, stacklevel=2)
    return out


def check_output(out: Path, song: Path, force: bool) -> None:
    """FileExistsError if there is such a file already, unless forced; always if it is the song."""
    if out.exists() and not force:
        raise FileExistsError(f"{out} exists; give another name with -o, or --force to replace it")
    # unlike Path.resolve, realpath does not stumble over links in a circle
    if os.path.realpath(out) == os.path.realpath(song):
        raise FileExistsError(f"{out} is the song itself; give another name with -o")


def tags_of(song: Path) -> Tags:
    """What players show of a song; TagsWarning, and nothing, if it cannot be read."""
    try:
        return read_tags(song)
    except Exception as error:  # of damaged tags mutagen raises nearly anything
        reason = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, ImportError):
            reason = "it needs mutagen"
        text = f"{song}: its title, artist, album and cover are not carried over: {reason}"
        warnings.warn(TagsWarning(printable(text)), stacklevel=3)
        return Tags()


def of_carol(tags: Tags) -> Tags:
    """The tags of a song's carol. A song without a title gives it none."""
    return replace(tags, title=tags.title and f"{tags.title} (carol)")


def stem_files(folder: Path | str | None, carol: Path) -> dict[str, Path]:
    """Where the stems of a carol's file may be, by their groups: FOLDER/NAME.GROUP.wav."""
    if folder is None:
        return {}
    name = carol.stem.removesuffix(".carol")
    return {group: Path(folder) / f"{name}.{group}.wav" for group in (*GROUPS, VOICE, VOICE_CHOIR)}


def _is_stem_of(path: Path, song: Path, carol: Path) -> bool:
    """Whether a file records that it is of this song's carol: an interrupted call leaves stems."""
    record = read_provenance(path)
    return record is not None and record.place == place_sha256(song, carol.parent)


def save_stems(
    stems: Stems | None, folder: Path | str | None, carol: Path, rate: int, comment: str = ""
) -> None:
    """Write the stems that there are to `stem_files`; those of an earlier carol are deleted.

    As floats, since a stem may have higher peaks than its carol.
    """
    for group, path in stem_files(folder, carol).items():
        if stems is not None and group in stems.waves:
            save_audio(path, stems.waves[group], rate, comment, codec=FLOAT)
        else:
            path.unlink(missing_ok=True)


def carol_rate(song_rate: int, out: Path) -> int:
    """The sample rate, in Hz, of the carol of a song: the song's own if it is one of KEPT_RATES,
    else the full rate; the next that there is of formats that lack it.
    """
    rate = song_rate if song_rate in KEPT_RATES else AudioConfig.full_rate
    return SAVE_FORMATS[out.suffix.lower()].nearest_rate(rate)


@contextmanager
def _recorded(song: Path, carol: DiskWave, rate: int) -> Iterator[DiskWave]:
    """A song's own sound in the shape of its carol, and beside that."""
    n_channels, n_samples = carol.shape
    if n_channels == 1:
        chunks = stream_audio(song, AudioConfig(sample_rate=rate))
    else:
        chunks = stream_stereo(song, rate)
    with DiskWave(n_channels, beside=carol.beside) as recorded:
        for chunk in of_length(chunks, n_samples):
            recorded.append(chunk.reshape(-1, n_channels).T)
        yield recorded


def transcribe(
    song: Path | str | np.ndarray, *, converter: Converter | None = None
) -> Transcription:
    """The transcription of a song: a file, or samples (T,) at 16 kHz mono.

    Raises AudioError and WeightsError.
    """
    converter = converter or Converter.load()
    if isinstance(song, np.ndarray):
        return converter.transcribe(song)
    return transcribe_file(Path(song), converter, Parts(None, COSTS))


def transcribe_file(song: Path, converter: Converter, parts: Parts) -> Transcription:
    """As `transcribe`, told as READING and HEARING."""
    with DiskBuffer() as wave:
        native = load_audio_into(wave, song, converter.audio, parts.begin(READING))
        transcription = converter.transcribe(wave, parts.begin(HEARING))
    return as_loud_as(native, transcription)


def as_loud_as(native: NativeSound, transcription: Transcription) -> Transcription:
    """To be played as loud as the whole song, not as what hearing reads of it."""
    level = transcription.level
    if level.loudness.rms_db <= SILENT_DB:
        return transcription
    return replace(transcription, level=replace(level, loudness=native.loudness_in(1)))


def default_output(song: Path) -> Path:
    """Where a song's carol goes: NAME.carol.wav beside it."""
    return song.with_name(song.stem + ".carol.wav")
