"""Evidence of a verification, checked by anybody and without a server: the package is all there is, and a verdict is
made again from it as of the moment it was first made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from agent.gather.status import good_value, media_types, verify_list
from agent.operations.verifying.policies import facts_of
from agent.operations.verifying.policy_rules import require_policy
from agent.operations.verifying.schemas import by_policy, require_schemas
from agent.operations.verifying.trail import digest_of
from agent.scope.policies import PolicyRules
from protocols.checks import Checks, plain
from protocols.dcql import query as dcql
from protocols.dcql.query import DcqlQuery
from protocols.dcql.select import require_match, require_sets
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwk import Jwk, public, thumbprint
from protocols.ports import (
    Binding,
    KeyReference,
    Purpose,
    Sandboxed,
    StatusList,
    StatusReference,
    TrustAnchor,
    TrustedKey,
    VerifiedCredential,
)
from protocols.ports.tools import FetchFailed, FetchRefused
from protocols.x509 import parse_chain

TYPE = "verification-evidence+jwt"
FORM = 1
_ACCEPTED = ("verified", "answered")


class InvalidEvidence(ProtocolError):
    """The evidence does not hold."""

    code = "invalid_evidence"


class NotInThePackage(ProtocolError):
    """What this is checked by is not in the package."""

    code = "not_in_the_package"


@dataclass(slots=True)
class Finding:
    """What checking a package came to: lines of the package, and of each presentation by its Credential Query id.

    `signer` is the thumbprint of the key that signed, `chain` its certificates (DER)."""

    package: Mapping[str, Any] = field(default_factory=dict)
    checks: Checks = field(default_factory=Checks)
    presentations: list[tuple[str, Checks]] = field(default_factory=list)
    signer: Jwk = field(default_factory=dict)
    chain: tuple[bytes, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no line failed."""
        lines = [*self.checks.lines, *(line for _, one in self.presentations for line in one.lines)]
        return not any(line.result == "failed" for line in lines)


