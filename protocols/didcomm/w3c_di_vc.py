"""W3C credentials with Data Integrity proofs as attachments (RFC 0809): offer, request, and the binding to a holder.

A holder is bound by an attachment that one of its keys signs over the offer's nonce (`didcomm_signed_attachment`). The
link secret of AnonCreds (`anoncreds_link_secret`) is no binding here: a credential bound to it has another proof.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protocols import vcdm
from protocols.did import parse_did_url
from protocols.didcomm.v1 import attachments
from protocols.encoding import b64url, parse_b64url, parse_json_object, render_json
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks

OFFER = "didcomm/w3c-di-vc-offer@v0.1"
REQUEST = "didcomm/w3c-di-vc-request@v0.1"
CREDENTIAL = "didcomm/w3c-di-vc@v0.1"
SIGNED = "didcomm_signed_attachment"
ALGORITHMS = ("EdDSA", "ES256", "ES384")
_VERSIONS = {vcdm.V1: "1.1", vcdm.V2: "2.0"}
_BEGINS = {"1.1": "issuanceDate", "2.0": "validFrom"}
# Members that an offer may leave out (Credential Offer Exceptions); they are stood in for when its form is judged.
_UNKNOWN = {"issuer": "urn:unknown", "issuanceDate": "2000-01-01T00:00:00Z"}
_MAX_NONCE = 1_000


class NotAsOffered(ProtocolError):
    """What is asked for or issued is not what was offered."""

    code = "issuance-abandoned"


class BindingRefused(ProtocolError):
    """The credential is not bound to this holder: no signature of a key of its own over the nonce of the offer."""

    code = "issuance-abandoned"


class BindingNotSupported(ProtocolError):
    """The offer binds the credential in no way that is known here."""

    code = "binding_not_supported"
    status = 422


@dataclass(frozen=True, slots=True)
class Binding:
    """A signed attachment, taken apart and not believed: which key it names, and what that key has to have signed."""

    kid: str
    algorithm: str
    nonce: str
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def did(self) -> str:
        """Whom the credential is bound to."""
        return parse_did_url(self.kid).did


def offer(
    credential: Mapping[str, Any], status: str | None, nonce: str, did_methods: Sequence[str] | None
) -> dict[str, Any]:
    """An offer of a credential as it will be issued. `status` is the type of its status entry; `did_methods` are those
    of a holder, None when the credential is nobody's."""
    shown = {name: value for name, value in credential.items() if name not in ("proof", "credentialStatus")}
    if status:
        shown["credentialStatus"] = {"type": status}
    made: dict[str, Any] = {"data_model_versions_supported": [_VERSIONS[vcdm.version_of(credential)]]}
    made["binding_required"] = did_methods is not None
    if did_methods is not None:
        signed = {"algs_supported": list(ALGORITHMS), "did_methods_supported": list(did_methods), "nonce": nonce}
        made["binding_method"] = {SIGNED: signed}
    return {**made, "credential": shown}


def parse_offer(content: Mapping[str, Any]) -> dict[str, Any]:
    """An offer of the form that it has to have. Raises Malformed, InvalidCredential, BindingNotSupported."""
    versions, credential = content.get("data_model_versions_supported"), content.get("credential")
    methods, required = content.get("binding_method", {}), content.get("binding_required", False)
    if not isinstance(credential, dict) or "proof" in credential:
        raise Malformed("credential")
    version = _VERSIONS[vcdm.version_of(credential)]
    if not isinstance(versions, list) or versions[:1] != [version]:
        raise Malformed("data_model_versions_supported")
    if not isinstance(methods, dict) or not isinstance(required, bool):
        raise Malformed("binding")
    if not isinstance(credential.get("credentialSubject"), dict):
        raise Malformed("one subject")
    dated = {_BEGINS[version]: _UNKNOWN["issuanceDate"]}
    vcdm.require_credential({**_UNKNOWN, **_without(credential, "credentialStatus"), **dated})
    method = methods.get(SIGNED)
    if method is not None and not _is_method(method):
        raise Malformed(SIGNED)
    if required and method is None:
        raise BindingNotSupported("not by a signed attachment")
    return {"data_model_versions_supported": versions, "binding_method": method, "credential": credential}


def _is_method(method: Any) -> bool:
    if not isinstance(method, dict) or not isinstance(method.get("nonce"), str):
        return False
    lists = [method.get(name) for name in ("algs_supported", "did_methods_supported")]
    listed = all(isinstance(one, list) and all(isinstance(each, str) for each in one) for one in lists)
    return listed and 0 < len(method["nonce"]) <= _MAX_NONCE


def request(offered: Mapping[str, Any], attachment: str | None) -> dict[str, Any]:
    """A request for what a parsed offer offers, bound by the signed attachment of this id."""
    made: dict[str, Any] = {"data_model_version": offered["data_model_versions_supported"][0]}
    if attachment is not None:
        made["binding_proof"] = {SIGNED: {"attachment_id": attachment}}
    return made


