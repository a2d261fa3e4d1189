import base64
import contextlib
import hashlib

import pytest
from cryptography import x509 as cx
from hypothesis import given
from hypothesis import strategies as st

from protocols import x509
from protocols.errors import Malformed, ProtocolError


def test_names_and_thumbprint_are_read(certify) -> None:
    san = cx.SubjectAlternativeName(
        [cx.DNSName("Issuer.Example"), cx.UniformResourceIdentifier("https://a.example/t/x"), cx.DNSName("b.example")]
    )
    der = certify("leaf", "root", extensions=((san, False),))
    assert x509.san_dns(der) == ("issuer.example", "b.example")
    assert x509.san_uris(der) == ("https://a.example/t/x",)
    assert x509.thumbprint(der) == hashlib.sha256(der).digest()
    assert x509.san_dns(certify("leaf", "root")) == ()


def test_a_chain_makes_the_round_trip(certify) -> None:
    chain = (certify("leaf", "root"), certify("sub", "root"))
    assert x509.parse_chain(x509.render_chain(chain)) == chain


def test_a_pem_file_is_read_in_order(certify) -> None:
    chain = (certify("leaf", "root"), certify("sub", "root"))
    pem = b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n" for der in chain
    )
    assert x509.load_pem(pem) == chain
    for wrong in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(Malformed):
            x509.load_pem(wrong)


def test_base64url_and_line_breaks_are_no_x5c(certify) -> None:
    text = base64.b64encode(certify("leaf", "root")).decode()
    for wrong in (text.replace("M", "-", 1), text[:40] + "\n" + text[40:], text + "=", "", 5, None, text[:-8]):
        with pytest.raises(Malformed):
            x509.parse_chain([wrong])
    for wrong in (text, None, {}, []):
        with pytest.raises(Malformed):
            x509.parse_chain(wrong)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_l11_no_flipped_byte_breaks_the_parser(certify, position: int, flip: int) -> None:
    der = bytearray(certify("leaf", "root"))
    der[position % len(der)] ^= flip
    with contextlib.suppress(ProtocolError):
        x509.load_certificate(bytes(der))