async def check_evidence(token: str, plugins: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Every check that the package lets be made again. `plugins` are families by name, none of which fetches."""
    finding = Finding()
    try:
        with finding.checks as checks:
            _open(token, finding, checks)
    except (ProtocolError, LookupError, TypeError, ValueError, AttributeError):
        return finding
    report, sent = finding.package["report"], finding.package["presentations"]
    if report["verdict"] not in _ACCEPTED:
        finding.checks.not_made(("presentations",))
        return finding
    asked = dcql.parse(report["request"]["dcql_query"])
    for told, one in zip(report["presentations"], sent or [None] * len(report["presentations"]), strict=True):
        checks = Checks()
        finding.presentations.append((told["query_id"], checks))
        try:
            with checks:
                await _Presentation(finding.package, plugins, told, one, asked, checks).check()
        except Exception:  # noqa: S112  # its line has failed, and so has a package that is made to break us
            continue
    return finding


def _open(token: str, finding: Finding, checks: Checks) -> None:
    """Form and signature; who signed is for the caller to trust or not."""
    checks.begin("package", TYPE)
    opened = jwt.open_jwt(token.strip(), TYPE)
    checks.begin("signature", seen=opened.header.get("alg"))
    finding.signer = public(opened.header["jwk"])
    finding.chain = parse_chain(opened.header["x5c"]) if "x5c" in opened.header else ()
    jws.verify(opened.jws, finding.signer, frozenset({"ES256", "ES384", "ES512", "EdDSA", "Ed25519"}))
    checks.begin("form", FORM, opened.claims.get("form"))
    report = opened.claims["report"]
    if opened.claims.get("form") != FORM or report.get("form") != FORM:
        raise InvalidEvidence("of another form")
    checks.begin("lines", "an accepted answer has no line that failed", report["verdict"])
    lines = [*report["checks"], *(line for one in report["presentations"] for line in one["checks"])]
    if (report["verdict"] in _ACCEPTED) == any(line["result"] == "failed" for line in lines):
        raise InvalidEvidence("verdict and lines do not agree")
    if report["verdict"] in _ACCEPTED:
        checks.begin("answered", seen=[one["query_id"] for one in report["presentations"]])
        asked = dcql.parse(report["request"]["dcql_query"])
        require_sets(asked, {one["query_id"] for one in report["presentations"]})
    finding.package = opened.claims


@dataclass(slots=True)
class _Presentation:
    """One presentation, verified again as of the moment of the decision."""

    package: Mapping[str, Any]
    plugins: Mapping[str, Mapping[str, Any]]
    told: Mapping[str, Any]
    sent: Any
    asked: DcqlQuery
    checks: Checks

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.package["report"]["decided_at"])

    async def check(self) -> None:
        """In the order of the first time."""
        checks, told = self.checks, self.told
        if self.sent is None:
            checks.begin("presentation")
            return checks.warned(NotInThePackage("the policy kept none"))
        checks.begin("presentation", told["sha256"], b64url(digest_of(self.sent)))
        if b64url(digest_of(self.sent)) != told["sha256"]:
            raise InvalidEvidence("another presentation")
        verified = await self._verified()
        wanted = self.asked.credential(told["query_id"])
        checks.begin("query", told["query_id"], {"type": verified.type, "claims": sorted(verified.claims)})
        if wanted is None:
            raise InvalidEvidence("not asked for")
        require_match(wanted, verified)
        self._policy(verified)
        self._elsewhere()
        await self._status(verified)
        return None

    async def _verified(self) -> VerifiedCredential:
        checks, told = self.checks, self.told
        checks.begin("form", told["format"])
        verifies = self.plugins["credential_formats"].get(told["format"])
        if verifies is None:
            raise InvalidEvidence("no plugin for the format")
        opened = replace(verifies.open(self.sent), checks=checks)
        skew = (told["binding"] or {}).get("skew", 60)
        issuer = await self._key("issuer_key", opened.issuer, Purpose.ISSUE, told["issuer_key"])
        self.checks.begin_unless(verifies, "checks", "credential")
        verified: VerifiedCredential = _finished(verifies.verify(opened, issuer.jwk, issuer.algorithm, self.at, skew))
        if told["binding"] is None:
            return verified
        if verified.holder is None:
            raise InvalidEvidence("no holder's key")
        holder = await self._key("holder_key", verified.holder, Purpose.HOLD, told["holder_key"])
        self.checks.begin_unless(verifies, "binding_checks", "holder_binding")
        _finished(verifies.verify_binding(opened, holder.jwk, _binding(told["binding"]), self.at))
        return replace(verified, checks=(*verified.checks, "holder_binding"))

    async def _key(self, line: str, reference: KeyReference, purpose: Purpose, told: Mapping[str, Any]) -> TrustedKey:
        """Walked again to the anchor that was believed; what lies elsewhere is taken from the report, and says so."""
        checks, anchors = self.checks, _anchors(told, purpose)
        checks.begin(line, told["thumbprint"], {"by": reference.kind})
        resolver = self.plugins["trust_resolvers"][reference.kind]
        try:
            found: TrustedKey = await resolver.resolve(reference, purpose, anchors, self.at.timestamp())
        except (FetchRefused, FetchFailed):
            checks.warned(NotInThePackage("the key is taken from the report"))
            return TrustedKey(public(told["jwk"]), told["algorithm"])
        if b64url(thumbprint(found.jwk)) != told["thumbprint"]:
            raise InvalidEvidence("another key")
        return found

    def _policy(self, verified: VerifiedCredential) -> None:
        policy = self.package["report"]["policy"]
        if policy is None:
            return
        rules: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in policy["rules"].items()
        }
        told = {**self.told, "types": [verified.type, *verified.types], "issued_at": plain(verified.issued_at)}
        facts = facts_of(told, verified.claims, self.at.isoformat())
        facts = replace(facts, expires_at=verified.expires_at, has_status=verified.status is not None)
        require_policy(PolicyRules(**rules), facts, self.checks)
        require_schemas(by_policy(facts, rules.get("schemas", {})), facts, self.checks)

    def _elsewhere(self) -> None:
        """What revocation lists said of certificates, and schemas that a credential names, are not in the package."""
        for name in ("type_metadata", "credential_schema", "certificates"):
            asked = [line for line in self.told["checks"] if line["check"] == name and line.get("expected")]
            if any(line.get("seen") for line in asked):
                self.checks.begin(name)
                self.checks.warned(NotInThePackage("what was fetched for it is taken from the report"))

    async def _status(self, verified: VerifiedCredential) -> None:
        checks, told = self.checks, self.told["status"]
        if told is None:
            return None
        checks.begin("status", 0, {"list": told["list"], "index": told["index"], "value": told["value"]})
        reference = _place(verified.status, told)
        if told["token_sha256"] is None:
            return checks.warned(NotInThePackage("the tenant's own list, whose token did not say this yet"))
        tokens = [one for one in self.package["status_tokens"] if one["sha256"] == told["token_sha256"]]
        if not tokens:
            return checks.warned(NotInThePackage("the token was not kept"))
        try:
            content = await self._token(tokens[0], told)
        except (FetchRefused, FetchFailed):
            return checks.warned(NotInThePackage("the key of the list's signer"))
        content = replace(content, bits=reference.bits or content.bits)
        value = self.plugins["status_mechanisms"][told["mechanism"]].read(content, told["index"])
        if value != told["value"] or not good_value(reference, value):
            raise InvalidEvidence("the list says otherwise")
        return None

    async def _token(self, kept: Mapping[str, Any], told: Mapping[str, Any]) -> StatusList:
        token = parse_b64url(kept["token"])
        if b64url(sha256(token).digest()) != told["token_sha256"]:
            raise InvalidEvidence("another token")
        read_at = datetime.fromisoformat(told["read_at"])
        mechanisms = self.plugins["status_mechanisms"]
        writers = [one for one in mechanisms.values() if kept["media_type"] in media_types(one)]
        mechanism = next((one for one in writers if one.member == mechanisms[told["mechanism"]].member), None)
        if mechanism is None:
            raise InvalidEvidence("a token of another kind")
        opened = mechanism.open(token, told["list"], read_at)
        anchors = _anchors(told, Purpose.STATUS)
        resolver = self.plugins["trust_resolvers"][opened.signer.kind]
        trusted = await resolver.resolve(opened.signer, Purpose.STATUS, anchors, read_at.timestamp())
        try:
            _finished(verify_list(opened, trusted.jwk, self.plugins["cryptosuites"]))
        except ProtocolError:
            raise InvalidEvidence("signature of the token") from None
        content: StatusList = opened.content
        return content


def _place(reference: StatusReference | None, told: Mapping[str, Any]) -> StatusReference:
    """The place of the credential's that decided. Raises InvalidEvidence."""
    places = () if reference is None else (reference, *reference.others)
    for one in places:
        if (one.uri, one.index) == (told["list"], told["index"]):
            return one
    raise InvalidEvidence("another place in another list")


def _anchors(told: Mapping[str, Any], purpose: Purpose) -> tuple[TrustAnchor, ...]:
    """The one that was believed, as the package has it."""
    anchor = told.get("anchor")
    if anchor is None:
        return ()
    chain: Sequence[str] = told["chain"]
    certificate = parse_b64url(chain[-1]) if chain else None
    keys = (public(told["jwk"]),) if "jwk" in told else ()
    return (TrustAnchor(anchor["id"], anchor["identifier"], frozenset({str(purpose)}), certificate, keys),)


def _binding(told: Mapping[str, Any]) -> Binding:
    thumbprint_ = told["encryption_key_thumbprint"]
    key = parse_b64url(thumbprint_) if thumbprint_ else None
    return Binding(**{**told, "encryption_key_thumbprint": key, "transaction_data": tuple(told["transaction_data"])})


def _finished(answer: Any) -> Any:
    """A step's heavy part, done here: who checks evidence has nobody else waiting."""
    while isinstance(answer, Sandboxed):
        answer = answer.then(answer.function(*answer.arguments))
    return answer
