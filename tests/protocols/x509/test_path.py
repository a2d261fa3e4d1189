from datetime import timedelta
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ObjectIdentifier

from protocols.errors import Malformed
from protocols.x509 import UntrustedCertificate, validate_chain

MDOC_SIGNER = "1.0.18013.5.1.2"


def refused(reason: str):
    return pytest.raises(UntrustedCertificate, match=reason)


@pytest.fixture
def root(certify) -> bytes:
    return certify("root", "root")


@pytest.fixture
def sub(certify) -> bytes:
    return certify("sub", "root", path_length=0)


def test_a_chain_to_a_configured_anchor_is_believed(certify, root, sub, now) -> None:
    leaf = certify("leaf", "sub")
    assert validate_chain([leaf, sub], [root], now) == (leaf, sub, root)


def test_the_right_anchor_is_found_among_many(certify, root, now) -> None:
    leaf = certify("leaf", "root")
    namesake = certify(
        "root", "root", key=ec.generate_private_key(ec.SECP256R1()), signer=ec.generate_private_key(ec.SECP256R1())
    )
    assert validate_chain([leaf], [namesake, b"rubbish", certify("sub2", "sub2"), root], now) == (leaf, root)


def test_an_intermediate_may_itself_be_the_anchor(certify, sub, now) -> None:
    leaf = certify("leaf", "sub")
    assert validate_chain([leaf], [sub], now) == (leaf, sub)


def test_g1_no_anchor_no_trust(certify, root, now) -> None:
    with refused("no path"):
        validate_chain([certify("leaf", "root")], [], now)


def test_g1_a_self_signed_leaf_is_refused_even_when_configured(certify, keys, now) -> None:
    leaf = certify("leaf", "leaf", ca=False)
    with refused("self-signed"):
        validate_chain([leaf], [leaf], now)


def test_g1_the_anchor_inside_the_chain_is_refused_unless_tolerated(certify, root, now) -> None:
    leaf = certify("leaf", "root")
    with refused("anchor inside"):
        validate_chain([leaf, root], [root], now)
    assert validate_chain([leaf, root], [root], now, anchor_in_chain=True) == (leaf, root)


def test_g1_another_self_signed_certificate_of_the_anchor_is_refused(certify, root, now) -> None:
    with refused("anchor inside"):
        validate_chain([certify("leaf", "root"), certify("root", "root")], [root], now)


def test_g1_an_attackers_root_inside_the_chain_is_no_anchor(certify, root, keys, now) -> None:
    evil = certify("root", "root", key=keys["evil"], signer=keys["evil"])
    leaf = certify("leaf", "root", signer=keys["evil"])
    for chain in ([leaf, evil], [leaf]):
        with pytest.raises(UntrustedCertificate):
            validate_chain(chain, [root], now)
    with pytest.raises(UntrustedCertificate):
        validate_chain([leaf, evil], [root], now, anchor_in_chain=True)


def test_g1_empty_repeated_long_and_unreadable_chains_are_refused(certify, root, now) -> None:
    leaf = certify("leaf", "root")
    for chain in (
        [],
        [leaf, leaf],
        [certify("leaf", "root") for _ in range(11)],
        [b""],
        [leaf[:-1]],
        [leaf, b"x"],
        [b"\x30" * 20_000],
    ):
        with pytest.raises(Malformed):
            validate_chain(chain, [root], now)


def test_g1_a_reordered_chain_is_refused(certify, root, now) -> None:
    sub, sub2 = certify("sub", "root"), certify("sub2", "sub")
    chain = (certify("leaf", "sub2"), sub2, sub)
    for order in permutations(chain):
        if order == chain:
            validate_chain(order, [root], now)
        else:
            with pytest.raises(UntrustedCertificate):
                validate_chain(order, [root], now)


def test_g1_a_missing_link_and_a_surplus_certificate_are_refused(certify, root, sub, now) -> None:
    leaf = certify("leaf", "sub")
    with refused("no path"):
        validate_chain([leaf], [root], now)
    with refused("not certified"):
        validate_chain([leaf, sub, certify("sub2", "evil")], [root], now)


def test_g2_a_signature_by_another_key_is_refused(certify, root, keys, now) -> None:
    with refused("no path"):
        validate_chain([certify("leaf", "root", signer=keys["evil"])], [root], now)


