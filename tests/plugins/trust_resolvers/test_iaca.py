"""Document signers: believed by an IACA, for the time and the place that it vouches for."""

import os
from datetime import datetime, timedelta
from typing import Any

import pytest

from plugins.trust_resolvers.iaca import IacaTrust
from protocols import x509
from protocols.errors import ProtocolError
from protocols.ports import KeyReference, Purpose, TrustAnchor, TrustedKey
from protocols.ports.trust import DocumentSigner
from protocols.x509 import UntrustedCertificate
from tests.documents import NOW, Country, tools


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


async def resolve(
    country: Country, *anchors: TrustAnchor, chain: Any = None, signed: datetime = NOW, now: datetime = NOW
) -> TrustedKey:
    reference = KeyReference("iaca", DocumentSigner(chain or country.chain, signed), None, "type")
    return await IacaTrust(tools()).resolve(reference, Purpose.ISSUE, anchors, now.timestamp())


async def test_a_signer_under_a_trusted_iaca_is_believed(country: Country) -> None:
    found = await resolve(country, country.anchor)
    assert found.jwk == country.signer.jwk
    assert found.chain == (country.chain[0], country.iaca)


async def test_without_its_iaca_a_signer_is_not_believed(country: Country) -> None:
    for anchors in ((), (Country().anchor,), (TrustAnchor("x", "x", frozenset({"status"}), country.iaca),)):
        with pytest.raises(UntrustedCertificate):
            await resolve(country, *anchors)


async def test_the_root_itself_signs_no_documents_and_travels_in_no_chain(country: Country) -> None:
    for chain in ((country.iaca,), (*country.chain, country.iaca)):
        with pytest.raises(UntrustedCertificate):
            await resolve(country, country.anchor, chain=chain)


@pytest.mark.parametrize("days", [-2, 401])
async def test_e8_signed_outside_of_the_certificates_validity_is_refused(country: Country, days: int) -> None:
    with pytest.raises(UntrustedCertificate, match="signed outside"):
        await resolve(country, country.anchor, signed=NOW + timedelta(days=days))


@pytest.mark.parametrize("days", [-2, 401])
async def test_a_signer_outside_of_its_validity_is_refused(country: Country, days: int) -> None:
    with pytest.raises(UntrustedCertificate):
        await resolve(country, country.anchor, now=NOW + timedelta(days=days))


def leaf(country: Country, subject: dict[str, str], usage: tuple[str, ...]) -> bytes:
    prepared = x509.prepare_leaf(
        subject,
        country.signer.jwk,
        algorithm="ES256",
        serial=os.urandom(16),
        not_before=country.begins,
        not_after=country.begins + timedelta(days=300),
        issuer=country.iaca,
        extended_key_usage=usage,
    )
    return x509.seal(prepared, country.root.sign(prepared.payload))


SIGNER = ("1.0.18013.5.1.2",)


@pytest.mark.parametrize(
    ("subject", "usage"),
    [
        ({"country_name": "DE"}, ()),
        ({"country_name": "DE"}, ("1.0.18013.5.1.6",)),
        ({"country_name": "DE"}, ("2.5.29.37.0",)),
        ({"country_name": "AT"}, SIGNER),
        ({"common_name": "Signer"}, SIGNER),
    ],
)
async def test_a_certificate_of_another_use_or_place_is_refused(
    country: Country, subject: dict[str, str], usage: tuple[str, ...]
) -> None:
    with pytest.raises(UntrustedCertificate):
        await resolve(country, country.anchor, chain=(leaf(country, subject, usage),))
    good = leaf(country, {"country_name": "DE"}, SIGNER)
    assert (await resolve(country, country.anchor, chain=(good,))).jwk == country.signer.jwk


@pytest.mark.parametrize("value", [None, (b"",), "chain"])
async def test_another_value_than_a_document_signer_is_refused(country: Country, value: Any) -> None:
    reference = KeyReference("iaca", value)
    with pytest.raises(ProtocolError):
        await IacaTrust(tools()).resolve(reference, Purpose.ISSUE, (country.anchor,), NOW.timestamp())


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize(
    ("names", "refusal"),
    [
        (("isomdl_iaca_signer",), None),
        (("isomdl_incorrect_iaca_signer",), "leaf is a CA"),
        (("isomdl_iaca_leaf_signer", "isomdl_iaca_intermediate"), "leaf is a CA"),
        (("reader_auth",), "extended key usage"),
    ],
)
async def test_the_published_isomdl_certificates(vectors: Any, names: tuple[str, ...], refusal: str | None) -> None:
    folder = "mdoc/isomdl/presentation"
    (root,), *chain = (x509.load_pem(vectors(f"{folder}/{name}.pem")) for name in ("isomdl_iaca_root_cert", *names))
    signer = tuple(der for one in chain for der in one)
    moment = max(x509.load_certificate(der).not_before for der in (root, signer[0])) + timedelta(hours=1)
    anchor = TrustAnchor("isomdl", "isomdl", frozenset({"issue"}), root)
    asked = IacaTrust(tools()).resolve(
        KeyReference("iaca", DocumentSigner(signer, moment)), Purpose.ISSUE, (anchor,), moment.timestamp()
    )
    if refusal is None:
        assert (await asked).chain == (*signer, root)
        return
    with pytest.raises(UntrustedCertificate, match=refusal):
        await asked


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
async def test_the_published_multipaz_signer_is_believed_by_its_iaca(vectors: Any) -> None:
    """Under a P-384 root, with the extensions of annex B as another vendor writes them."""
    folder = "mdoc/isomdl/presentation"
    (iaca,), (signer,) = (x509.load_pem(vectors(f"{folder}/owf_multipaz_{name}_p384.pem")) for name in ("iaca", "ds"))
    found = x509.load_certificate(signer)
    moment = found.not_before + timedelta(days=1)
    anchor = TrustAnchor("multipaz", "multipaz", frozenset({"issue"}), iaca)
    reference = KeyReference("iaca", DocumentSigner((signer,), moment))
    trusted = await IacaTrust(tools()).resolve(reference, Purpose.ISSUE, (anchor,), moment.timestamp())
    assert trusted.chain == (signer, iaca)
