"""W3C presentations over DIDComm (RFC 0510): a DCQL query is asked as a DIF presentation definition, and what is shown
is verified as an answer over OpenID4VP is, against the query."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.claims import compiled
from agent.operations.issuing.issuer_identity import IssuerIdentity, identities
from agent.operations.issuing.secure_credential import secure
from agent.operations.messaging.credentials.attaching import NotOverDidcomm
from agent.operations.messaging.credentials.proving import NothingFits, ProofRequest, ProofTerms, Shown, Verdict
from agent.operations.verifying import secrets
from agent.operations.verifying.dcql_queries import active_query
from agent.operations.verifying.judge_presentations import judge
from agent.operations.verifying.policies import chosen
from agent.operations.verifying.settle_answer import Judgement, settlement
from agent.operations.verifying.trail import Trail
from agent.scope import Scope
from agent.scope.holding import HeldCredential
from agent.scope.verifying import NewPresentationRequest, OpenRequest
from agent.tenancy import uuid7
from protocols import data_integrity, presentation_exchange, vcdm
from protocols.dcql import query as dcql
from protocols.dcql.query import CredentialQuery
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.presenting import Verified
from protocols.encoding import parse_json_object, render_json
from protocols.errors import Malformed, ProtocolError
from protocols.presentation_exchange import CONTEXT, TYPE, Definition, Descriptor, Field, filter_of
from protocols.vcdm import making

DEFINITION = "dif/presentation-exchange/definitions@v1.0"
SUBMISSION = "dif/presentation-exchange/submission@v1.0"
BY_DIDCOMM = "didcomm"
"""The response mode of a request over DIDComm, and how the verifier is named there: by the connection."""
_HELD, _MAX_TEXT = 1_000, 2_048
_LEGACY = ("Ed25519Signature2020", "Ed25519Signature2018")


class DifPresentationExchange:
    """Presentations of W3C credentials with Data Integrity proofs."""

    requests = DEFINITION
    presentations = SUBMISSION

    async def ask(self, scope: Scope, terms: ProofTerms) -> ProofRequest:
        """Raises InvalidQuery, UnknownQuery, UnknownPolicy, NotOverDidcomm, InvalidDefinition."""
        stored = await active_query(scope, terms.query) if terms.query is not None else None
        asked = dcql.parse(stored.dcql_query if stored else terms.dcql_query)
        made = uuid7(scope.now(), scope.entropy(10))
        definition = _definition(str(made), asked, terms.proof_types)
        policy = chosen(scope, terms.policy)
        nonce, ends = secrets.nonce(scope.vault, made), scope.now() + terms.lifetime
        new = NewPresentationRequest(
            id=made,
            verifier_id=scope.catalogue.verifier_id,
            dcql_query=asked.sent,
            client_id_prefix=BY_DIDCOMM,
            response_mode=BY_DIDCOMM,
            client_id=scope.tenant.base_url,
            nonce_hash=secrets.digest(nonce),
            state_hash=secrets.digest(secrets.state(scope.vault, made)),
            encryption_key=None,
            expires_at=ends,
            query_id=stored.id if stored else None,
            policy_id=policy.id if policy else None,
        )

        async def add(unit: Any) -> None:
            metadata = {"prefix": BY_DIDCOMM, "response_mode": BY_DIDCOMM}
            unit.record(AuditEvent("presentation.requested", "presentation_request", made, "request", made, metadata))
            await unit.presentations.add(new)

        options = {"challenge": nonce, "domain": scope.tenant.base_url}
        content = {"options": options, "presentation_definition": presentation_exchange.render(definition)}
        return ProofRequest(
            Attached(DEFINITION, content), {"presentation_id": str(made)}, (add,), int(ends.timestamp())
        )

    async def verify(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Verdict:
        """Judged and settled as every answer is, once."""
        request_id = UUID(known["presentation_id"])
        async with scope.unit() as unit:
            request: OpenRequest | None = await unit.presentations.open(request_id)
        if request is None:
            return Declined("the request has ended"), ()
        attached = said.of(SUBMISSION)
        presentation: Mapping[str, Any] = attached.content if attached else {}
        judgement = await _judge(scope, request, presentation)
        settled, write = settlement(scope, request, render_json(dict(presentation)), judgement)
        if judgement.refusal is not None:
            return Declined(f"not accepted; report {settled.report}"), (write,)
        return Verified({"report": str(settled.report)}), (write,)

    async def present(self, scope: Scope, content: Mapping[str, Any], credentials: Sequence[UUID]) -> Shown:
        """A presentation of held credentials, those that are named before others; and which they are.

        Raises InvalidDefinition, NothingFits, Malformed.
        """
        definition = presentation_exchange.parse(content.get("presentation_definition"))
        bound = _bound(content.get("options"))
        chosen_ones = [_chosen(one, await _held(scope, credentials)) for one in definition.descriptors]
        identity, suite = await _signer(scope, chosen_ones, definition.proof_types)
        submission = presentation_exchange.render_submission(
            making.urn_uuid(scope.entropy(16)), definition.id, [one.id for one in definition.descriptors]
        )
        presentation = {
            "@context": [vcdm.version_of(chosen_ones[0].credential), CONTEXT],
            "type": ["VerifiablePresentation", TYPE],
            "id": making.urn_uuid(scope.entropy(16)),
            "holder": identity.did,
            "verifiableCredential": [dict(one.credential) for one in chosen_ones],
            "presentation_submission": submission,
        }
        secured = await secure(scope, suite, presentation, identity, "authentication", **bound)
        return Attached(SUBMISSION, secured), [one.id for one in chosen_ones]


def _definition(name: str, asked: dcql.DcqlQuery, proof_types: tuple[str, ...]) -> Definition:
    """The query as a definition. What it cannot say (claim sets, authorities) is still checked of what is shown."""
    one = asked.credentials[0]
    if len(asked.credentials) > 1 or one.format != "ldp_vc" or one.multiple:
        raise NotOverDidcomm("one credential of the format ldp_vc")
    wanted = () if one.claim_sets else one.claims
    fields = [Field((claim.path,), filter_of(claim.values)) for claim in wanted]
    return Definition(name, (Descriptor(one.id, (*_types(one), *fields)),), proof_types)


def _types(one: CredentialQuery) -> tuple[Field, ...]:
    """A wallet finds credentials by the short names of their types; we compare the IRIs of what is shown.

    Alternatives are left to that comparison.
    """
    alternatives = one.meta.get("type_values", ())
    if len(alternatives) != 1:
        return ()
    short = [name.rpartition("#")[2].rpartition("/")[2] for name in alternatives[0]]
    return tuple(Field((("type",),), {"type": "array", "contains": {"const": name}}) for name in short)


async def _judge(scope: Scope, request: OpenRequest, presentation: Mapping[str, Any]) -> Judgement:
    trail = Trail()
    asked = dcql.parse(request.dcql_query).credentials[0].id
    try:
        with trail.checks as checks:
            checks.begin("submission", {"definition_id": str(request.id), "descriptor": asked})
            presentation_exchange.require_submission(presentation, str(request.id), asked)
    except ProtocolError as error:
        return Judgement(trail, error)
    return await judge(scope, request, {asked: [presentation]}, None, request.client_id, trail)


def _bound(options: Any) -> dict[str, Any]:
    """The challenge, and the domain if there is one. Raises Malformed."""
    if not isinstance(options, dict):
        raise Malformed("no options")
    found = {name: options[name] for name in ("challenge", "domain") if name in options}
    if not all(isinstance(value, str) and 0 < len(value) <= _MAX_TEXT for value in found.values()):
        raise Malformed("challenge or domain")
    if "challenge" not in found:
        raise Malformed("a presentation without a challenge could be shown again")
    return found


async def _held(scope: Scope, wanted: Sequence[UUID]) -> Sequence[HeldCredential]:
    """Raises NothingFits for one that is not held."""
    async with scope.unit() as unit:
        found: Sequence[HeldCredential] = (
            await unit.holdings.get(wanted) if wanted else await unit.holdings.listed(None, _HELD)
        )
    if {one.id for one in found} < set(wanted):
        raise NothingFits("no such credential is held")
    return [one for one in found if one.expires_at is None or one.expires_at > scope.now()]


def _chosen(descriptor: Descriptor, held: Sequence[HeldCredential]) -> HeldCredential:
    """The newest that answers it, which shows all of itself. Raises NothingFits."""
    if descriptor.limited:
        raise NothingFits("nothing but the fields may be shown, and these formats show all")
    for one in held:
        if descriptor.fits(one.credential, _satisfies):
            return one
    raise NothingFits(descriptor.id[:50])


def _satisfies(schema: Mapping[str, Any], value: Any) -> bool:
    """A schema that is none is satisfied by nothing."""
    try:
        return bool(_validator(render_json(dict(schema))).is_valid(value))
    except ValueError:
        return False


@lru_cache(256)
def _validator(schema: bytes) -> Any:
    return compiled(parse_json_object(schema))


async def _signer(
    scope: Scope, credentials: Sequence[HeldCredential], wanted: tuple[str, ...]
) -> tuple[IssuerIdentity, Any]:
    """The key of the subject of every credential, under a suite that the verifier can be expected to know: one that it
    names, else one like that of the credentials. Raises NothingFits."""
    subjects = {did for one in credentials for did in vcdm.subjects_of(one.credential)}
    legacy = any(
        data_integrity.cryptosuite_of(proof) in _LEGACY
        for one in credentials
        for proof in data_integrity.proofs_of(one.credential)
    )
    suites = [one for one in scope.plugins["cryptosuites"].values() if one.algorithms and not one.selective]
    suites.sort(key=lambda one: (one.legacy is not legacy, one.name))
    for suite in suites:
        kind = suite.name if suite.legacy else data_integrity.proofs.DATA_INTEGRITY
        if wanted and not {kind, suite.name} & set(wanted):
            continue
        for identity in await identities(scope, suite.algorithms):
            if subjects == {identity.did} and identity.did.startswith("did:key:"):
                return identity, suite
    raise NothingFits("no key of the credentials' subject signs so")
