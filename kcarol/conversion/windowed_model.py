"""`MusicTransformer` over songs of any length, in windows of the length used in training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from kcarol.audio.chunks import chunk_spans, overlap_add_stream
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.features import Features, transpose_features
from kcarol.audio.parallel import n_workers, parallel_map
from kcarol.config import AudioConfig, ConversionConfig
from kcarol.model.device import fast_inference
from kcarol.model.logits import N_LOGITS, Logits
from kcarol.model.note_bank import RING_FRAMES
from kcarol.model.notes import Notes
from kcarol.model.singing.text import Text
from kcarol.model.syllable_hearing import N_SYLLABLE_LOGITS, SyllableHearing, SyllableLogits
from kcarol.model.transformer import MusicTransformer
from kcarol.progress import Progress, untold

MAX_CPU_BATCH = 4  # windows at once per thread: more exceed its cache

Span = tuple[int, int]  # first frame, and the one after the last


class WindowedModel:
    """Both halves of the model, window by window; windows overlap and are cross-faded.

    Several are computed at once, on CPU one batch a thread.
    """

    def __init__(
        self,
        model: MusicTransformer,
        syllables: SyllableHearing | None,
        features: Features,
        window_frames: int,
        audio: AudioConfig,
        device: torch.device,
        cfg: ConversionConfig,
    ):
        """`syllables` None: no vowel is likelier than another. `cfg`: overlap of windows, and
        transpositions for hearing.
        """
        self.model = model
        self.syllables = syllables
        self.features = features
        self.audio = audio
        self.device = device
        self.transpositions = cfg.heard_at
        self.window_frames = window_frames
        self.overlap = round(cfg.overlap * window_frames)
        self.batch_size = cfg.batch_windows
        if device.type == "cpu":
            self.batch_size = min(self.batch_size, MAX_CPU_BATCH)

    def spans(self, n_frames: int) -> list[Span]:
        """The windows of a song of `n_frames`."""
        return chunk_spans(n_frames, self.window_frames, self.overlap)

    @torch.inference_mode()
    def hear(
        self, song: np.ndarray | DiskBuffer, tuning_cents: np.ndarray, progress: Progress = untold
    ) -> tuple[Logits, SyllableLogits]:
        """(T,) -> logits (F, n) float16, the mean over several transpositions of the features, and
        those of syllables.

        `tuning_cents` (F,): of the song, above A440; pitches are heard as if it were there.
        """
        n_frames = self.audio.n_frames(len(song))
        logits = torch.empty(n_frames, N_LOGITS + N_SYLLABLE_LOGITS, dtype=torch.float16)

        def heard(spans: list[Span]) -> Tensor:
            waves = [samples_of(song, span, self.audio.hop_length) for span in spans]
            tuning = torch.from_numpy(np.stack([tuning_cents[a:b] for a, b in spans]))
            features = self.features(torch.from_numpy(np.stack(waves)).to(self.device), tuning)
            with fast_inference(self.device):
                several = [
                    self.model.hear(transpose_features(features, s, self.audio)).transposed(-s)
                    for s in self.transpositions
                ]
                heard = Logits.mean(several)
                syllables = self._hear_syllables(features, heard.tune)
            return torch.cat([heard.concatenated(), *syllables], dim=-1).cpu()

        for start, rows in self._map(heard, n_frames):
            logits[start : start + len(rows)] = rows
            progress((start + len(rows)) / n_frames)
        song_logits, vowel, begins = logits.split((N_LOGITS, N_SYLLABLE_LOGITS - 1, 1), dim=1)
        return Logits.split(song_logits), SyllableLogits(vowel, begins)

    def _hear_syllables(self, features: Tensor, tune: Tensor) -> SyllableLogits:
        if self.syllables is None:
            n_classes = (N_SYLLABLE_LOGITS - 1, 1)
            return SyllableLogits(*(tune.new_zeros(*tune.shape[:2], n) for n in n_classes))
        return self.syllables(features, tune.softmax(-1))

    @torch.inference_mode()
    def play(
        self,
        notes: Notes,
        n_frames: int,
        embedding: Tensor,
        out: np.ndarray | DiskBuffer,
        text: Text | None = None,
        progress: Progress = untold,
    ) -> None:
        """Write the log-mel (F, 2 * n_bands) of notes in a style (d_style,) into `out`; `text`
        (F,): of the choirs, None where they sing as their samples do.
        """
        embedding = embedding.to(self.device)
        table = self.model.note_bank.table(notes, with_vowels=text is not None)

        def played(spans: list[Span]) -> Tensor:
            windows = [notes.window(a, b, RING_FRAMES) for a, b in spans]
            texts = None if text is None else [text.window(a, b) for a, b in spans]
            length = spans[0][1] - spans[0][0]
            styles = embedding.expand(len(spans), -1)
            with fast_inference(self.device):
                mel = self.model.play(windows, length, styles, table, texts)
            return self.model.destandardise(mel).cpu()

        for start, rows in self._map(played, n_frames):
            out[start : start + len(rows)] = rows.numpy()
            progress((start + len(rows)) / n_frames)

    def _map(
        self, work: Callable[[list[Span]], Tensor], n_frames: int
    ) -> Iterator[tuple[int, Tensor]]:
        """Cross-faded rows of `work` (W windows -> (W, f, n)), in order: first frame and (f, n)."""
        spans = self.spans(n_frames)
        # of a short song each worker gets some
        size = min(self.batch_size, math.ceil(len(spans) / n_workers(self.device)))
        batches = [spans[i : i + size] for i in range(0, len(spans), size)]
        results = parallel_map(work, batches, self.device)
        windows = (window for batch in results for window in batch)
        return overlap_add_stream(windows, spans, n_frames)


def samples_of(song: np.ndarray | DiskBuffer, span: Span, hop_length: int) -> np.ndarray:
    """The samples (t,) whose features are the frames of a span; zeros beyond the song."""
    first, stop = span
    n_samples = (stop - first) * hop_length - 1
    piece = song[first * hop_length : first * hop_length + n_samples]
    return np.pad(piece, (0, n_samples - len(piece)))
