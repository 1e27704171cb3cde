"""Metrics as pure functions: waves in, numbers out. Content, style, blur, and agreement with a
known target.

Conventions: a wave is (T,) float at 16 kHz; a chroma is (12, F); real recordings are heard for 60 s
at rms .1 (`prepare`). No figure is to be raised alone: a copy has all the content and no style, one
fixed carol the reverse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import librosa
import numpy as np

SAMPLE_RATE = 16_000  # Hz
HOP = 512  # samples, 32 ms: real recordings
TRUTH_HOP = 256  # samples, 16 ms: as the frames of the corpus' ground truth
HEARD_S = 60.0  # how much of a recording is measured
LEVEL_RMS = 0.1
ONSET_LAG_S = 0.064  # the beat may come this much earlier or later
# where a carol's tune is looked for, G4 to C7: the accompaniment lies below
TUNE_REGISTER_MIDI = (67, 96)
CHORD_SPARE = 1  # strongest classes beyond the chord's own that still count: the tune may add one
STYLE_RATE = 12_000  # Hz: codecs differ above 6 kHz, music does not
STYLE_WINDOW_S = 10
ULTRASTAR_DELAY_S = 0.07  # transcriptions are early by this much against the audio
SILENCE = 1e-9


# --- waves ----------------------------------------------------------------------------------------
# -------------------


def set_level(wave: np.ndarray, rms: float = LEVEL_RMS) -> np.ndarray:
    """(T,) -> (T,) float32 of the given rms; silence stays silent."""
    wave = np.asarray(wave, dtype=np.float32)
    level = np.sqrt(np.mean(wave**2)) if wave.size else 0.0
    return wave * np.float32(rms / (level + SILENCE))


def prepare(wave: np.ndarray, heard_s: float = HEARD_S) -> np.ndarray:
    """(T,) at 16 kHz -> its first `heard_s` seconds at rms .1, clipped, at 16 bit: one path for all
    recordings.
    """
    levelled = set_level(np.asarray(wave)[: int(heard_s * SAMPLE_RATE)])
    return (np.round(np.clip(levelled, -1, 1) * 32767) / 32767).astype(np.float32)


def same_length(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut or padded with zeros at the end to `n_samples`."""
    return np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))


# --- content: chroma, retrieval, notes
# -------------------------------------------------------------------------------


def chromagram(wave: np.ndarray, hop: int = HOP) -> np.ndarray:
    """(T,) -> (12, F): `librosa.feature.chroma_cqt`, tuning estimated."""
    return librosa.feature.chroma_cqt(y=wave, sr=SAMPLE_RATE, hop_length=hop).astype(np.float32)


def chroma_similarity(source: np.ndarray, output: np.ndarray) -> float:
    """Mean over frames of the Pearson correlation of two chromas (12, F): 1 for a copy, about 0 for
    anything flat.

    Frames in which the source is flat (silence) do not count; a flat output frame counts 0. Unequal
    lengths are cut.
    """
    n = min(source.shape[1], output.shape[1])
    a, b = (c[:, :n] - c[:, :n].mean(axis=0) for c in (source, output))
    norm_a, norm_b = np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0)
    heard = norm_a > 1e-6
    if not heard.any():
        return float("nan")
    return float(np.mean(((a * b).sum(0) / np.maximum(norm_a * norm_b, 1e-9))[heard]))


def chroma_matrix(outputs: list[np.ndarray], sources: list[np.ndarray]) -> np.ndarray:
    """(N outputs, S sources) of `chroma_similarity`."""
    return np.array(
        [[chroma_similarity(source, output) for source in sources] for output in outputs]
    )


