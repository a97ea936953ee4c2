"""How many tokens a text may cost, without any tokenizer's tables.

Each character is given a price by its script, a little above what byte-level BPE vocabularies of 100,000
entries and more need for running text (about 0.75 English words to a token). The sum is additive, so the
price of every slice of a text is a difference of two numbers.

Margin, by the rates that vocabularies are known for (no tokenizer is bundled to measure against): running
prose is over-estimated by 10 to 60 %. Under-estimates by up to 2.5 times are possible for text that is no
language, such as base64 or hexadecimal dumps. So the estimate plans a split, and the provider's own refusal
makes the split finer (`pipeline/llm/synthesis.py`); neither alone is trusted.
"""

import math
import re

import numpy as np
from numpy.typing import NDArray

UNIT = 100  # prices are whole hundredths of a token, so that sums are exact

# (first code point, price of a character in hundredths of a token) up to the next row
_PRICES: tuple[tuple[int, int], ...] = (
    (0x0000, 50),  # controls, white space
    (0x0021, 70),  # punctuation
    (0x0030, 70),  # digits
    (0x003A, 70),  # punctuation
    (0x0041, 40),  # capitals: names, acronyms
    (0x005B, 70),
    (0x0061, 30),  # a to z
    (0x007B, 70),
    (0x0080, 90),  # accented Latin
    (0x0250, 150),  # phonetic signs, combining marks
    (0x0370, 60),  # Greek, Cyrillic
    (0x0530, 110),  # Armenian, Hebrew, Arabic
    (0x0700, 250),
    (0x0900, 200),  # Indic scripts, Thai
    (0x0F00, 300),  # Tibetan, Burmese, Georgian, Ethiopic, Khmer
    (0x1E00, 150),  # Vietnamese letters, polytonic Greek
    (0x2000, 150),  # typographic punctuation, symbols
    (0x2E80, 110),  # CJK punctuation, kana
    (0x3100, 200),
    (0x3400, 300),  # rare ideographs
    (0x4E00, 140),  # ideographs
    (0xA000, 300),
    (0xAC00, 130),  # Hangul
    (0xD7B0, 300),
    (0xFF00, 150),  # full-width forms
    (0xFFF0, 300),
    (0x10000, 400),  # emoji, historic scripts: as many tokens as UTF-8 bytes
)
_STARTS = np.array([start for start, _ in _PRICES], dtype=np.uint32)
_PRICE = np.array([price for _, price in _PRICES], dtype=np.int64)
_BMP = _PRICE[np.searchsorted(_STARTS, np.arange(0x10000, dtype=np.uint32), side="right") - 1]

# Most text is ASCII, which `bytes.translate` prices in a fraction of the time.
_ASCII = bytes(_BMP[:128].tolist()) + bytes(128)

# What is written without spaces, and the characters that a token has at most, on average.
_UNSPACED = (
    (re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"), 4),  # kana, ideographs
    (re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"), 8),  # Thai, Lao, Burmese, Khmer
)

MOST_PER_CHARACTER = int(_PRICE.max()) // UNIT  # tokens


def prices(text: str) -> NDArray[np.int64]:
    """The price of each character of `text`, shape (len(text),), in hundredths of a token."""
    if text.isascii():
        return _of_ascii(text).astype(np.int64)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    priced: NDArray[np.int64] = np.where(points < 0x10000, _BMP[np.minimum(points, 0xFFFF)], _PRICE[-1])
    return priced


def estimate_tokens(text: str) -> int:
    """Tokens that `text` probably costs at most; see the module's text for the margin."""
    priced = _of_ascii(text) if text.isascii() else prices(text)
    return math.ceil(int(priced.sum(dtype=np.int64)) / UNIT)


def _of_ascii(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode().translate(_ASCII), dtype=np.uint8)


def fewest_tokens(text: str) -> int:
    """Tokens that running text costs at least.

    No common tokenizer joins two words over white space into one token. Chinese and Japanese stand without white space;
    vocabularies trained on them reach about two characters to a token, and four are taken as the most. Thai and its
    neighbours have four to seven characters to a word, and eight are taken.
    """
    words = len(text.split())
    if text.isascii():
        return words
    return max(words, sum((len(text) - len(script.sub("", text))) // most for script, most in _UNSPACED))
