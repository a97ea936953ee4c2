"""What a WAV's `fmt ` chunk says of its samples, with one wrong field put right by the others.

A frame's bytes are those of a sample times the channels, and a second's are those of a frame times the rate. Where that
holds nothing is changed. Where it doesn't, programs that get a field wrong are told from damage: of two readings that
are both likely the one that FFmpeg decodes by stays.
"""

import struct
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace

MOST_CHANNELS = 64
"""What FFmpeg's resampler takes."""

LEAST_RATE = 1_000
"""Of samples a second. Nobody speaks below it, and a few kilobytes at 1 Hz would become gigabytes."""

MOST_RATE = 1_000_000
"""Of samples a second. No recording of speech has more, and each makes the resampler's filter longer."""

SHORTEST, EXTENDED = 16, 40  # bytes
_KIND = slice(8, 24)  # behind the fields of an extensible format: the tag that it stands for, as a GUID
_FIELDS = struct.Struct("<HHIIHH")
_UNKNOWN, _PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 0, 1, 3, 6, 7, 0xFFFE  # tags
_LINEAR = (_PCM, _FLOAT, _A_LAW, _MU_LAW)
_WIDTHS = (8, 16, 24, 32, 64)  # bits
_ONLY_PCM = (16, 24)  # bits; floats have more, A-law and µ-law fewer
_COOL_EDIT = 20  # bytes of a format that says 24 bits in 32 and means floats
_USUAL_RATES = frozenset(
    {8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000}
)


@dataclass(frozen=True, slots=True)
class _Fields:
    """In their order in the file."""

    channels: int
    rate: int
    speed: int  # bytes a second
    align: int  # bytes of a frame: one sample of each channel
    bits: int  # of a sample

    @property
    def agree(self) -> bool:
        return self.align == self.channels * self.sample_bytes and self.speed == self.rate * self.align

    @property
    def sound(self) -> bool:
        """Whether they agree on what can be decoded."""
        possible = 0 < self.channels <= MOST_CHANNELS and 0 < self.bits <= max(_WIDTHS)
        return possible and LEAST_RATE <= self.rate <= MOST_RATE and self.agree

    @property
    def sample_bytes(self) -> int:
        return -(-self.bits // 8)

    @property
    def width(self) -> int:
        """Bits of a sample, by the frame."""
        return 8 * self.align // max(1, self.channels)


def decodable(format_: bytes) -> bytes:
    """The payload of `fmt `, of `SHORTEST` bytes at least, as FFmpeg understands it.

    Of an extensible one it decodes as many bits as are valid, of which there may be fewer than a sample takes, or none
    (those that aren't are zeros at the low end). Loudspeakers' places are left out: FFmpeg doesn't know them all.
    """
    tag, *numbers = _FIELDS.unpack_from(format_)
    fields, rest = _Fields(*numbers), format_[SHORTEST:]
    is_extended = tag == _EXTENSIBLE and len(format_) >= EXTENDED
    kind = rest[_KIND] if is_extended else b""
    if tag in (_UNKNOWN, _EXTENSIBLE) and not any(kind) and fields.agree and fields.bits in _ONLY_PCM:
        tag, rest, is_extended = _PCM, b"", False
    if tag == _PCM and not fields.bits and fields.width in _WIDTHS:
        fields = replace(fields, bits=fields.width)
    stands_for = int.from_bytes(kind[:2], "little") if is_extended else tag
    if stands_for in _LINEAR and not fields.agree:
        may_widen = tag != _PCM or len(format_) != _COOL_EDIT
        fields = next((one for one in _repairs(fields, may_widen=may_widen) if one.sound), fields)
    if is_extended and fields.bits:
        rest = rest[:2] + struct.pack("<HI", fields.bits, 0) + rest[_KIND.start :]
    return _FIELDS.pack(tag, *astuple(fields)) + rest


def is_format(data: bytes) -> bool:
    """Whether these bytes can be nothing else."""
    if len(data) < SHORTEST:
        return False
    tag, *numbers = _FIELDS.unpack_from(data)
    return tag in _LINEAR and _Fields(*numbers).sound


def _repairs(said: _Fields, *, may_widen: bool) -> Iterator[_Fields]:
    """With one field changed, the likeliest first; not all of them agree."""
    rate = said.speed // max(1, said.align)
    if not LEAST_RATE <= said.rate <= MOST_RATE or _is_hit(said.rate, rate):
        yield replace(said, rate=rate)
    yield replace(said, speed=said.rate * said.align)
    yield replace(said, align=said.channels * said.sample_bytes)
    # A frame of twice the bytes is more often a constant in a program than samples of twice the width
    is_wider = may_widen and said.width == 8 * (said.sample_bytes + 1)
    if said.width in _WIDTHS and (is_wider or said.bits not in _WIDTHS):
        yield replace(said, bits=said.width)
    if not 0 < said.channels <= MOST_CHANNELS:
        yield replace(said, channels=said.align // max(1, said.sample_bytes))


def _is_hit(said: int, rate: int) -> bool:
    """Whether damage of one byte has made of a usual rate the one that is said."""
    differing = sum((said ^ rate) >> shift & 0xFF != 0 for shift in (0, 8, 16, 24))
    return differing == 1 and rate in _USUAL_RATES and said not in _USUAL_RATES
