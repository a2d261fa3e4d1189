"""From how a signed thing names its key to the key that is believed, or to nothing."""

from agent.scope import Scope
from protocols.errors import ProtocolError
from protocols.ports import KeyReference, Purpose, TrustAnchor, TrustedKey
from protocols.ports.tools import FetchFailed, FetchRefused


class UnknownIssuer(ProtocolError):
    """The issuer's key cannot be traced to anything trusted."""

    code = "untrusted_issuer"


class UnknownHolder(ProtocolError):
    """The holder's key cannot be found out."""

    code = "unknown_holder_key"


async def issuer_key(
    scope: Scope,
    reference: KeyReference,
    purpose: Purpose = Purpose.ISSUE,
    anchors: tuple[TrustAnchor, ...] | None = None,
) -> TrustedKey:
    """The believed key behind a reference; `anchors` are the tenant's, or fewer. Raises UnknownIssuer."""
    known = scope.catalogue.anchors if anchors is None else anchors
    return await _key(scope, reference, purpose, known, UnknownIssuer)


async def holder_key(scope: Scope, reference: KeyReference | None) -> TrustedKey:
    """The holder's key, which needs no anchor. Raises UnknownHolder, also when there is no reference."""
    if reference is None:
        raise UnknownHolder("no holder's key is named")
    return await _key(scope, reference, Purpose.HOLD, scope.catalogue.anchors, UnknownHolder)


async def _key(
    scope: Scope,
    reference: KeyReference,
    purpose: Purpose,
    anchors: tuple[TrustAnchor, ...],
    unknown: type[ProtocolError],
) -> TrustedKey:
    resolver = scope.plugins["trust_resolvers"].get(reference.kind)
    if resolver is None:
        raise unknown(f"no resolver for {reference.kind}")
    try:
        found: TrustedKey = await resolver.resolve(reference, purpose, anchors, scope.now().timestamp())
    except ProtocolError as error:
        raise unknown(error.detail or type(error).__name__) from None
    except (FetchFailed, FetchRefused) as error:
        raise unknown(type(error).__name__) from None
    return found
