"""kcarol turns a song into a Christmas carol.

```python
import kcarol

kcarol.convert("song.mp3", "carol.wav", style="choir")
```

The names below are loaded when they are first used, so that importing kcarol takes no time. What
they give and take is in `kcarol.conversion.converter`, `kcarol.transcription.transcription` and
`kcarol.config`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.2.0"

if TYPE_CHECKING:
    from kcarol.audio.clips import preprocess
    from kcarol.audio.decoding import load_audio
    from kcarol.conversion.api import convert, transcribe
    from kcarol.conversion.scores import notate, play
    from kcarol.evaluation.evaluate import evaluate
    from kcarol.model.transformer import MusicTransformer
    from kcarol.training.loop import fit
    from kcarol.vocoder.neural import NeuralVocoder
    from kcarol.voice.separation.separated import separated_voice

__all__ = [  # in the order of the API page
    "convert",
    "transcribe",
    "notate",
    "play",
    "separated_voice",
    "load_audio",
    "preprocess",
    "MusicTransformer",
    "NeuralVocoder",
    "fit",
    "evaluate",
    "__version__",
]

_HOMES = {  # public name -> module and name where it is defined
    "load_audio": "kcarol.audio.decoding:load_audio",
    "preprocess": "kcarol.audio.clips:preprocess",
    "MusicTransformer": "kcarol.model.transformer:MusicTransformer",
    "NeuralVocoder": "kcarol.vocoder.neural:NeuralVocoder",
    "convert": "kcarol.conversion.api:convert",
    "transcribe": "kcarol.conversion.api:transcribe",
    "notate": "kcarol.conversion.scores:notate",
    "play": "kcarol.conversion.scores:play",
    "separated_voice": "kcarol.voice.separation.separated:separated_voice",
    "fit": "kcarol.training.loop:fit",
    "evaluate": "kcarol.evaluation.evaluate:evaluate",
}


def __getattr__(name: str) -> object:
    """Import a public name at its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name].split(":")
    value = globals()[name] = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
