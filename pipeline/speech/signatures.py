"""Marks of files that are not supported recordings: first bytes, extensions, declared types."""

# Without `pls`: it is PL/SQL too, and such a playlist always begins with its mark
PLAYLIST_EXTENSIONS = frozenset(
    ["m3u", "m3u8", "ffconcat", "xspf", "mpd", "asx", "wax", "wvx", "wpl", "smil", "sdp", "ram"]
)
PLAYLIST_TYPES = frozenset(
    {
        "audio/mpegurl",
        "audio/x-mpegurl",
        "application/mpegurl",
        "application/x-mpegurl",
        "application/vnd.apple.mpegurl",
        "application/dash+xml",
        "application/xspf+xml",
        "application/smil+xml",
        "application/sdp",
    }
)
_PLAYLIST_STARTS = (b"#extm3u", b"ffconcat version", b"[playlist]")

# Without `ts`, `mts` and `dts`: those are TypeScript and device trees far more often than recordings
MEDIA_EXTENSIONS = frozenset(
    [
        "mp3",
        "mp2",
        "mpga",
        "wav",
        "wave",
        "m4a",
        "m4b",
        "m4p",
        "mp4",
        "m4v",
        "mov",
        "qt",
        "3gp",
        "3g2",
        "aac",
        "adts",
        "ogg",
        "oga",
        "ogv",
        "opus",
        "spx",
        "flac",
        "webm",
        "weba",
        "mkv",
        "mka",
        "wma",
        "wmv",
        "asf",
        "avi",
        "aif",
        "aiff",
        "aifc",
        "caf",
        "amr",
        "awb",
        "ra",
        "rm",
        "rmvb",
        "mpg",
        "mpeg",
        "vob",
        "flv",
        "mid",
        "midi",
        "ac3",
        "eac3",
        "ape",
        "wv",
        "tta",
        "au",
        "snd",
        "w64",
        "gsm",
        "dsf",
    ]
)
# What browsers call the sources `.ts`, `.dts`, `.pls` and `go.mod`
_NOT_MEDIA_TYPES = frozenset(
    {"video/mp2t", "video/vnd.dlna.mpeg-tts", "audio/vnd.dts", "audio/x-dts", "audio/x-mod", "audio/x-scpls"}
)

_BINARY_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF documents are"),
    (b"PK\x03\x04", "Zip archives and office documents are"),
    (b"PK\x05\x06", "Zip archives and office documents are"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office documents are"),
    (b"{\\rtf", "RTF documents are"),
    (b"\x1f\x8b", "Compressed archives are"),
    (b"BZh", "Compressed archives are"),
    (b"\xfd7zXZ\x00", "Compressed archives are"),
    (b"7z\xbc\xaf\x27\x1c", "Compressed archives are"),
    (b"Rar!\x1a\x07", "Compressed archives are"),
    (b"\x28\xb5\x2f\xfd", "Compressed archives are"),
    (b"\x89PNG\r\n\x1a\n", "Images are"),
    (b"\xff\xd8\xff", "Images are"),
    (b"GIF8", "Images are"),
    (b"II*\x00", "Images are"),
    (b"MM\x00*", "Images are"),
    (b"\x7fELF", "Programs are"),
    (b"MZ\x90\x00", "Programs are"),
    (b"\xca\xfe\xba\xbe", "Programs are"),
    (b"SQLite format 3\x00", "Databases are"),
    (b"FLV\x01", "Flash videos are"),
    (b"#!AMR_MC", "AMR recordings of several channels are"),
    (b"MThd", "MIDI files are"),
    (b"nut/multimedia container\0", "Recordings in NUT are"),
    (b"Creative Voice File\x1a", "Creative Voice files are"),
    (b"TTA1\x01\x00", "True Audio files are"),
    *((b"d\xa3" + machine + b"\0", "IRCAM files are") for machine in (b"\1", b"\2", b"\3", b"\4")),
    (b".RMF", "RealMedia files are"),
    (b".ra\xfd", "RealAudio files are"),
    (b".SoX", "SoX files are"),
    (b"XoS.", "SoX files are"),
    (b"#!EVS", "EVS recordings are"),
    (b"#!AMR-WB_MC", "AMR recordings of several channels are"),
    (b"\x02dss", "Dictations in DSS are"),
    (b"\x03dss", "Dictations in DSS are"),
    (b"\x03ds2", "Dictations in DS2 are"),
    (b"DSD \x1c\0\0\0", "DSD recordings are"),
    (b"FRM8", "DSD recordings are"),
    (b"ajkg", "Shorten files are"),
    (b"tBaK", "TAK files are"),
    (b"MPCK", "Musepack files are"),
    (b"MP+\x07", "Musepack files are"),
    (b"MP+\x17", "Musepack files are"),
    (b"\x06\x0e\x2b\x34", "MXF files are"),
    (b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "Recorded TV shows are"),
    (b"wvpk", "WavPack files are"),
    (b"MAC \x96\x0f", "Monkey's Audio files are"),
    (b"ADIF", "AAC in ADIF is"),
    (b"\x00\x00\x01\xba", "MPEG program streams are"),
    (b"\x00\x00\x01\xb3", "MPEG video streams are"),
)
_WORD = 4  # bytes: a longer mark begins no text
_IMAGE_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


