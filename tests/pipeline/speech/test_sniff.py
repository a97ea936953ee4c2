"""What an input is, by its content and not by its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SmeltError
from pipeline.speech.sniff import HEAD_BYTES, Classified, MediaType, classify
from pipeline.states import ErrorCode, InputType
from tests.recordings import MEETING, SPEECH, recording

MEDIA_TYPES = {
    "wav": MediaType.WAV,
    "mp3": MediaType.MP3,
    "m4a": MediaType.MP4,
    "mp4": MediaType.MP4,
    "ogg": MediaType.OGG,
    "flac": MediaType.FLAC,
    "webm": MediaType.WEBM,
    "aac": MediaType.AAC,
}
TEXT = Classified(InputType.TEXT, None)


def refusal(head: bytes, filename: str | None = None, content_type: str | None = None) -> SmeltError:
    with pytest.raises(SmeltError) as caught:
        classify(head, filename, content_type)
    return caught.value


@pytest.mark.parametrize("name", SPEECH)
@pytest.mark.parametrize("disguise", [None, "notes.txt", "recording.mp3"])
def test_a_recording_is_known_by_its_content(name: str, disguise: str | None) -> None:
    found = classify(recording(name)[:HEAD_BYTES], disguise, "text/plain")
    assert found == Classified(InputType.AUDIO, MEDIA_TYPES[name.rpartition(".")[2]])


def test_the_demo_meeting_is_mp4() -> None:
    assert classify(MEETING.read_bytes()[:HEAD_BYTES], None, None).media_type is MediaType.MP4


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"RF64\xff\xff\xff\xffWAVEds64", MediaType.WAV),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00", MediaType.MP4),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", MediaType.MP4),
        (b"\x1a\x45\xdf\xa3\x01\x00\x00\x00", MediaType.WEBM),
        (b"FORM\x00\x00\x00\x00AIFFCOMM", MediaType.AIFF),
        (b"FORM\x00\x00\x00\x00AIFCFVER", MediaType.AIFF),
        (b"caff\x00\x01\x00\x00desc", MediaType.CAF),
        (b".snd\x00\x00\x00\x18\xff\xff\xff\xff", MediaType.AU),
        (b"#!AMR\n\x3c", MediaType.AMR),
        (b"#!AMR-WB\n\x44", MediaType.AMR),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", MediaType.ASF),
        (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1", MediaType.W64),
    ],
)
def test_other_marks_of_the_same_containers(start: bytes, expected: MediaType) -> None:
    assert classify(start + bytes(64), None, None).media_type is expected


@pytest.mark.parametrize(
    ("rest", "filename", "content_type", "expected"),
    [
        (recording("speech.mp3")[200:], None, None, MediaType.MP3),
        (recording("speech.aac"), None, None, MediaType.AAC),
        (recording("speech.flac"), None, None, MediaType.FLAC),
        (b"", "song.aac", None, MediaType.AAC),
        (b"", None, "audio/flac", MediaType.FLAC),
        (b"", None, None, MediaType.MP3),
    ],
)
def test_what_follows_an_id3_tag_decides(
    rest: bytes, filename: str | None, content_type: str | None, expected: MediaType
) -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
    assert classify((tag + rest)[:HEAD_BYTES], filename, content_type).media_type is expected


@pytest.mark.parametrize("name", ["speech.mp3", "speech.aac"])
def test_one_frame_header_alone_is_not_audio(name: str) -> None:
    data = recording(name)
    start = data.find(b"\xff\xfb") if name.endswith("mp3") else 0
    head = data[start : start + 4] + b"some text that is long enough to hold another header" * 200
    assert classify(head, None, None) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        *("Notes.", "skip the moov, said the mdat", "\ufeffNotes", "RIFF raff", "RIFX raff", "TTA1 raff"),
        *(
            "ID3 tags are old",
            "OggS is a mark",
            "fLaC is too",
            "RIFF or WAVE?",
            "BZh",
            "MThd",
            "GIF8",
            "wvpk",
            "ADIF",
        ),
        *("BMX bikes", "é: RIFF....WAVEfmt is a WAV, ftypM4A an MP4, OggS an Ogg, fLaC a FLAC"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_text_is_text(text: str, encoding: str) -> None:
    assert classify(text.encode(encoding), "notes.md", "text/markdown") == TEXT


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("index.ts", "video/mp2t"),
        ("board.dts", "audio/vnd.dts"),
        ("x.pls", "audio/x-scpls"),
        ("go.mod", "audio/x-mod"),
    ],
)
def test_a_source_file_that_shares_its_extension_is_text(filename: str, content_type: str) -> None:
    assert classify(b"export const a = 1;\n", filename, None) == TEXT
    assert classify(b"export const a = 1;\n", filename, content_type) == TEXT


def test_a_text_with_a_control_character_is_no_recording_by_its_first_word() -> None:
    for text in (b"ID3 tags are old\x01", b"OggS is a mark\x01", b"fLaC is too\x01"):
        assert classify(text, None, None) == TEXT


@given(st.text(min_size=1))
def test_no_utf16_text_is_taken_for_audio(text: str) -> None:
    head = b"\xff\xfe" + text.encode("utf-16-le", "replace")
    assert classify(head[:HEAD_BYTES], None, None) == TEXT


def test_no_bytes_are_an_empty_input() -> None:
    assert refusal(b"", "a.mp3").code is ErrorCode.EMPTY_INPUT


@pytest.mark.parametrize("name", ["playlist.m3u8", "playlist.ffconcat"])
@pytest.mark.parametrize("renamed", [False, True])
def test_playlists_are_refused_whatever_their_name(name: str, renamed: bool) -> None:
    error = refusal(recording(name), "notes.txt" if renamed else name)
    assert error.code is ErrorCode.UNSUPPORTED_FORMAT
    assert "Playlists" in error.detail


@pytest.mark.parametrize(
    ("head", "filename", "content_type"),
    [
        (b"http://example.org/a.mp3\n", "list.m3u", None),
        (b"http://example.org/a.mp3\n", None, "audio/mpegurl; charset=utf-8"),
        (b"\xef\xbb\xbf\n#EXTM3U\n", None, None),
        (b"[playlist]\nFile1=/etc/passwd", None, None),
    ],
)
def test_playlists_are_known_by_name_type_or_start(
    head: bytes, filename: str | None, content_type: str | None
) -> None:
    assert "Playlists" in refusal(head, filename, content_type).detail


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04rest", "Zip"),
        (b"\x89PNG\r\n\x1a\n", "Images"),
        (b"\x00\x00\x00\x18ftypheic", "Images"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "AVI"),
        (b"#!AMR_MC1.0\n", "AMR"),
        (b"RIFX\x00\x00\x01\x00WAVEfmt ", "RIFX"),
        (b"nut/multimedia container\x00NM", "NUT"),
        (b"Creative Voice File\x1a\x1a\x00", "Creative"),
        (b"TTA1\x01\x00\x01\x00", "True Audio"),
        (b"d\xa3\x01\x00\x00\x00", "IRCAM"),
        (b".SoX\x20\x00\x00\x00", "SoX"),
        (b"#!EVS_MC1.0\n", "EVS"),
        (b"RIFF\x00\x00\x01\x00QLCMfmt ", "QCP"),
        (b"\x03ds2" + bytes(99), "DS2"),
        (b"DSD \x1c\x00\x00\x00", "DSD"),
        (b".ra\xfd\x00\x04", "RealAudio"),
        ((b"\x47" + bytes(187)) * 3, "transport"),
        (bytes(99) + (b"\x47" + bytes(187)) * 3, "transport"),
        ((bytes(4) + b"\x47" + bytes(187)) * 3, "transport"),
        (b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x81\0\xa3", "a WebM without its beginning"),
        (b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix", "an MP4 without its beginning"),
        (b"\0\0\0\x68moof\0\0\0\x10mfhd\0\0\0\0\0\0\0\1", "an MP4 without its beginning"),
    ],
)
def test_known_binaries_are_named(head: bytes, word: str) -> None:
    error = refusal(head)
    assert error.code is ErrorCode.UNSUPPORTED_FORMAT
    assert word in error.detail


@pytest.mark.parametrize(
    ("filename", "word"),
    [
        ("a.g722", "G.722"),
        ("a.dts", "DTS"),
        ("a.G726", "G.726"),
        ("a.latm", "LATM"),
        ("a.sbc", "SBC"),
        ("a.pcm", "header"),
    ],
)
def test_what_only_its_name_tells_is_named_unless_it_is_a_text(filename: str, word: str) -> None:
    assert word in refusal(b"\x9c\xf1\x00\x80" * 99, filename).detail
    assert classify(b"a note about it\n", filename, None) == TEXT


@pytest.mark.parametrize(
    ("filename", "content_type"), [("talk.MP3", None), ("talk", "audio/mpeg"), ("a.wma", "")]
)
def test_what_is_called_a_recording_but_is_none_is_refused(filename: str, content_type: str | None) -> None:
    error = refusal(b"this is not sound", filename, content_type)
    assert error.code is ErrorCode.UNSUPPORTED_FORMAT
    assert "talk" not in error.detail
