"""W3C credentials with Data Integrity proofs over DIDComm (RFC 0809), bound to a holder by a signed attachment."""

from collections.abc import Mapping
from typing import Any

from agent.operations.issuing.issuer_identity import identities
from agent.operations.issuing.proved import Holder
from agent.operations.messaging.credentials import ldp_vc
from agent.operations.messaging.credentials.attaching import Answer, Asked, NotOverDidcomm, Offer, OfferTerms
from agent.operations.verifying.proofs import require_proofs
from agent.scope import Scope
from protocols import did as dids
from protocols import vcdm
from protocols.data_integrity import Expectations
from protocols.did import parse_did
from protocols.didcomm import w3c_di_vc
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.v1 import attachments
from protocols.didcomm.w3c_di_vc import CREDENTIAL, OFFER, REQUEST
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.ports.tools import FetchFailed, FetchRefused

_BINDING = "binding"
"""The id of our signed attachment."""


class W3cDiVc:
    """A configuration of the format `ldp_vc`. Where the credential is bound, its holder is the DID whose key signed
    the nonce of the offer."""

    offers = OFFER
    requests = REQUEST
    credentials = CREDENTIAL

    # ---------------------------------------------------------------------------------------------------- as issuer
    async def offer(self, scope: Scope, terms: OfferTerms) -> Offer:
        """Raises UnknownConfiguration, NotOverDidcomm, InvalidClaims, UnknownHolder."""
        if terms.definition is not None:
            raise NotOverDidcomm("a definition of AnonCreds has attachments of its own")
        nonce = b64url(scope.entropy(16))

        def attach(configuration: Any, credential: dict[str, Any]) -> Attached:
            methods = sorted(scope.plugins["did_methods"]) if configuration.proof_types else None
            status = ldp_vc.status_type(scope, configuration)
            return Attached(OFFER, w3c_di_vc.offer(credential, status, nonce, methods))

        return await ldp_vc.offer(scope, terms, attach)

    async def issue(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """Only what was offered, to whom signed its nonce, while the offer stands, once."""
        attached = said.of(REQUEST)
        if attached is None:
            return Declined("no attachment in the format of the offer"), ()
        try:
            named = w3c_di_vc.signed_attachment(known["offered"], attached.content)
            holder = await _bound(scope, known["offered"], said.appended.get(named)) if named else None
            return await ldp_vc.issue(scope, known, holder, _credential)
        except ProtocolError as error:
            return Declined(error.description), ()

    # ---------------------------------------------------------------------------------------------------- as holder
    async def request(self, scope: Scope, offered: Mapping[str, Any]) -> Asked:
        """Bound to a DID of the tenant's wherever the issuer binds by a signed attachment.

        Raises Malformed, InvalidCredential, BindingNotSupported, UnknownHolder.
        """
        offer = w3c_di_vc.parse_offer(offered)
        method = offer["binding_method"]
        if method is None:
            return Asked(Attached(REQUEST, w3c_di_vc.request(offer, None)), {"offer": offer, "bound_to": None})
        algorithms = tuple(name for name in ldp_vc.HOLDING if name in method["algs_supported"])
        subject = offer["credential"]["credentialSubject"].get("id")
        found = [
            one
            for one in await identities(scope, algorithms)
            if parse_did(one.did)[0] in method["did_methods_supported"] and (subject or one.did) == one.did
        ]
        # The key's own DID is known at once to everybody, before one that has to be fetched.
        found.sort(key=lambda one: not one.did.startswith("did:key:"))
        if not found:
            raise ldp_vc.UnknownHolder("the tenant has no key that the offer can be bound to")
        prepared = w3c_di_vc.prepare_binding(method, found[0].key.algorithm, found[0].method)
        signature = await scope.keys.sign(found[0].key.handle, prepared.signing_input)
        return Asked(
            Attached(REQUEST, w3c_di_vc.request(offer, _BINDING)),
            {"offer": offer, "bound_to": found[0].did},
            appended={_BINDING: attachments.seal(prepared, signature)},
        )

    async def receive(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """The one that was offered, bound to us, with the issuer's proof."""
        attached = said.of(CREDENTIAL)
        credential = attached.content.get("credential") if attached else None
        if not isinstance(credential, dict):
            return Declined("no attachment in the format of the request"), ()
        try:
            w3c_di_vc.require_as_offered(known["offer"], credential, known["bound_to"])
            vcdm.require_credential(credential)
            vcdm.require_validity(credential, scope.now(), ldp_vc.SKEW)
            expected = Expectations("assertionMethod", scope.now(), None, None, ldp_vc.SKEW)
            await require_proofs(scope, credential, expected, vcdm.issuer_of(credential))
        except ProtocolError as error:
            return Declined(error.description), ()
        return ldp_vc.keep(scope, credential)


async def _bound(scope: Scope, offered: Mapping[str, Any], attachment: Mapping[str, Any] | None) -> Holder:
    """Whose key signed the nonce. Raises BindingRefused."""
    if attachment is None:
        raise w3c_di_vc.BindingRefused("the signed attachment is missing")
    binding = w3c_di_vc.open_binding(offered, attachment)
    if offered["credential"]["credentialSubject"].get("id", binding.did) != binding.did:
        raise w3c_di_vc.BindingRefused("somebody else's credential")
    try:
        document = await scope.plugins["did_methods"][parse_did(binding.did)[0]].resolve(binding.did)
    except (ProtocolError, FetchFailed, FetchRefused) as error:
        raise w3c_di_vc.BindingRefused(type(error).__name__) from None
    jwk = dids.find_key(document, "authentication", binding.kid)
    if jwk is None:
        raise w3c_di_vc.BindingRefused("no such key to authenticate with")
    w3c_di_vc.require_signature(binding, jwk)
    return Holder(jwk, binding.kid)


def _credential(credential: dict[str, Any]) -> Attached:
    return Attached(CREDENTIAL, {"credential": credential})