def signed_attachment(offered: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    """The id of the signed attachment of a request, None where nobody is bound. Raises NotAsOffered, BindingRefused."""
    if content.get("data_model_version") not in offered["data_model_versions_supported"]:
        raise NotAsOffered("another version of the data model than was offered")
    proofs, methods = content.get("binding_proof", {}), offered.get("binding_method", {})
    if not isinstance(proofs, dict) or not proofs.keys() <= methods.keys():
        raise NotAsOffered("a binding that was not offered")
    if not proofs:
        if offered["binding_required"]:
            raise BindingRefused("nothing binds the credential to its holder")
        return None
    named = proofs[SIGNED].get("attachment_id") if isinstance(proofs[SIGNED], dict) else None
    if not isinstance(named, str):
        raise BindingRefused("no attachment is named")
    return named


def prepare_binding(method: Mapping[str, Any], algorithm: str, kid: str) -> attachments.Prepared:
    """What a key of ours signs to be bound; `attachments.seal` makes the attachment of it."""
    protected = b64url(render_json({"alg": algorithm, "kid": kid}))
    return attachments.Prepared(render_json({"nonce": method["nonce"]}), kid, protected)


def open_binding(offered: Mapping[str, Any], attachment: Mapping[str, Any]) -> Binding:
    """Take a signed attachment apart, for the offer's nonce, algorithms and DID methods. Raises BindingRefused."""
    method = offered["binding_method"][SIGNED]
    try:
        payload, jws = attachments.octets(attachment), attachment["data"]["jws"]
        if not isinstance(jws, dict) or not all(isinstance(jws.get(name), str) for name in ("protected", "signature")):
            raise Malformed("jws")
        # 1. the header that the signature covers, and no other
        header = parse_json_object(parse_b64url(jws["protected"]))
        kid, algorithm = header.get("kid"), header.get("alg")
        did = parse_did_url(kid if isinstance(kid, str) else "").did
        nonce = parse_json_object(payload).get("nonce")
        signature = parse_b64url(jws["signature"])
    except ProtocolError as error:
        raise BindingRefused(error.detail) from None
    # 2. what was offered
    if algorithm not in method["algs_supported"] or did.split(":")[1] not in method["did_methods_supported"]:
        raise BindingRefused("an algorithm or DID method that was not offered")
    if "crit" in header or "b64" in header:
        raise BindingRefused("extensions of JWS")
    if nonce != method["nonce"]:
        raise BindingRefused("another nonce than the offer's")
    signed = f"{jws['protected']}.{b64url(payload)}".encode()
    return Binding(str(kid), str(algorithm), str(nonce), signed, signature)


def require_signature(binding: Binding, jwk: Mapping[str, Any]) -> None:
    """The key signed it, by the algorithm that the header says and the key is for. Raises BindingRefused."""
    if binding.algorithm not in jwks.signs_with(jwk):
        raise BindingRefused("another kind of key")
    if not jwks.verify_signature(jwk, binding.algorithm, binding.signed, binding.signature):
        raise BindingRefused("signature")


def require_as_offered(offered: Mapping[str, Any], credential: Mapping[str, Any], did: str | None) -> None:
    """The credential is the one of a parsed offer, bound to `did`. Raises NotAsOffered.

    What the offer may leave open is the beginning of validity, the issuer, the subject's id and the status.
    """
    promised = offered["credential"]
    begins = _BEGINS[offered["data_model_versions_supported"][0]]
    open_ones = {begins, "credentialSubject", "credentialStatus", "holder"}
    open_ones |= set() if "issuer" in promised else {"issuer"}
    if _without(promised, *open_ones) != _without(credential, "proof", *open_ones):
        raise NotAsOffered("another credential than was offered")
    subject, wanted = credential.get("credentialSubject"), promised["credentialSubject"]
    if not isinstance(subject, dict) or _without(subject, "id") != _without(wanted, "id"):
        raise NotAsOffered("other claims than were offered")
    if subject.get("id") not in ((wanted["id"],) if "id" in wanted else (None, did)):
        raise NotAsOffered("about somebody else")
    status = promised.get("credentialStatus")
    if isinstance(status, dict) and _type_of(credential.get("credentialStatus")) != status.get("type"):
        raise NotAsOffered("another status than was offered")
    if "holder" in credential and credential["holder"] not in (promised.get("holder"), did):
        raise NotAsOffered("held by somebody else")
    if did is not None and did not in (subject.get("id"), credential.get("holder")):
        raise NotAsOffered("bound to nobody")


def _type_of(status: Any) -> Any:
    return status.get("type") if isinstance(status, dict) else None


def _without(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names}
