"""File names in a multipart body, as clients write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.filename import safe_filename
from api.smelts.multipart import MAX_HEADER_BYTES
from tests.api.smelts.test_multipart import read


def named(parameters: bytes) -> str | None:
    """The name of the one part, as it is kept."""
    head = b'--frontier\r\nContent-Disposition: form-data; name="files"' + parameters
    [(_, filename, _)] = read(head + b"\r\n\r\ncontent\r\n--frontier--\r\n", [])
    return None if filename is None else safe_filename(filename, "file-1")


NAMES = [
    (b"", None),
    (b'; filename="talk.m4a"', "talk.m4a"),
    (b"; filename=talk.m4a", "talk.m4a"),
    ('; filename="Größe.m4a"'.encode(), "Größe.m4a"),
    ('; filename="Größe.m4a"'.encode("latin-1"), "Größe.m4a"),
    ('; filename="50 € “x”.m4a"'.encode("cp1252"), "50 € “x”.m4a"),
    (b'; filename="Gr%C3%B6%C3%9Fe.m4a"', "Größe.m4a"),
    (b'; filename="Gr%c3%b6%c3%9fe.m4a"', "Größe.m4a"),
    (b'; filename="%22Ann%22.m4a"', '"Ann".m4a'),  # as browsers write a quote
    (b'; filename="%E4%BC%9A%E8%AD%B0.m4a"', "会議.m4a"),
    (b'; filename="100%.m4a"', "100%.m4a"),
    (b'; filename="100% of it %41.m4a"', "100% of it %41.m4a"),
    (b'; filename="%E4.m4a"', "ä.m4a"),  # Latin-1
    (b'; filename="caf%E9.txt"', "café.txt"),
    (b'; filename="caf%e9%20au%20lait.txt"', "café au lait.txt"),
    (b'; filename="5 %80 %41.txt"', "5 %80 %41.txt"),  # not written as in a URL
    (b'; filename="%9Dx.txt"', "%9Dx.txt"),  # nothing that can be seen
    (b'; filename="..%2F..%2Fetc%2Fpasswd"', "passwd"),
    (b"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.m4a", "Größe.m4a"),
    (b"; filename*=UTF-8''caf%E9.txt", "café.txt"),
    (b"; filename*=utf-7''a%20b.txt", "utf-7''a b.txt"),
    (b"; filename*=talk.m4a", "talk.m4a"),
    (b"; filename*=\"UTF-8''Gr%C3%B6%C3%9Fe.m4a\"", "Größe.m4a"),
    (b"; filename*0*=UTF-8''Gr%C3%B6; filename*1*=%C3%9Fe; filename*2=.m4a", "Größe.m4a"),
    (b"; filename*1*=%DFe.m4a; filename*0*=iso-8859-1'de'Gr%F6", "Größe.m4a"),
    (b'; filename*0="a long \\"name\\""; filename*1=".m4a"', 'a long "name".m4a'),
    (b"; filename=\"Gro?e.m4a\"; FILENAME*0*=UTF-8''Gr%C3%B6; FileName*1*=%C3%9Fe.m4a", "Größe.m4a"),
    (b"; filename*0*=UTF-8''a; filename*2*=c", "a"),
    (b'; filename*1*=b; filename*2*=c; filename="plain.m4a"', "plain.m4a"),
    (b"; filename=\"a; filename*0*=UTF-8''spoof.m4a\"", "a; filename*0*=UTF-8''spoof.m4a"),
    (b"; filename*=utf-8'de'Gr%C3%B6%C3%9Fe.m4a", "Größe.m4a"),
    (b"; filename*=iso-8859-1''Gr%F6%DFe.m4a", "Größe.m4a"),
    (b"; filename*=iso-8859-15''%A4.m4a", "€.m4a"),
    (b"; filename*=gb18030''%BB%E1%D2%E9.m4a", "会议.m4a"),
    (b"; filename*=Shift_JIS''%89%EF%8Bc.m4a", "会議.m4a"),
    (b"; filename*=iso-8859-12''x.m4a", "iso-8859-12''x.m4a"),  # there is none
    (b"; filename*=unicode_escape''x.m4a", "unicode_escape''x.m4a"),  # no charset
    (b'; filename="=?gb2312?B?u+HS6Q==?="', "会议"),
    (b"; filename=\"Gro?e.m4a\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.m4a", "Größe.m4a"),
    (b"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.m4a; filename=\"Gro?e.m4a\"", "Größe.m4a"),
    (b"; filename=\"plain.m4a\"; filename*=UTF-8''%FF%FE", "plain.m4a"),
    (b"; filename=\"plain.m4a\"; filename*=utf-7''x", "plain.m4a"),
    (b"; filename=\"a; filename*=UTF-8''spoof.m4a\"", "a; filename*=UTF-8''spoof.m4a"),
    (b'; filename="=?utf-8?B?R3LDtsOfZS5tNGE=?="', "Größe.m4a"),
    (b'; filename="=?UTF-8?Q?Gr=C3=B6=C3=9Fe.m4a?="', "Größe.m4a"),
    (b'; filename="=?utf-8?B?*?="', "=?utf-8?B?*?="),
    (b'; filename="=?punycode?Q?abc?="', "=?punycode?Q?abc?="),
]


@pytest.mark.parametrize(("parameters", "name"), NAMES)
def test_a_name_is_read_as_it_was_meant(parameters: bytes, name: str | None) -> None:
    assert named(parameters) == name


@given(st.binary(max_size=60).filter(lambda data: not set(data) & set(b'\r\n"\\;')))
def test_any_bytes_are_a_name(name: bytes) -> None:
    given_name = named(b'; filename="' + name + b'"')
    assert given_name is not None
    assert given_name.isprintable()


@pytest.mark.parametrize("piece", [b"%41", b"=?utf-8?q?a?=", b"*", b'"', b"\xe4", b"\\"])
def test_a_name_as_long_as_a_header_may_be_is_read(piece: bytes) -> None:
    """None of the patterns takes longer than what it reads is long."""
    assert named(b"; filename=" + piece * ((MAX_HEADER_BYTES - 100) // len(piece)))
