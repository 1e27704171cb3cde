"""How close the pop side of the corpus is to real records.

corpus_statistics.py REAL_DIR [--songs N] [--reference NPZ]

REAL_DIR/pop holds recordings and, for some of them, UltraStar transcriptions
(`name.ultrastar.txt`). The recordings are cut into clips as long as the songs of the corpus, N
songs are rendered from fresh seeds, and both are measured in the same way. Each row is a statistic:
mean and standard deviation over the records and over the corpus; `z`, the difference of the means
in standard deviations of the records; and `out`, the share of the records' clips outside the 5th to
95th percentile of the corpus, which training never sees. A second table shows how certain the
shipped hearing half is of both. With --reference, the values of the style windows that differ most
are listed.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
from scipy.special import expit, softmax

from kcarol.audio.decoding import load_audio
from kcarol.config import AudioConfig
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.dataset.pairs import make_pop
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.evaluation import metrics
from kcarol.model.logits import HEADS, Logits
from kcarol.synthesis.render import TRAINING_SOUNDFONTS

CLIP_S = 20.0
FRESH_SEED = 1 << 36  # far from the seeds of stored corpora
RATE = metrics.SAMPLE_RATE
EDGES_HZ = (20, 80, 160, 320, 640, 1000, 1600, 2500, 4000, 5600, 7900)
N_FFT, HOP = 4096, 512
HARMONICS = np.arange(1, 11)
CENTS = np.arange(-60, 61, 10)  # about a sung pitch: tuning, vibrato and glides
SOUNDS = (".mp3", ".ogg", ".wav", ".flac", ".m4a")


@dataclass(frozen=True)
class Clip:
    """A wave (T,) and the MIDI pitch (F,) of its tune every HOP samples, NaN in rests and where it
    is unknown.
    """

    wave: np.ndarray
    pitch: np.ndarray


def real_clips(folder: Path) -> list[Clip]:
    clips = []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SOUNDS):
        wave = load_audio(path, AudioConfig())
        pitch = np.full(1 + len(wave) // HOP, np.nan)
        if (notes := path.with_suffix(".ultrastar.txt")).is_file():
            for note in metrics.read_ultrastar(notes):
                first, last = (
                    round(s * RATE / HOP) for s in (note.start_s, note.start_s + note.length_s)
                )
                pitch[first:last] = note.midi
        size = int(CLIP_S * RATE)
        starts = range(size // 4, max(size // 4 + 1, len(wave) - size), size)
        clips += [Clip(wave[s : s + size], pitch[s // HOP : (s + size) // HOP]) for s in starts]
    return [clip for clip in clips if np.sqrt(np.mean(clip.wave**2)) > 1e-3]


def corpus_clips(n_songs: int, first_seed: int) -> list[Clip]:
    clips, cfg = [], AudioConfig()
    for seed in range(first_seed, first_seed + n_songs):
        rng = np.random.default_rng(seed)
        sheet = draw_sheet(rng, CLIP_S)
        pop, sheet, grid = make_pop(sheet, rng, cfg, str(rng.choice(TRAINING_SOUNDFONTS)))
        tune = (
            sheet_labels(sheet, grid, cfg, cfg.n_frames(len(pop)))
            .tune[:: HOP // cfg.hop_length]
            .astype(float)
        )
        clips.append(Clip(pop, np.where(tune < 0, np.nan, tune)))
    return clips


# --- statistics of one clip


def statistics(clip: Clip) -> dict[str, float]:
    """All statistics of the table by name, NaN where the tune is unknown."""
    wave = metrics.set_level(clip.wave)
    magnitude = np.abs(librosa.stft(wave, n_fft=N_FFT, hop_length=HOP))
    found = spectrum_statistics(magnitude) | level_statistics(wave)
    envelope = librosa.onset.onset_strength(y=wave, sr=RATE, hop_length=HOP)
    onsets = librosa.onset.onset_detect(onset_envelope=envelope, sr=RATE, hop_length=HOP)
    harmonic, percussive = librosa.decompose.hpss(
        np.abs(librosa.stft(wave, n_fft=1024, hop_length=HOP))
    )
    energy_h, energy_p = (harmonic**2).sum(), (percussive**2).sum()
    chroma = librosa.feature.chroma_stft(S=magnitude**2, sr=RATE, n_fft=N_FFT)
    found |= {
        "STFT crest, dB": metrics.crest_db(wave),
        "onsets a second": len(onsets) / (len(wave) / RATE),
        "onset strength": float(envelope.mean()),
        "attack": metrics.attack(envelope),
        "beat clarity": beat_clarity(envelope),
        "percussive share": float(energy_p / (energy_h + energy_p + 1e-9)),
        "flatness, dB": float(
            10 * np.log10(librosa.feature.spectral_flatness(S=magnitude[:2000]) + 1e-6).mean()
        ),
        "chroma contrast": float(chroma.std(axis=0).mean()),
    }
    return found | tune_statistics(magnitude, clip.pitch)


def spectrum_statistics(magnitude: np.ndarray) -> dict[str, float]:
    power = (magnitude**2).mean(axis=1)
    hz = np.arange(len(power)) * RATE / N_FFT

    def level_db(low, high):
        return 10 * np.log10(power[(hz >= low) & (hz < high)].sum() / power.sum() + 1e-9)

    found = {
        f"{low}-{high} Hz, dB": level_db(low, high)
        for low, high in zip(EDGES_HZ[:-1], EDGES_HZ[1:], strict=True)
    }
    octaves = np.arange(np.log2(100), np.log2(5600), 1 / 3)
    bands_db = [level_db(2**o, 2 ** (o + 1 / 3)) for o in octaves]
    return found | {"tilt, dB an octave": float(np.polyfit(octaves, bands_db, 1)[0])}


def level_statistics(wave: np.ndarray) -> dict[str, float]:
    block = int(0.4 * RATE)
    blocks = wave[: len(wave) // block * block].reshape(-1, block)
    rms = np.sqrt((blocks**2).mean(axis=1)) + 1e-9
    level_db = 20 * np.log10(rms)
    heard = level_db > level_db.max() - 40
    return {
        "crest, dB": float(20 * np.log10(np.abs(wave).max() / np.sqrt(np.mean(wave**2)))),
        "crest of 400 ms, dB": float(
            (20 * np.log10(np.abs(blocks).max(axis=1) / rms))[heard].mean()
        ),
        "loudness range, dB": float(np.ptp(np.percentile(level_db[heard], [10, 95]))),
    }


def beat_clarity(envelope: np.ndarray) -> float:
    """Highest autocorrelation (0 to 1) of the onset strength between 40 and 220 beats a minute."""
    centred = envelope - envelope.mean()
    lags = np.correlate(centred, centred, "full")[len(centred) - 1 :]
    slow, fast = (int(60 / bpm * RATE / HOP) for bpm in (40, 220))
    return float(lags[fast:slow].max() / (lags[0] + 1e-9))


def tune_statistics(magnitude: np.ndarray, pitch: np.ndarray) -> dict[str, float]:
    """Energy of the tune's harmonics relative to the rest, and the deviation of its pitch from the
    written notes.

    Transcriptions give the pitch class but not the octave, so the strongest of three octaves is
    taken, for records and corpus alike.
    """
    n = min(magnitude.shape[1], len(pitch))
    sung = np.flatnonzero(np.isfinite(pitch[:n]))
    if len(sung) < 30:
        return {"tune to rest, dB": np.nan, "pitch scatter, cents": np.nan}
    best: tuple[float, float] = (-np.inf, 0.0)
    for octave in (-12, 0, 12):
        f0_hz = librosa.midi_to_hz(pitch[sung] + octave)
        hz = f0_hz[:, None, None] * 2 ** (CENTS[None, :, None] / 1200) * HARMONICS
        bins = np.minimum(np.round(hz * N_FFT / RATE).astype(int), len(magnitude) - 1)
        heard = magnitude[bins, sung[:, None, None]] * (hz < 0.48 * RATE)
        offset = CENTS[heard.sum(axis=2).argmax(axis=1)]
        width = 3  # bins of a Hann window's main lobe each side of its middle, less one
        centre = bins[np.arange(len(sung)), (offset + 60) // 10]
        near = np.clip(centre[..., None] + np.arange(-width + 1, width), 0, len(magnitude) - 1)
        mask = np.zeros((len(magnitude), len(sung)), bool)
        mask[near, np.arange(len(sung))[:, None, None]] = True
        power = magnitude[:, sung] ** 2
        share = (power * mask).sum() / power.sum()
        share_db = float(10 * np.log10(share / (1 - share) + 1e-9))
        if share_db > best[0]:
            best = (share_db, float(np.std(offset)))
    return {"tune to rest, dB": best[0], "pitch scatter, cents": best[1]}


# --- certainty of the shipped hearing half


def hearing_statistics(clips: list[Clip]) -> dict[str, np.ndarray]:
    """Certainty of the heads for each clip: entropies in bits, and peaks of the beat."""
    from kcarol.conversion.converter import Converter

    converter = Converter.load(device="cpu")
    rows = [sureness(converter.hear(clip.wave.astype(np.float32))) for clip in clips]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def sureness(logits: Logits) -> dict[str, float]:
    def bits(p):
        return -(p * np.log2(p + 1e-9))

    found, heard = {}, {name: getattr(logits, name).numpy() for name in HEADS}
    for name in ("tune", "bass"):
        p = softmax(heard[name].astype(float), axis=1)
        found[f"{name} entropy, bit"] = float(bits(p).sum(axis=1).mean())
    tune = softmax(heard["tune"].astype(float), axis=1)
    found["tune sounds"] = float((tune[:, -1] < 0.5).mean())
    chord = expit(heard["chord"].astype(float))
    found["chord entropy, bit"] = float((bits(chord) + bits(1 - chord)).sum(axis=1).mean())
    for name in ("beat", "downbeat"):
        p = expit(heard[name].astype(float)).max(axis=1)
        found[f"{name} peaks"] = float(np.percentile(p, 98))
    return found


# --- tables


def print_table(real: dict[str, np.ndarray], ours: dict[str, np.ndarray], title: str) -> None:
    print(f"\n| {title} | records | corpus | z | out |\n|-|-|-|-|-|")
    distances, outs = [], []
    for name in real:
        a, b = (values[name][np.isfinite(values[name])] for values in (real, ours))
        if len(a) < 3 or len(b) < 3:
            continue
        z, (low, high) = (b.mean() - a.mean()) / (a.std() + 1e-9), np.percentile(b, [5, 95])
        out = float(np.mean((a < low) | (a > high)))
        spreads = " | ".join(f"{x.mean():.2f} ± {x.std():.2f}" for x in (a, b))
        print(f"| {name} | {spreads} | {z:+.2f} | {out:.2f} |")
        distances.append(abs(z))
        outs.append(out)
    means = f"**{np.mean(distances):.2f}** | **{np.mean(outs):.2f}**"
    print(f"| **how near**: mean of abs(z), of out | | | {means} |", flush=True)


def gathered(clips: list[Clip]) -> dict[str, np.ndarray]:
    rows = [statistics(clip) for clip in clips]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def print_style(clips: list[Clip], path: Path) -> None:
    """The values in which style windows of the corpus and of other real pop differ most."""
    real = metrics.StyleReference.load(path).pop
    ours = np.vstack([metrics.style_windows(metrics.prepare(clip.wave)) for clip in clips])
    z = (ours.mean(axis=0) - real.mean(axis=0)) / real.std(axis=0)
    spread = ours.std(axis=0) / real.std(axis=0)
    far = ", ".join(
        f"{metrics.style_names()[i]} {z[i]:+.2f} (spread {spread[i]:.2f})"
        for i in np.argsort(-np.abs(z))[:12]
    )
    print(
        f"\n{len(real)} windows of other records, {len(ours)} of the corpus: "
        f"mean of abs(z) {np.abs(z).mean():.2f}; {far}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path, help="folder with pop/")
    parser.add_argument("--songs", type=int, default=40, help="songs rendered (default 40)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--reference", type=Path, help="style_reference.npz: windows of other records"
    )
    parser.add_argument("--no-hearing", action="store_true")
    args = parser.parse_args()
    real = real_clips(args.real / "pop")
    began = time.perf_counter()
    ours = corpus_clips(args.songs, FRESH_SEED + args.seed)
    song_s = (time.perf_counter() - began) / len(ours)
    print(f"{len(real)} clips of records, {len(ours)} of the corpus; {song_s:.2f} s a song")
    print_table(gathered(real), gathered(ours), "statistic")
    if args.reference:
        print_style(ours, args.reference)
    if not args.no_hearing:
        print_table(hearing_statistics(real), hearing_statistics(ours), "shipped hearing")


if __name__ == "__main__":
    main()