def test_g2_an_altered_certificate_is_refused(certify, root, now) -> None:
    leaf = bytearray(certify("leaf", "root"))
    leaf[-1] ^= 1
    with pytest.raises((UntrustedCertificate, Malformed)):
        validate_chain([bytes(leaf)], [root], now)


def test_g2_the_issuer_name_must_be_the_authoritys_subject(certify, root, keys, now) -> None:
    with refused("no path"):
        validate_chain([certify("leaf", "sub2", signer=keys["root"])], [root], now)


def test_g2_an_authority_without_a_name_is_refused(certify, keys, now) -> None:
    nameless = certify("", "", key=keys["root"], signer=keys["root"], ca=True)
    with refused("no path"):
        validate_chain([certify("leaf", "", signer=keys["root"])], [nameless], now)


def test_g2_a_leaf_that_is_a_ca_is_refused(certify, root, now) -> None:
    for leaf in (
        certify("leaf", "root", ca=True),
        certify("leaf", "root", usage=("digital_signature", "key_cert_sign")),
    ):
        with refused("leaf is a CA"):
            validate_chain([leaf], [root], now)


def test_g2_a_leaf_not_for_signatures_is_refused(certify, root, now) -> None:
    with refused("not for signatures"):
        validate_chain([certify("leaf", "root", usage=("key_agreement",))], [root], now)


def test_g2_a_leaf_does_not_certify(certify, root, now) -> None:
    middle = certify("sub", "root", ca=False)
    with refused("no CA"):
        validate_chain([certify("leaf", "sub"), middle], [root], now)


def test_g2_an_anchor_that_is_no_ca_certifies_nothing(certify, now) -> None:
    with refused("no CA"):
        validate_chain([certify("leaf", "sub")], [certify("sub", "root", ca=False)], now)


def test_g2_an_authority_without_key_cert_sign_is_refused(certify, root, now) -> None:
    middle = certify("sub", "root", usage=("digital_signature",))
    with refused("may not certify"):
        validate_chain([certify("leaf", "sub"), middle], [root], now)


def test_g2_path_length_counts_the_authorities_below(certify, root, sub, now) -> None:
    chain = [certify("leaf", "sub2"), certify("sub2", "sub"), sub]
    with refused("path longer"):
        validate_chain(chain, [root], now)
    short = certify("root", "root", path_length=0)
    validate_chain([certify("leaf", "root")], [short], now)
    with refused("path longer"):
        validate_chain([certify("leaf", "sub"), sub], [short], now)


@pytest.mark.parametrize("which", ["leaf", "sub", "root"])
@pytest.mark.parametrize(
    ("days", "reason"), [((-3, -2), "expired|cannot be used"), ((2, 3), "not valid yet|cannot be used")]
)
def test_g2_every_certificate_is_valid_now(certify, now, which, days, reason) -> None:
    validity = {which: tuple(now + timedelta(days=day) for day in days)}
    common = {name: {"validity": validity[name]} if name in validity else {} for name in ("leaf", "sub", "root")}
    chain = [certify("leaf", "sub", **common["leaf"]), certify("sub", "root", **common["sub"])]
    with refused(reason):
        validate_chain(chain, [certify("root", "root", **common["root"])], now)


def test_g2_an_expired_anchor_does_not_hide_its_successor(certify, root, now) -> None:
    old = certify("root", "root", validity=(now - timedelta(days=9), now - timedelta(days=1)))
    validate_chain([certify("leaf", "root")], [old, root], now)
    validate_chain([certify("leaf", "root")], [root, old], now)


def test_g2_sha1_is_refused(vectors_sha1, now) -> None:
    leaf, root = vectors_sha1
    with refused("weak hash"):
        validate_chain([leaf], [root], now)


@pytest.fixture
def vectors_sha1(certify, keys) -> tuple[bytes, bytes]:
    """OpenSSL no longer signs with SHA-1 at our request, so a certificate that says SHA-1 is written by hand."""
    from asn1crypto import x509 as asn1

    leaf = asn1.Certificate.load(certify("leaf", "root"))
    leaf["tbs_certificate"]["signature"] = {"algorithm": "sha1_ecdsa"}
    leaf["signature_algorithm"] = {"algorithm": "sha1_ecdsa"}
    tbs = leaf["tbs_certificate"].dump(force=True)
    leaf["signature_value"] = keys["root"].sign(tbs, ec.ECDSA(hashes.SHA1()))
    return leaf.dump(force=True), certify("root", "root")


