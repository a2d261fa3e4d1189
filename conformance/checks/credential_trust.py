"""Chains that do not lead where they seem to (RFC 5280, 6.1; HAIP 1.0, 6.1.1)."""

from typing import Any

from conformance import authority, forging
from conformance.authority import Authority, Wish
from conformance.jose import Key
from conformance.minting import draft, drafted, issuing
from conformance.presenting import accepted, refused
from conformance.registry import check
from conformance.session import Session


async def _wished(session: Session, **wish: Any) -> None:
    """Refused under a trusted authority's certificate of this kind."""
    await refused(session, await draft(session, Wish(**wish)))


@check("chain-with-intermediate")
async def a_longer_chain_is_accepted(session: Session) -> None:
    """A credential whose signer an intermediate authority certified, which the root certified."""
    middle, key = (await issuing(session)).below(), Key()
    await accepted(session, await drafted(session, key, [middle.certify(key), middle.certificate]))


@check("chain-expired")
async def expired_signer_is_refused(session: Session) -> None:
    """A signer whose certificate expired yesterday."""
    await _wished(session, days=(-30, -1))


@check("chain-not-yet-valid")
async def early_signer_is_refused(session: Session) -> None:
    """A signer whose certificate is valid from tomorrow."""
    await _wished(session, days=(1, 30))


@check("chain-intermediate-expired")
async def expired_intermediate_is_refused(session: Session) -> None:
    """A signer under an intermediate authority that expired yesterday."""
    middle, key = (await issuing(session)).below(days=(-30, -1)), Key()
    await refused(session, await drafted(session, key, [middle.certify(key), middle.certificate]))


@check("chain-intermediate-missing")
async def no_link_is_left_out(session: Session) -> None:
    """A signer under an intermediate authority that x5c leaves out."""
    middle, key = (await issuing(session)).below(), Key()
    await refused(session, await drafted(session, key, [middle.certify(key)]))


@check("chain-reordered")
async def the_leaf_comes_first(session: Session) -> None:
    """x5c with the intermediate authority before the signer."""
    middle, key = (await issuing(session)).below(), Key()
    await refused(session, await drafted(session, key, [middle.certificate, middle.certify(key)]))


@check("chain-empty")
async def a_chain_has_a_certificate(session: Session) -> None:
    """x5c that is an empty array."""
    credential = await draft(session)
    credential.header["x5c"] = []
    await refused(session, credential)


@check("chain-garbage")
async def a_certificate_is_one(session: Session) -> None:
    """x5c whose entry is no certificate."""
    credential = await draft(session)
    credential.header["x5c"] = [forging.b64(b"no certificate")]
    await refused(session, credential)


@check("chain-self-signed")
async def a_self_signed_signer_is_refused(session: Session) -> None:
    """A signer that certified itself."""
    own = authority.create("issuer.example")
    await refused(session, await drafted(session, own.key, [own.certificate]))


@check("chain-own-root")
async def a_root_in_the_chain_is_not_believed(session: Session) -> None:
    """A chain that brings its own root, which nobody configured."""
    own, key = authority.create(), Key()
    await refused(session, await drafted(session, key, [own.certify(key), own.certificate]))


@check("chain-same-name")
async def a_name_is_no_key(session: Session) -> None:
    """A signer under a root of the trusted one's name, with another key."""
    trusted, own, key = await issuing(session), Key(), Key()
    namesake = Authority(trusted.certificate, own)
    await refused(session, await drafted(session, key, [namesake.certify(key)]))


@check("chain-end-entity-certifies")
async def an_end_entity_certifies_nobody(session: Session) -> None:
    """A signer certified by another signer, which is no authority."""
    key, thief = Key(), Key()
    leaf = (await issuing(session)).certify(key)
    below = Authority(leaf, key).certify(thief, Wish("thief.example", dns=("issuer.example",)))
    await refused(session, await drafted(session, thief, [below, leaf]))


@check("chain-of-another-key")
async def the_certified_key_signs(session: Session) -> None:
    """A chain that is good, and a signature by another key."""
    credential = await draft(session)
    credential.key = Key()
    await refused(session, credential)


@check("chain-leaf-is-authority")
async def an_authority_signs_no_credentials(session: Session) -> None:
    """A credential signed by the intermediate authority itself."""
    middle = (await issuing(session)).below()
    await refused(session, await drafted(session, middle.key, [middle.certificate]))


@check("chain-key-usage")
async def the_key_is_for_signatures(session: Session) -> None:
    """A signer whose certificate is for key agreement alone."""
    await _wished(session, usage="key_agreement")
