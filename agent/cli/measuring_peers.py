"""Other libraries of the same formats, measured in the same windows where somebody has installed them beside us:
`sd-jwt`, the reference implementation, and `openvc-core`. They are asked for no more than each checks by itself.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from protocols.encoding import parse_b64url
from protocols.ports import Binding

Verify = Callable[[str], Any]


def sd_jwt_verifiers(issuer_jwk: Mapping[str, Any], binding: Binding) -> dict[str, Verify]:
    """By library: signature, disclosures and KB-JWT, by an issuer's key that is given, with no chain to walk."""
    return _installed({"sd-jwt": _reference, "openvc-core": _openvc_sd_jwt}, issuer_jwk, binding)


def mdoc_verifiers(iaca: bytes, transcript: bytes) -> dict[str, Verify]:
    """By library: the whole of a DeviceResponse, the chain to the IACA too."""
    return _installed({"openvc-core": _openvc_mdoc}, iaca, transcript)


def _installed(makers: Mapping[str, Callable[..., Verify]], *given: Any) -> dict[str, Verify]:
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make(*given)
        except ImportError:
            continue
    return found


def _reference(issuer_jwk: Mapping[str, Any], binding: Binding) -> Verify:
    verifier = import_module("sd_jwt.verifier").SDJWTVerifier
    key = import_module("jwcrypto.jwk").JWK(**issuer_jwk)
    return lambda presentation: verifier(presentation, lambda *_: key, binding.audience, binding.nonce)


def _openvc_sd_jwt(issuer_jwk: Mapping[str, Any], binding: Binding) -> Verify:
    suite, jwk = import_module("openvc.proof.sd_jwt").SdJwtVcProofSuite(), dict(issuer_jwk)
    session: dict[str, Any] = {"audience": binding.audience, "nonce": binding.nonce, "require_key_binding": True}
    return lambda presentation: suite.verify(presentation, public_key_jwk=jwk, **session)


def _openvc_mdoc(iaca: bytes, transcript: bytes) -> Verify:
    verify = import_module("openvc.mdoc").verify_device_response
    anchors = [import_module("cryptography.x509").load_der_x509_certificate(iaca)]
    return lambda presentation: verify(parse_b64url(presentation), trust_anchors=anchors, session_transcript=transcript)