@pytest.mark.parametrize("which", ["leaf", "root"])
def test_g2_rsa_1024_is_refused(certify, keys, now, which) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    if which == "leaf":
        chain, anchor = [certify("leaf", "root", key=weak)], certify("root", "root")
    else:
        chain, anchor = [certify("leaf", "root", signer=weak)], certify("root", "root", key=weak, signer=weak)
    with refused("unacceptable key|no path"):
        validate_chain(chain, [anchor], now)


def test_other_curves_and_rsa_2048_are_fine(certify, now) -> None:
    for key in (
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ):
        root = certify("root", "root", key=key, signer=key)
        validate_chain([certify("leaf", "root", key=key, signer=key)], [root], now)


def test_g2_an_unknown_critical_extension_is_refused(certify, root, now) -> None:
    strange = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    validate_chain([certify("leaf", "root", extensions=((strange, False),))], [root], now)
    with refused("critical"):
        validate_chain([certify("leaf", "root", extensions=((strange, True),))], [root], now)


def test_g2_the_extended_key_usage_asked_for_must_be_there(certify, root, now) -> None:
    mdoc = x509.ExtendedKeyUsage([ObjectIdentifier(MDOC_SIGNER)])
    other = x509.ExtendedKeyUsage([ObjectIdentifier("1.3.6.1.5.5.7.3.1")])
    good = certify("leaf", "root", extensions=((mdoc, True),))
    validate_chain([good], [root], now, extended_key_usage=MDOC_SIGNER)
    for leaf in (certify("leaf", "root"), certify("leaf", "root", extensions=((other, True),))):
        with refused("lacks the extended key usage"):
            validate_chain([leaf], [root], now, extended_key_usage=MDOC_SIGNER)
    tls_only = certify("root", "root", extensions=((other, False),))
    with refused("not for this extended"):
        validate_chain([good], [tls_only], now, extended_key_usage=MDOC_SIGNER)


def constraints(permitted=None, excluded=None):
    return ((x509.NameConstraints(permitted, excluded), True),)


def san(*names):
    return ((x509.SubjectAlternativeName(list(names)), False),)


DNS, URI = x509.DNSName, x509.UniformResourceIdentifier


@pytest.mark.parametrize(
    ("constraint", "name", "fine"),
    [
        ({"permitted": [DNS("example.org")]}, DNS("issuer.example.org"), True),
        ({"permitted": [DNS("example.org")]}, DNS("EXAMPLE.org"), True),
        ({"permitted": [DNS("example.org")]}, DNS("badexample.org"), False),
        ({"permitted": [DNS("example.org")]}, DNS("example.com"), False),
        ({"permitted": [DNS("example.org")]}, URI("https://example.com"), True),
        ({"excluded": [DNS("example.org")]}, DNS("a.example.org"), False),
        ({"excluded": [DNS("example.org")]}, DNS("example.com"), True),
        ({"permitted": [URI(".example.org")]}, URI("https://a.example.org/t/x"), True),
        ({"permitted": [URI(".example.org")]}, URI("https://example.org/t/x"), False),
        ({"permitted": [URI("example.org")]}, URI("https://example.org:8443/t/x"), True),
        ({"permitted": [URI("example.org")]}, URI("https://example.org@evil.example/t"), False),
        ({"excluded": [URI("example.org")]}, URI("did:web:example.org"), False),
        ({"permitted": [x509.RFC822Name("example.org")]}, x509.RFC822Name("a@example.org"), False),
        (
            {"excluded": [x509.DirectoryName(x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "LEAF")]))]},
            DNS("a"),
            False,
        ),
    ],
)
def test_g2_name_constraints_hold(certify, now, constraint, name, fine) -> None:
    root = certify("root", "root", extensions=constraints(**constraint))
    leaf = certify("leaf", "root", extensions=san(name))
    if fine:
        validate_chain([leaf], [root], now)
    else:
        with pytest.raises(UntrustedCertificate, match=r"name|URI"):
            validate_chain([leaf], [root], now)


def test_a_verdict_does_not_outlive_the_certificate(certify, root, now) -> None:
    leaf = certify("leaf", "root")
    validate_chain([leaf], [root], now)
    with refused("expired"):
        validate_chain([leaf], [root], now + timedelta(days=2))
