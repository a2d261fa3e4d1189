"""JSON-LD credentials over DIDComm (RFC 0593): offered whole, asked for as offered, issued as asked for."""

from collections.abc import Mapping
from typing import Any

from agent.operations.issuing.issuer_identity import identities
from agent.operations.messaging.credentials import ldp_vc
from agent.operations.messaging.credentials.attaching import Answer, Asked, Offer, OfferTerms
from agent.operations.verifying.proofs import require_proofs
from agent.scope import Scope
from protocols import vcdm
from protocols.data_integrity import Expectations
from protocols.didcomm import ld_proof_vc
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.ld_proof_vc import CREDENTIAL, DETAIL
from protocols.errors import ProtocolError


class LdProofVc:
    """A configuration of the format `ldp_vc`. Who holds it is the DID in the request, believed as the connection is:
    the format has no proof of possession."""

    offers = DETAIL
    requests = DETAIL
    credentials = CREDENTIAL

    # ---------------------------------------------------------------------------------------------------- as issuer
    async def offer(self, scope: Scope, terms: OfferTerms) -> Offer:
        """Raises UnknownConfiguration, NotOverDidcomm, InvalidClaims, UnknownHolder."""

        def attach(configuration: Any, credential: dict[str, Any]) -> Attached:
            suite, status = ldp_vc.suite_of(scope, configuration), ldp_vc.status_type(scope, configuration)
            return Attached(DETAIL, ld_proof_vc.detail(credential, *suite, status))

        return await ldp_vc.offer(scope, terms, attach)

    async def issue(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """Only what was offered, while the offer stands, once."""
        attached = said.of(DETAIL)
        if attached is None:
            return Declined("no attachment in the format of the offer"), ()
        try:
            asked = ld_proof_vc.parse(attached.content)
            added = ld_proof_vc.require_as_offered(known["offered"], asked)
            subject = ld_proof_vc.subject_of(asked["credential"])
            holder = await ldp_vc.holder_of(scope, subject) if subject else None
            return await ldp_vc.issue(scope, known, holder, _credential, added)
        except ProtocolError as error:
            return Declined(error.description), ()

    # ---------------------------------------------------------------------------------------------------- as holder
    async def request(self, scope: Scope, offered: Mapping[str, Any]) -> Asked:
        """About a DID of the tenant's where the offer leaves that open."""
        content = ld_proof_vc.parse(offered)
        if ld_proof_vc.subject_of(content["credential"]) is None:
            known = [one for one in await identities(scope, ldp_vc.HOLDING) if one.did.startswith("did:key:")]
            if not known:
                raise ldp_vc.UnknownHolder("the tenant has no key to hold with")
            content = ld_proof_vc.with_subject(content, known[0].did)
        return Asked(Attached(DETAIL, content), {"asked": content})

    async def receive(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """The one that was asked for, in time, with the issuer's proof."""
        attached = said.of(CREDENTIAL)
        if attached is None:
            return Declined("no attachment in the format of the request"), ()
        credential, options = attached.content, known["asked"]["options"]
        try:
            ld_proof_vc.require_as_asked(known["asked"], credential)
            vcdm.require_credential(credential)
            vcdm.require_validity(credential, scope.now(), ldp_vc.SKEW)
            expected = Expectations(
                "assertionMethod", scope.now(), options.get("domain"), options.get("challenge"), ldp_vc.SKEW
            )
            await require_proofs(scope, credential, expected, vcdm.issuer_of(credential))
        except ProtocolError as error:
            return Declined(error.description), ()
        return ldp_vc.keep(scope, credential)


def _credential(credential: dict[str, Any]) -> Attached:
    return Attached(CREDENTIAL, credential)
