"""espeak-ng speaks a list of texts: a separate program, `python espeak.py`, never imported.

In: a line of JSON on stdin, {"voice", "speed_wpm", "pitch", "texts"}. Out: a line of JSON on
stdout, {"sample_rate", "spoken": [[n_samples, [[phoneme, sample], ...]], ...]}, then the samples of
all texts, int16.

Each speaker has a process for two reasons. espeak-ng keeps one state per process and carries noise
and phase from text to text, so that only a fresh one gives the same sound for the same texts. And
it is licensed under GPL-3: here it is a program called over a pipe, and no part of it is shipped.
It comes with its voices in the wheel `espeakng-loader`.
"""

import array
import ctypes
import json
import sys

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
BUFFER_MS = 200
OPTIONS = 0x8001  # espeakINITIALIZE_PHONEME_EVENTS and _DONT_EXIT
UTF8 = 1
SPEED, PITCH, PITCH_RANGE = 1, 3, 4  # espeak_PARAMETER
LIST_TERMINATED, PHONEME = 0, 7  # espeak_EVENT_TYPE


class Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h; of the union `id` only the phoneme's name is used."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    ]


Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


class Espeak:
    """The library, set to one voice without melody."""

    def __init__(self, voice: str, speed_wpm: int, pitch: int):
        import espeakng_loader

        self.library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        folder = str(espeakng_loader.get_data_path()).encode()
        self.sample_rate = self.library.espeak_Initialize(SYNCHRONOUS, BUFFER_MS, folder, OPTIONS)
        if self.sample_rate <= 0:
            raise RuntimeError(f"espeak-ng did not start with the voices in {folder.decode()}")
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # else seeded by the clock
        self._callback = Callback(self._take)  # kept alive, as the library calls it later
        self.library.espeak_SetSynthCallback(self._callback)
        if self.library.espeak_SetVoiceByName(voice.encode()):
            raise RuntimeError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((SPEED, speed_wpm), (PITCH, pitch), (PITCH_RANGE, 0)):
            self.library.espeak_SetParameter(parameter, value, 0)

    def say(self, text: str) -> tuple[array.array, list[tuple[str, int]]]:
        """Samples, and the phonemes with the sample at which each begins."""
        self.wave, self.phonemes = array.array("h"), []
        data = text.encode()
        self.library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, UTF8, None, None)
        return self.wave, self.phonemes

    def _take(self, wave, n_samples: int, events) -> int:
        """Called by the library with each piece of sound; 0 lets it continue."""
        if wave and n_samples > 0:
            self.wave.frombytes(ctypes.string_at(wave, 2 * n_samples))
        k = 0
        while events[k].type != LIST_TERMINATED:
            if events[k].type == PHONEME:
                name = events[k].name.decode(errors="replace")
                self.phonemes.append((name, events[k].sample))
            k += 1
        return 0


def main() -> None:
    order = json.loads(sys.stdin.readline())
    espeak = Espeak(order["voice"], order["speed_wpm"], order["pitch"])
    spoken = [espeak.say(text) for text in order["texts"]]
    lengths = [[len(wave), phonemes] for wave, phonemes in spoken]
    head = {"sample_rate": espeak.sample_rate, "spoken": lengths}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for wave, _ in spoken:
        sys.stdout.buffer.write(wave.tobytes())


if __name__ == "__main__":
    main()
