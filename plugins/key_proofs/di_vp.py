"""Proof type `di_vp` (OpenID4VCI 1.0, appendix F.2): a presentation with a Data Integrity proof of the holder's key."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from protocols import data_integrity, json_ld, vcdm
from protocols.data_integrity import Expectations
from protocols.data_integrity.proofs import time_of
from protocols.did import parse_did_url
from protocols.errors import ProtocolError
from protocols.openid4vci.errors import InvalidProof
from protocols.openid4vci.key_proof import OpenedProof, ProofExpectations
from protocols.ports import KeyReference, PluginTools, Sandboxed
from protocols.ports.keys import Jwk


class DiVpKeyProof:
    """`key_proof.KeyProof` for presentations. Its algorithms are the names of cryptosuites."""

    proof_type: ClassVar[str] = "di_vp"
    attestable: ClassVar[bool] = False

    def __init__(self, tools: PluginTools) -> None:
        suites: Mapping[str, Any] = tools.families.get("cryptosuites", {})
        self._suites = {name: one for name, one in suites.items() if not one.selective}
        self.algorithms = frozenset(self._suites)

    def open(self, proof: Any) -> OpenedProof:
        """Form, contexts that are known here, one proof that names its key by a DID URL of the holder's. Raises
        InvalidProof."""
        if not isinstance(proof, dict):
            raise InvalidProof("not a presentation")
        try:
            json_ld.require_pinned(proof)
            vcdm.require_presentation(proof)
            found = data_integrity.proofs_of(proof)
            if len(found) != 1:
                raise InvalidProof("one proof")  # noqa: TRY301  # told as the others are
            data_integrity.require_form(found[0])
            method = found[0]["verificationMethod"]
            if vcdm.holder_of(proof) not in (None, parse_did_url(method).did):
                raise InvalidProof("holder")  # noqa: TRY301  # as above
        except InvalidProof:
            raise
        except ProtocolError as error:
            raise InvalidProof(error.detail or type(error).__name__) from None
        return OpenedProof(KeyReference("did_url", method), found[0].get("challenge"), (proof, found[0]))

    def verify(self, opened: OpenedProof, key: Jwk, expected: ProofExpectations) -> Any:
        """Cryptosuite, purpose, domain, challenge and time, then the signature. Raises InvalidProof."""
        presentation, proof = opened.content
        try:
            name = data_integrity.cryptosuite_of(proof)
            if name not in self._suites or name not in expected.algorithms:
                raise InvalidProof("cryptosuite")  # noqa: TRY301  # told as the others are
            if proof.get("domain") not in (expected.audience, [expected.audience]):
                raise InvalidProof("domain")  # noqa: TRY301  # as above
            skew = Expectations("authentication", expected.now, challenge=opened.nonce, skew=expected.skew)
            data_integrity.require(proof, skew)
            oldest = expected.now - timedelta(seconds=expected.max_age + expected.skew)
            if "created" in proof and time_of(proof, "created") < oldest:
                raise InvalidProof("too old")  # noqa: TRY301  # as above
            answer = self._suites[name].verify(data_integrity.secured_by(presentation, proof), proof, key)
        except InvalidProof:
            raise
        except ProtocolError as error:
            raise InvalidProof(error.detail or type(error).__name__) from None
        return _believed(answer, (key,))


def _believed(answer: Any, keys: Sequence[Jwk]) -> Any:
    """The keys, once the cryptosuite's step is done, in the sandbox or here."""
    if not isinstance(answer, Sandboxed):
        return keys
    return Sandboxed(answer.function, answer.arguments, _refusing(answer.then, keys))


def _refusing(then: Callable[[Any], Any], keys: Sequence[Jwk]) -> Callable[[Any], Any]:
    def done(value: Any) -> Any:
        try:
            return _believed(then(value), keys)
        except ProtocolError as error:
            raise InvalidProof(error.detail or type(error).__name__) from None

    return done
