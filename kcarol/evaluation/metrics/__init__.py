"""Metrics as pure functions, by what they measure: waves in, numbers out.

A wave is (T,) float at 16 kHz and a chroma (12, F). Real recordings are measured on their first
minute at rms .1 (`prepare`), their width in stereo at 44.1 kHz (`full_band_windows`), their form on
the whole (`Course`). No figure means anything alone: a copy of the song has all of the
content and no style, one fixed carol the reverse.
"""
# ruff: noqa: F401

from kcarol.evaluation.metrics.blur import attack, crest_db, seam_ratio
from kcarol.evaluation.metrics.content import (
    chord_agreement,
    chord_labels,
    chroma_matrix,
    chroma_similarity,
    chromagram,
    note_at_k,
    retrieval,
    retrieval_chance,
)
from kcarol.evaluation.metrics.form import (
    Course,
    density_correlation,
    dynamics_correlation,
    form_correlation,
    timbre_statistics,
)
from kcarol.evaluation.metrics.full_band import FULL_RATE, FullBandReference, full_band_windows
from kcarol.evaluation.metrics.rhythm import (
    beat_f,
    beat_times,
    onset_correlation,
    onset_envelope,
    onset_f,
)
from kcarol.evaluation.metrics.style import StyleReference, style_names, style_windows
from kcarol.evaluation.metrics.target import (
    chord_share,
    lsd_db,
    mse_ratio,
    tune_and_full_chroma,
    tune_share,
)
from kcarol.evaluation.metrics.text import (
    OnsetCounts,
    VowelFigures,
    colour_correlation,
    phrase_weights,
    phrases_of,
    syllable_times,
    vowel_colour,
    vowel_figures,
)
from kcarol.evaluation.metrics.ultrastar import SungNote, read_ultrastar
from kcarol.evaluation.metrics.waves import HEARD_S, LABEL_HOP, SAMPLE_RATE, prepare, set_level
