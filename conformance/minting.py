"""Credentials the suite signs itself under an authority that the verifier trusts: honest, but for what a check changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509

from conformance import authority, forging, mdoc, sd_jwt
from conformance.authority import Authority, Wish
from conformance.jose import Key
from conformance.mdoc import Mdoc, Signing
from conformance.session import Session
from conformance.verdict import Blocked, skip

DAY = 86400


@dataclass(frozen=True, slots=True)
class Held:
    credential: sd_jwt.SdJwt
    key: Key


@dataclass(slots=True)
class Draft:
    """An SD-JWT VC before it is signed. `disclosures` are texts that are signed as those of `disclosed` are; `orphans`
    are shown, and stand nowhere."""

    header: dict[str, Any]
    payload: dict[str, Any]
    disclosed: dict[str, Any]
    key: Key
    holder: Key = field(default_factory=Key)
    disclosures: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    def token(self, wanted: frozenset[str] | None = None) -> str:
        """The SD-JWT without KB-JWT; with `wanted`, of `disclosed` these claims alone."""
        made = {name: sd_jwt.disclosure(name, value) for name, value in self.disclosed.items()}
        texts = [*made.values(), *self.disclosures]
        digests = {"_sd": sorted(map(sd_jwt.digest, texts)), "_sd_alg": "sha-256"} if texts else {}
        shown = [text for name, text in made.items() if wanted is None or name in wanted]
        issuer_jwt = self.key.jws(self.header, {**digests, **self.payload})
        return "~".join([issuer_jwt, *shown, *self.disclosures, *self.orphans, ""])

    def held(self) -> Held:
        return Held(sd_jwt.parse(self.token()), self.holder)


async def issuing(session: Session) -> Authority:
    """The authority of [credential]."""
    source = session.target.self_issued
    if source is None or source.authority is None or source.authority_key is None:
        skip("the target file has no [credential] with an authority")
    return _authority(source.authority, source.authority_key)


def _authority(certificate: str, key: str) -> Authority:
    try:
        return authority.read(Path(certificate), Path(key))
    except (OSError, ValueError, TypeError) as error:
        raise Blocked(f"the authority's files: {error}") from error


async def draft(session: Session, wish: Wish | None = None) -> Draft:
    """An honest credential under a certificate of its own; `wish` says what that certificate is to be like."""
    above = await issuing(session)
    key = Key()
    return await drafted(session, key, [above.certify(key, wish)])


async def drafted(session: Session, key: Key, chain: Sequence[x509.Certificate]) -> Draft:
    """An honest credential, signed with a key and a chain that need not be."""
    source = session.target.self_issued
    assert source
    holder, now = Key(), session.now()
    header = {"typ": "dc+sd-jwt", "x5c": [forging.b64(one) for one in authority.der(chain)]}
    payload = {"vct": source.vct, "iat": now - 60, "exp": now + DAY, "cnf": {"jwk": holder.jwk}}
    return Draft(header, payload, dict(source.claims), key, holder)


@dataclass(slots=True)
class DocumentDraft:
    """A mobile document before it is signed."""

    doctype: str
    elements: dict[str, dict[str, Any]]
    signing: Signing
    validity: tuple[int, int]
    device: Key = field(default_factory=Key)

    def issue(self) -> Mdoc:
        return mdoc.issue(self.doctype, self.elements, self.device, self.signing, self.validity)


async def certifying(session: Session) -> Authority:
    """The authority of [mdoc]."""
    source = session.target.documents
    if source is None:
        skip("the target file has no [mdoc]")
    return _authority(source.authority, source.authority_key)


async def document(
    session: Session, wish: Wish | None = None, *, mso: Mapping[str, Any] | None = None, **signing: Any
) -> DocumentDraft:
    """An honest document; `mso` are members of its security object, `signing` what `Signing` has."""
    above = await certifying(session)
    source, key, now = session.target.documents, Key(), session.now()
    assert source
    chain = authority.der([above.certify(key, wish or Wish("Signer", document_signer=True, dns=()))])
    wanted: dict[str, Any] = {"key": key, "chain": chain, "mso": mso or {}, **signing}
    elements = {name: dict(members) for name, members in source.elements.items()}
    return DocumentDraft(source.doctype, elements, Signing(**wanted), (now - 60, now + DAY))
