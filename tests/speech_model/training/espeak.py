"""espeak-ng in this process, through its C library: sound and the time at which each word starts."""

import ctypes
from ctypes import POINTER, c_char, c_int, c_short, c_void_p
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

_SYNCHRONOUS = 2
_WORD_EVENT = 1
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER


class _Event(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("type", c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", c_char * 8),
    ]


_Callback = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Espeak:
    """One voice at a time; the library holds its state in globals. `rate` is in samples a second."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0))
        if self.rate <= 0:
            raise OSError("espeak-ng could not be initialized")
        self._sound: list[npt.NDArray[np.int16]] = []
        self._words: list[tuple[int, float]] = []
        self._callback = _Callback(self._receive)  # the library keeps the pointer only
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self, text: str, voice: str, speed: int, pitch: int, pitch_range: int
    ) -> tuple[npt.NDArray[np.int16], list[tuple[int, float]]]:
        """Samples, and (position in the text from 1, start in seconds) of words. ValueError: no such voice."""
        self._sound, self._words = [], []
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((_RATE, speed), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, 1, 0, _UTF8, None, None)
        return np.concatenate([np.zeros(0, np.int16), *self._sound]), self._words

    def _receive(self, sound: Any, count: int, events: Any) -> int:
        if count > 0 and sound:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        number = 0
        while events[number].type != 0:
            if events[number].type == _WORD_EVENT:
                self._words.append((events[number].text_position, events[number].audio_position / 1_000))
            number += 1
        return 0