def reciprocal_ranks(matrix: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """(N, S) similarities -> (N,) 1 / rank of the true source; `labels` (N,) names it, the diagonal
    by default.

    Ties count against the output, so that a constant one does not win.
    """
    labels = np.arange(len(matrix)) if labels is None else np.asarray(labels)
    own = matrix[np.arange(len(matrix)), labels]
    return 1.0 / (matrix >= own[:, None]).sum(axis=1)


def retrieval(matrix: np.ndarray, labels: np.ndarray | None = None) -> float:
    """Mean reciprocal rank of the true source by `chroma`; chance is `retrieval_chance(S)`."""
    return float(reciprocal_ranks(matrix, labels).mean())


def retrieval_chance(n_sources: int) -> float:
    return float(np.mean(1 / np.arange(1, n_sources + 1)))


@dataclass(frozen=True)
class SungNote:
    start_s: float
    length_s: float
    midi: int


def read_ultrastar(path: Path | str) -> list[SungNote]:
    """Sung notes of an UltraStar transcription: seconds = GAP/1000 + start x 15/BPM + .07, MIDI =
    60 + pitch.

    Pitch class and timing are usable, the octave is not. Freestyle and rap lines carry no pitch and
    are left out. Raises ValueError naming file and line for what is not UltraStar.
    """
    path = Path(path)
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    tags = {
        key.upper(): value.strip()
        for key, value in re.findall(r"^#(\w+):(.*)$", text, re.MULTILINE)
    }
    try:
        unit_s = 15 / float(tags["BPM"].replace(",", "."))
        gap_s = float(tags.get("GAP", "0").replace(",", ".") or 0) / 1000 + ULTRASTAR_DELAY_S
    except (KeyError, ValueError, ZeroDivisionError):
        raise ValueError(
            f"{path}: expected '#BPM:' with a number above 0, found {tags.get('BPM')!r}"
        ) from None
    relative, offset, notes = tags.get("RELATIVE", "").upper() == "YES", 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        try:
            if words and words[0] in (":", "*"):
                start, length, pitch = (int(word) for word in words[1:4])
                notes.append(
                    SungNote(gap_s + (offset + start) * unit_s, length * unit_s, 60 + pitch)
                )
            elif relative and words and words[0] == "-":
                # each line of a relative file counts from its own beginning
                offset += int(words[-1])
        except ValueError:
            raise ValueError(
                f"{path}:{number}: expected ': start length pitch text', found {line!r}"
            ) from None
    return notes


def note_chroma(
    chroma: np.ndarray, notes: list[SungNote], hop: int = HOP
) -> tuple[np.ndarray, np.ndarray]:
    """(12, F) -> mean chroma during each note (N, 12) and pitch classes (N,); notes that end after
    F are left out.
    """
    rows, classes = [], []
    for note in notes:
        first = round(note.start_s * SAMPLE_RATE / hop)
        last = max(first + 1, round((note.start_s + note.length_s) * SAMPLE_RATE / hop))
        if 0 <= first and last <= chroma.shape[1]:
            rows.append(chroma[:, first:last].mean(axis=1))
            classes.append(note.midi % 12)
    return np.array(rows).reshape(-1, 12), np.array(classes, dtype=int)


def _hits(profiles: np.ndarray, classes: np.ndarray, k: int) -> float:
    """Share of notes whose class is among the k strongest of its profile; equal values are no hit
    (flat is no tune).
    """
    own = profiles[np.arange(len(classes)), classes]
    return float(((profiles >= own[:, None]).sum(axis=1) <= k).mean())


def note_at_k(
    chroma: np.ndarray, notes: list[SungNote], k: int, hop: int = HOP
) -> dict[str, float]:
    """How much of a sung tune is in a chroma (12, F): `note`, `shift` (moved by 1 to 11 semitones),
    `const` (a drone).

    `note`: share of notes whose pitch class is among the k strongest of the mean chroma during the
    note. `const` asks the time-averaged chroma instead: only what exceeds it is tune. NaN without
    notes.
    """
    profiles, classes = note_chroma(chroma, notes, hop)
    if not len(classes):
        return {"note": float("nan"), "shift": float("nan"), "const": float("nan")}
    drone = np.broadcast_to(chroma.mean(axis=1), profiles.shape)
    shifts = [_hits(profiles, (classes + shift) % 12, k) for shift in range(1, 12)]
    return {
        "note": _hits(profiles, classes, k),
        "shift": float(np.mean(shifts)),
        "const": _hits(drone, classes, k),
    }


# --- time: onsets, beats, chords
# -------------------------------------------------------------------------------------


def onset_envelope(wave: np.ndarray, hop: int = HOP) -> np.ndarray:
    """(T,) -> (F,) onset strength."""
    return librosa.onset.onset_strength(y=wave, sr=SAMPLE_RATE, hop_length=hop).astype(np.float32)


def onset_correlation(source: np.ndarray, output: np.ndarray, hop: int = HOP) -> float:
    """Pearson correlation of two onset envelopes (F,) at the best lag within +-64 ms; 0 when one is
    constant.
    """
    n, best = min(len(source), len(output)), -1.0
    reach = int(ONSET_LAG_S * SAMPLE_RATE / hop)
    for lag in range(-reach, reach + 1):
        a = source[max(0, lag) : n + min(0, lag)]
        b = output[max(0, -lag) : n + min(0, -lag)]
        if len(a) < 2 or a.std() < 1e-9 or b.std() < 1e-9:
            return 0.0
        best = max(best, float(np.corrcoef(a, b)[0, 1]))
    return best


def onset_f(target: np.ndarray, output: np.ndarray, window_s: float = 0.05) -> float:
    """F-measure of detected onsets of two waves (T,) within 50 ms (mir_eval.onset)."""
    import mir_eval

    times = [
        librosa.onset.onset_detect(y=wave, sr=SAMPLE_RATE, hop_length=TRUTH_HOP, units="time")
        for wave in (target, output)
    ]
    return (
        0.0
        if min(map(len, times)) == 0
        else float(mir_eval.onset.f_measure(*times, window=window_s)[0])
    )


def beat_times(envelope: np.ndarray, hop: int = HOP) -> np.ndarray:
    """(F,) onset strength -> beat times in seconds (librosa's beat tracker)."""
    if not len(envelope) or envelope.max() <= 0:
        return np.zeros(0)
    return librosa.beat.beat_track(
        onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=hop, units="time"
    )[1]


def beat_f(source_s: np.ndarray, output_s: np.ndarray) -> float:
    """F-measure of two beat sequences in seconds within 70 ms, the first 5 s left out
    (mir_eval.beat).
    """
    import mir_eval

    source_s, output_s = (
        mir_eval.beat.trim_beats(np.asarray(times)) for times in (source_s, output_s)
    )
    return (
        0.0
        if min(len(source_s), len(output_s)) == 0
        else float(mir_eval.beat.f_measure(source_s, output_s))
    )


@lru_cache(maxsize=1)
def _triads() -> tuple[np.ndarray, tuple[str, ...]]:
    """24 major and minor triads: templates (24, 12) of zero mean and unit norm, and mir_eval's
    names for them.
    """
    names = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    chords = [
        [(root + step) % 12 for step in (0, third, 7)] for third in (4, 3) for root in range(12)
    ]
    rows = [np.isin(np.arange(12), chord) for chord in chords]
    templates = np.array(rows, dtype=float) - 0.25
    labels = tuple(f"{name}:{quality}" for quality in ("maj", "min") for name in names)
    return templates / np.linalg.norm(templates, axis=1, keepdims=True), labels


def chord_labels(chroma: np.ndarray, edges_s: np.ndarray, hop: int = HOP) -> list[str]:
    """(12, F) -> the nearest major or minor triad between each two of `edges_s` (E,): E - 1 labels,
    "N" where flat.
    """
    templates, names = _triads()
    frames, labels = np.round(np.asarray(edges_s) * SAMPLE_RATE / hop).astype(int), []
    for first, last in zip(frames[:-1], frames[1:], strict=True):
        span = chroma[:, first : max(last, first + 1)]
        mean = span.mean(axis=1) if span.shape[1] else np.zeros(12)
        labels.append(names[int(np.argmax(templates @ mean))] if np.ptp(mean) > 1e-6 else "N")
    return labels


def chord_agreement(
    source: np.ndarray, output: np.ndarray, beats_s: np.ndarray, hop: int = HOP
) -> float:
    """Share of the time with the same triad in two chromas (12, F), beat by beat
    (mir_eval.chord.majmin).
    """
    import mir_eval

    end_s = min(source.shape[1], output.shape[1]) * hop / SAMPLE_RATE
    edges_s = np.asarray(beats_s)[np.asarray(beats_s) < end_s]
    if len(edges_s) < 4:  # no beat found: half seconds
        edges_s = np.arange(0, end_s, 0.5)
    if len(edges_s) < 2:
        return float("nan")
    labels = [chord_labels(chroma, edges_s, hop) for chroma in (source, output)]
    return float(mir_eval.chord.weighted_accuracy(mir_eval.chord.majmin(*labels), np.diff(edges_s)))


# --- blur, seams ----------------------------------------------------------------------------------
# --------------------


def crest_db(wave: np.ndarray) -> float:
    """Mean over sounding frames of 20 log10(max / mean) of the STFT magnitude (2048, hop 512), bins
    26 to 511.

    Sounding: at least 5 % of the mean level. Blur lowers it: real carols about 32 dB, noise about
    10. NaN for silence.
    """
    magnitude = np.abs(librosa.stft(wave, n_fft=2048, hop_length=512))[26:512]
    mean = magnitude.mean(axis=0)
    sounding = (mean >= 0.05 * mean.mean()) & (mean > SILENCE)
    if not sounding.any():
        return float("nan")
    return float(np.mean(20 * np.log10(magnitude.max(axis=0)[sounding] / mean[sounding])))


def attack(envelope: np.ndarray) -> float:
    """98th percentile of the onset strength (F,) over its mean: real carols about 5.9. NaN for a
    constant.
    """
    mean = float(np.mean(envelope)) if len(envelope) else 0.0
    return float(np.percentile(envelope, 98) / mean) if mean > 0 else float("nan")


def seam_ratio(wave: np.ndarray, joins_s: np.ndarray, reach: int = 2) -> float:
    """How much more the spectrum jumps where windows were joined: mean largest jump near a join
    over that elsewhere.

    A jump is the mean absolute change of the mel spectrum in dB from frame to frame (hop 256), the
    largest within +-`reach` frames. About 1: no seam. NaN without joins inside the wave.
    """
    jumps = np.abs(np.diff(mel_db(wave, TRUTH_HOP), axis=1)).mean(axis=0)
    if len(jumps) <= 2 * reach:
        return float("nan")
    largest = np.lib.stride_tricks.sliding_window_view(jumps, 2 * reach + 1).max(axis=-1)
    at = np.round(np.asarray(joins_s, dtype=float) * SAMPLE_RATE / TRUTH_HOP).astype(int) - reach
    at = np.unique(at[(at >= 0) & (at < len(largest))])
    elsewhere = np.ones(len(largest), dtype=bool)
    for step in range(-2 * reach, 2 * reach + 1):
        elsewhere[np.clip(at + step, 0, len(largest) - 1)] = False
    if not len(at) or not elsewhere.any():
        return float("nan")
    return float(largest[at].mean() / (largest[elsewhere].mean() + SILENCE))


# --- style: how near to real carols
# ----------------------------------------------------------------------------------


def style_names() -> list[str]:
    """What the 69 values of a style window are."""
    mfcc = [f"mfcc{i}_{k}" for k in ("mean", "std", "delta") for i in range(1, 20)]
    contrast = [f"contrast{i}_{k}" for k in ("mean", "std") for i in range(4)]
    return [*mfcc, *contrast, "flatness", "onset_mean", "onset_std", "percussive"]


def _style_window(window: np.ndarray) -> np.ndarray:
    """(T,) at 12 kHz -> (69,) statistics of timbre and rhythm, level set to rms .1."""
    window = window / np.sqrt(np.mean(window**2)) * LEVEL_RMS
    heard = {"y": window, "sr": STYLE_RATE}
    mfcc = librosa.feature.mfcc(**heard, n_mfcc=20, fmax=5500)[1:]
    contrast = librosa.feature.spectral_contrast(**heard, n_bands=4)[:-1]
    flatness = np.log(librosa.feature.spectral_flatness(y=window) + 1e-9).mean()
    onset = librosa.onset.onset_strength(**heard, fmax=5500)
    harmonic, percussive = librosa.decompose.hpss(
        np.abs(librosa.stft(window, n_fft=1024, hop_length=512))
    )
    energy_h, energy_p = (harmonic**2).sum(), (percussive**2).sum()
    moving = np.diff(mfcc, axis=1).std(axis=1)
    tail = [flatness, onset.mean(), onset.std(), energy_p / (energy_h + energy_p + 1e-9)]
    return np.r_[mfcc.mean(1), mfcc.std(1), moving, contrast.mean(1), contrast.std(1), tail]


def style_windows(wave: np.ndarray) -> np.ndarray:
    """(T,) at 16 kHz, as `prepare` gives it -> (W, 69) statistics of its 10 s windows; silent ones
    are left out.

    A last window shorter than 5 s is left out too, unless it is the only one.
    """
    wave = librosa.resample(
        np.asarray(wave, dtype=np.float32), orig_sr=SAMPLE_RATE, target_sr=STYLE_RATE
    )
    size = STYLE_WINDOW_S * STYLE_RATE
    starts = range(0, max(1, len(wave) - size // 2), size)
    windows = [wave[start : start + size] for start in starts]
    rows = [
        _style_window(window)
        for window in windows
        if len(window) and np.sqrt(np.mean(window**2)) >= 1e-4
    ]
    return np.array(rows).reshape(len(rows), len(style_names()))


@dataclass(frozen=True, eq=False)
class StyleReference:
    """Style windows of real pop (P, 69) and real carols (C, 69), against which conversions are
    measured.

    `p_carol`: a logistic regression tells carols from pop. `style`: squared distance of means and
    deviations, over that of the pop windows. Real carols among others get .7 to .8 and .2: more, or
    less, is not better.
    """

    pop: np.ndarray
    carol: np.ndarray

    def __post_init__(self):
        for name in ("pop", "carol"):
            shape = np.shape(getattr(self, name))
            if len(shape) != 2 or shape[1] != len(style_names()) or shape[0] < 2:
                raise ValueError(
                    f"expected at least 2 {name} windows of {len(style_names())} values, found {shape}"
                )

    @classmethod
    def fit(cls, pop_windows: np.ndarray, carol_windows: np.ndarray) -> StyleReference:
        return cls(np.asarray(pop_windows, dtype=float), np.asarray(carol_windows, dtype=float))

    @classmethod
    def load(cls, path: Path | str) -> StyleReference:
        """From an .npz with `pop` and `carol`."""
        with np.load(path, allow_pickle=False) as arrays:
            if missing := {"pop", "carol"} - set(arrays.files):
                raise ValueError(
                    f"{path}: expected arrays pop and carol, found no {' and '.join(sorted(missing))}"
                )
            return cls.fit(arrays["pop"], arrays["carol"])

    @cached_property
    def _scaler(self):
        from sklearn.preprocessing import StandardScaler

        return StandardScaler().fit(np.vstack([self.pop, self.carol]))

    @cached_property
    def _classifier(self):
        from sklearn.linear_model import LogisticRegression

        is_carol = np.r_[np.zeros(len(self.pop)), np.ones(len(self.carol))]
        model = LogisticRegression(C=0.05, class_weight="balanced", max_iter=3000)
        return model.fit(self._scaler.transform(np.vstack([self.pop, self.carol])), is_carol)

    def _distances(self, windows: np.ndarray, others: np.ndarray) -> np.ndarray:
        a, b = self._scaler.transform(windows), self._scaler.transform(others)
        return (a.mean(0) - b.mean(0)) ** 2 + (a.std(0) - b.std(0)) ** 2

    def p_carol(self, windows: np.ndarray) -> float:
        """Mean probability of (W, 69) windows to be a carol; NaN without windows."""
        if not len(windows):
            return float("nan")
        return float(self._classifier.predict_proba(self._scaler.transform(windows))[:, 1].mean())

    def style(self, windows: np.ndarray) -> float:
        """Distance of the pooled windows (W, 69) to real carols, as a share of pop's; NaN without
        windows.

        Deviations count, so pool at least eight clips of 20 s: one clip alone is never as varied as
        carols are.
        """
        if not len(windows):
            return float("nan")
        return float(
            self._distances(windows, self.carol).sum() / self._distances(self.pop, self.carol).sum()
        )

    def farthest(self, windows: np.ndarray, n: int = 8) -> list[tuple[str, float]]:
        """The n values farthest from real carols, each with the z of its mean: what to change."""
        order = np.argsort(-self._distances(windows, self.carol))[:n]
        z = self._scaler.transform(windows).mean(0) - self._scaler.transform(self.carol).mean(0)
        return [(style_names()[i], float(z[i])) for i in order]


# --- agreement with a known target (synthetic pairs)
# -----------------------------------------------------------------


def mse_ratio(
    predicted: np.ndarray, target: np.ndarray, mean: np.ndarray, std: np.ndarray
) -> float:
    """Mean squared error on log-mel (F, M) standardised by `mean`, `std` (M,), over that of
    predicting the mean.
    """
    n = min(len(predicted), len(target))
    error, spread = (predicted[:n] - target[:n]) / std, (target[:n] - mean) / std
    return float(np.mean(error**2) / (np.mean(spread**2) + SILENCE))


def mel_db(wave: np.ndarray, hop: int = HOP) -> np.ndarray:
    """(T,) -> (128, F) mel power in dB at unit rms, at most 80 dB below its maximum."""
    power = librosa.feature.melspectrogram(y=set_level(wave, 1.0), sr=SAMPLE_RATE, hop_length=hop)
    return librosa.power_to_db(power, top_db=80)


def lsd_db(target: np.ndarray, output: np.ndarray) -> float:
    """Log-spectral distance in dB of two waves (T,): RMS over time in each mel band, mean over
    bands.

    As SS-VQ-VAE measures it (arXiv 2102.05749; its copy gets 14.62, its model 12.16, on its own
    data).
    """
    a, b = mel_db(target), mel_db(same_length(output, len(target)))
    return float(np.mean(np.sqrt(np.mean((a - b) ** 2, axis=1))))


def tune_and_full_chroma(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T,) -> chroma of the tune register (12, F) and of all octaves (12, F) from one CQT, hop 256."""
    kwargs = {"sr": SAMPLE_RATE, "hop_length": TRUTH_HOP}
    lowest_hz = librosa.note_to_hz("C1")
    cqt = np.abs(
        librosa.cqt(wave, **kwargs, fmin=lowest_hz, n_bins=252, bins_per_octave=36, tuning=None)
    )
    low, high = ((midi - librosa.note_to_midi("C1")) * 3 for midi in TUNE_REGISTER_MIDI)
    part = np.zeros_like(cqt)
    # a bin to each side belongs to the same semitone
    part[low - 1 : high + 2] = cqt[low - 1 : high + 2]
    chromas = [
        librosa.feature.chroma_cqt(C=c, **kwargs, bins_per_octave=36, n_octaves=7)
        for c in (part, cqt)
    ]
    return chromas[0].astype(np.float32), chromas[1].astype(np.float32)


def spans(values: np.ndarray) -> list[tuple[int, int]]:
    """Runs of equal rows: [(first, last + 1)] of an array (F,) or (F, K)."""
    values = np.asarray(values).reshape(len(values), -1)
    if not len(values):
        return []
    edges = np.flatnonzero((values[1:] != values[:-1]).any(axis=1)) + 1
    bounds = [0, *edges.tolist(), len(values)]
    return list(zip(bounds[:-1], bounds[1:], strict=True))


def tune_share(
    register_chroma: np.ndarray, tune: np.ndarray, onset: np.ndarray | None = None
) -> float:
    """Share of tune notes whose pitch class is the strongest of the output's tune register during
    the note.

    register_chroma (12, F) by `tune_and_full_chroma`; tune (F,) MIDI, below 0 where it rests; onset
    (F,) bool parts repeated notes. NaN without notes.
    """
    tune = np.asarray(tune, dtype=int)
    number = np.cumsum(onset) if onset is not None else np.zeros(len(tune), dtype=int)
    runs = spans(np.stack([tune, number], axis=1))
    notes = [
        (first, last)
        for first, last in runs
        if tune[first] >= 0 and last <= register_chroma.shape[1]
    ]
    hits = [register_chroma[:, a:b].mean(axis=1).argmax() == tune[a] % 12 for a, b in notes]
    return float(np.mean(hits)) if hits else float("nan")


def chord_share(full_chroma: np.ndarray, chord: np.ndarray) -> float:
    """Share of a chord's n pitch classes among the n + 1 strongest of the output's mean chroma over
    the chord's span.

    full_chroma (12, F); chord (F, 12) bool. Mean over chords by length, chance about 1/3. NaN
    without chords.
    """
    shares, lengths = [], []
    for first, last in spans(chord):
        classes = np.flatnonzero(chord[first])
        if len(classes) and last <= full_chroma.shape[1]:
            strongest = np.argsort(full_chroma[:, first:last].mean(axis=1))[
                -len(classes) - CHORD_SPARE :
            ]
            shares.append(np.isin(classes, strongest).mean())
            lengths.append(last - first)
    return float(np.average(shares, weights=lengths)) if shares else float("nan")