_WEBM_PIECE = b"\x1f\x43\xb6\x75"  # a cluster
_MP4_PIECES = (b"moof", b"styp", b"sidx")  # as players fetch them, one by one
_TS_PACKETS = (188, 192)  # bytes; the latter on Blu-rays and in cameras, with a time before each
_TS_SYNC = b"\x47"
_TS_CHECKED = 8  # packets

_RIFFS = {b"AVI ": "AVI videos are", b"QLCM": "QCP recordings are"}
# Told by the name alone, as long as the content is no text
_UNMARKED = {
    "g722": "G.722 without a container is",
    "g723": "G.723.1 is",
    "g726": "G.726 is",
    "g729": "G.729 is",
    "dts": "DTS is",
    "latm": "AAC in LATM is",
    "loas": "AAC in LATM is",
    "sbc": "SBC is",
    "aptx": "aptX is",
    "dss": "Dictations in DSS are",
    "ds2": "Dictations in DS2 are",
    "thd": "TrueHD is",
    "mlp": "MLP is",
    "adx": "ADX is",
    "c2": "Codec 2 is",
    **dict.fromkeys(("pcm", "raw", "s16", "ul", "al", "ulaw", "alaw"), "Samples without a header are"),
}


def unmarked(head: bytes, extension: str) -> str | None:
    """As `known_binary`, of streams that nothing but their name tells, and pieces in which no recording begins."""
    if head.startswith(_WEBM_PIECE):
        return "Pieces of a WebM without its beginning are"
    if head[4:8] in _MP4_PIECES:
        return "Pieces of an MP4 without its beginning are"
    return _UNMARKED.get(extension) if not head.isascii() or b"\0" in head else None


def is_mp4(head: bytes) -> bool:
    """An ISO base media file (mp4, m4a, mov, 3gp), told by its first box; not the images in that format."""
    if head[4:8] == b"ftyp":
        return head[8:12] not in _IMAGE_BRANDS
    # QuickTime before 2001 has no ftyp; a size that no text can start with keeps words like "skip" out
    return head[4:8] in _ATOMS and head[0] < 9


def is_playlist(head: bytes, extension: str, declared: str) -> bool:
    """`extension` without its dot, `declared` a media type without parameters, both lower-case."""
    start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return (
        extension in PLAYLIST_EXTENSIONS or declared in PLAYLIST_TYPES or start.startswith(_PLAYLIST_STARTS)
    )


def claims_media(extension: str, declared: str) -> bool:
    if extension in MEDIA_EXTENSIONS:
        return True
    return declared.startswith(("audio/", "video/")) and declared not in _NOT_MEDIA_TYPES


def known_binary(head: bytes, *, plain: bool) -> str | None:
    """The start of a sentence that names a known kind of file, such as "Images are", or None.

    `plain`: it is text in form, as PDF and RTF may be, and begins with a short mark by chance.
    """
    for start, name in _BINARY_STARTS:
        if head.startswith(start) and not (plain and len(start) <= _WORD):
            return name
    if plain:
        return None
    if head[4:8] == b"ftyp" or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return "Images are"
    if head.startswith(b"RIFF") and head[8:12] in _RIFFS:
        return _RIFFS[head[8:12]]
    if head.startswith(b"RIFX") and head[8:12] == b"WAVE":
        return "Big-endian WAV files (RIFX) are"
    return "MPEG transport streams are" if any(_in_packets(head, size) for size in _TS_PACKETS) else None


def _in_packets(head: bytes, size: int) -> bool:
    """Whether packets of this size follow one another, of which the first may be cut."""
    if b"\0" not in head[:size]:
        return False
    starts = (head[at : at + _TS_CHECKED * size : size] for at in range(size))
    return any(len(each) > 2 and each == _TS_SYNC * len(each) for each in starts)
