"""What a first conversion imports, and the garbage collector meanwhile."""

import gc
import subprocess
import sys
from pathlib import Path

import soundfile
from signals import sine

from kcarol.cli.arguments.imports import import_pytorch

ROOT = Path(__file__).resolve().parents[3]
# packages that train, measure, draw, separate or read scores: seconds of imports
NOT_TO_CONVERT = {
    "IPython",
    "librosa",
    "matplotlib",
    "mir_eval",
    "music21",
    "numba",
    "scipy",
    "sklearn",
    "sympy",
    "tensorboard",
    "torch._dynamo",
    "torchaudio",
}


def printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_a_conversion_imports_neither_torchaudio_nor_librosa_nor_scipy(tmp_path):
    """A picture of it takes matplotlib and nothing more."""
    song, carol = tmp_path / "song.mp3", tmp_path / "carol.wav"
    soundfile.write(song, sine(440, seconds=2), 16_000)
    code = (
        "import sys; from kcarol.cli.main import main; "
        f"command = ['convert', {str(song)!r}, '-o', {str(carol)!r}, '--force']; found = []\n"
        "for more in ([], ['--picture']):\n"
        "    assert main(command + more) == 0\n"
        f"    found.append(sorted({NOT_TO_CONVERT} & set(sys.modules)))\n"
        "print(found)"
    )
    assert printed(code) == "[[], ['matplotlib']]"


def test_pytorch_is_left_to_the_process_and_all_else_is_collected():
    code = (
        "import gc; from kcarol.cli.arguments.imports import import_pytorch; import_pytorch(); "
        "print(gc.isenabled(), gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 1_000)"
    )
    assert printed(code) == "True True True"


def test_once_it_is_imported_nothing_changes():
    import torch  # noqa: F401

    n_frozen = gc.get_freeze_count()
    import_pytorch()
    assert gc.isenabled() and gc.get_freeze_count() == n_frozen
