"""The suite of `chancery.credential_formats`: what is issued in a format is held, presented and verified in it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from agent.contracts.keys import ISSUER, NOW, Certified, Key, certified
from agent.contracts.subjects import NOISE, Subject, finished, leaves, mutations
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.claims_path import ClaimsPath
from protocols.encoding import render_json
from protocols.errors import ProtocolError
from protocols.ports import Binding, CredentialDraft, KeyReference, VerifiedCredential

BINDING = Binding("x509_san_dns:verifier.example", "n-0S6_WzA2Mj", response_uri="https://verifier.example/response")


def by_certificate(issuer: Certified) -> Mapping[str, Any]:
    """An issuer who is named by an https URL and a chain that has it."""
    return {"issuer": ISSUER, "x5c": issuer.chain}


def by_did(issuer: Certified) -> Mapping[str, Any]:
    """An issuer who is a DID."""
    return {"issuer": issuer.key.did, "kid": issuer.key.method}


@dataclass(frozen=True, slots=True)
class Sample:
    """A credential of `type` with `claims`; `paths` are disclosed and `hidden`, a text of the claims, then is not
    (None where a presentation shows everything). `issued_by` says what a draft says of its issuer. `bound`: who
    presents proves to be whom it was issued to. `read(claims)` finds the claims of the draft in those verified."""

    type: str
    claims: Mapping[str, Any]
    paths: frozenset[ClaimsPath]
    hidden: str | None = None
    issued_by: Callable[[Certified], Mapping[str, Any]] = by_certificate
    document_signer: bool = False
    bound: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    algorithm: str = "ES256"
    settings: Mapping[str, str] = field(default_factory=dict)


def issue(subject: Subject, holder: Key, **changes: Any) -> Any:
    """A credential in the sample's words, for a holder."""
    sample, plugin = subject.sample, subject.built()
    issuer = certified(sample.document_signer)
    given: dict[str, Any] = {
        "type": sample.type,
        "claims": sample.claims,
        "algorithm": sample.algorithm,
        "entropy": os.urandom,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "holder": holder.jwk if sample.bound else None,
        "extra": sample.options,
        **sample.issued_by(issuer),
    }
    prepared = finished(plugin.prepare(CredentialDraft(**(given | changes))))
    return plugin.seal(prepared, issuer.key.sign(prepared.payload))


def present(subject: Subject, credential: Any, holder: Key, binding: Binding = BINDING) -> Any:
    """A presentation of the sample's paths; the credential alone where nobody is bound."""
    if not subject.sample.bound:
        return credential
    plugin = subject.built()
    prepared = finished(plugin.disclose(credential, subject.sample.paths, binding, holder.algorithm, NOW))
    return plugin.bind(prepared, holder.sign(prepared.payload))


def verify(
    subject: Subject,
    presentation: Any,
    holder: Key,
    binding: Binding = BINDING,
    key: Key | None = None,
    now: Any = NOW,
) -> VerifiedCredential:
    """As the agent verifies, with the keys that it would have found. Raises a ProtocolError."""
    plugin = subject.built()
    opened = finished(plugin.open(presentation))
    issuer = key or certified(subject.sample.document_signer).key
    verified: VerifiedCredential = finished(plugin.verify(opened, issuer.jwk, issuer.algorithm, now, 0))
    if subject.sample.bound:
        finished(plugin.verify_binding(opened, holder.jwk, binding, now))
    return verified


@pytest.fixture(scope="module")
def holder() -> Key:
    """Whom the credentials are for."""
    return Key()


def test_it_is_called_as_it_is_installed(subject: Subject) -> None:
    """`identifier` is the name of the entry point; metadata and `supported` are plain JSON."""
    plugin = subject.built()
    assert plugin.identifier == subject.name
    render_json([dict(plugin.metadata(subject.sample.type)), dict(plugin.supported)])


def test_what_is_issued_is_presented_and_verified(subject: Subject, holder: Key) -> None:
    """The claims that were disclosed, the holder's key, the times; `open` says whose key must have signed."""
    presentation = present(subject, issue(subject, holder), holder)
    opened = finished(subject.built().open(presentation))
    assert isinstance(opened.issuer, KeyReference)
    assert opened.bound is subject.sample.bound
    verified = verify(subject, presentation, holder)
    assert verified.format == subject.name
    assert subject.sample.type in (verified.type, *verified.types)
    assert verified.checks
    expires = (NOW + timedelta(days=30)).timestamp()
    assert verified.expires_at is not None
    assert abs(verified.expires_at.timestamp() - expires) < 86_400 * 2
    assert isinstance(verified.holder, KeyReference) is subject.sample.bound
    found = repr(subject.sample.read(verified.claims))
    for path in subject.sample.paths:
        value: Any = subject.sample.claims
        for step in path:
            value = value[step]
        assert repr(value) in found


def test_what_is_not_disclosed_is_not_shown(subject: Subject, holder: Key) -> None:
    """Neither in the presentation nor in what is verified of it."""
    if subject.sample.hidden is None:
        return
    assert subject.sample.hidden in repr(subject.sample.claims)
    verified = verify(subject, present(subject, issue(subject, holder), holder), holder)
    assert subject.sample.hidden not in repr(verified.claims)


def test_the_key_of_another_issuer_or_holder_is_refused(subject: Subject, holder: Key) -> None:
    """A ProtocolError."""
    presentation = present(subject, issue(subject, holder), holder)
    with pytest.raises(ProtocolError):
        verify(subject, presentation, holder, key=Key(subject.sample.algorithm))
    if subject.sample.bound:
        with pytest.raises(ProtocolError):
            verify(subject, presentation, Key())


def test_a_presentation_to_somebody_else_or_for_another_request_is_refused(subject: Subject, holder: Key) -> None:
    """A ProtocolError for another audience or nonce."""
    if not subject.sample.bound:
        return
    presentation = present(subject, issue(subject, holder), holder)
    for binding in (replace(BINDING, nonce="other"), replace(BINDING, audience="x509_san_dns:other.example")):
        with pytest.raises(ProtocolError):
            verify(subject, presentation, holder, binding)


def test_a_credential_before_and_after_its_time_is_refused(subject: Subject, holder: Key) -> None:
    """A ProtocolError."""
    later = issue(subject, holder, not_before=NOW + timedelta(days=10))
    for credential, now in ((later, NOW), (issue(subject, holder), NOW + timedelta(days=40))):
        presentation = present(subject, credential, holder)
        with pytest.raises(ProtocolError):
            verify(subject, presentation, holder, now=now)


def test_two_credentials_of_the_same_claims_are_not_the_same(subject: Subject, holder: Key) -> None:
    """What is random in them comes from the draft's entropy, or from the signature."""
    assert issue(subject, holder) != issue(subject, holder)


def test_no_changed_presentation_is_believed(subject: Subject, holder: Key) -> None:
    """A ProtocolError, wherever it was changed; where it names another key, that key is nobody's here.

    But who presents may show less: what then is believed was among what was shown.
    """
    presentation = present(subject, issue(subject, holder), holder)
    named = finished(subject.built().open(presentation)).issuer
    shown = set(map(repr, leaves(verify(subject, presentation, holder).claims)))
    for one in mutations(presentation, 150):
        with pytest.raises(ProtocolError):
            if finished(subject.built().open(one.value)).issuer != named:
                raise ProtocolError("the trust resolver's to refuse")
            believed = set(map(repr, leaves(verify(subject, one.value, holder).claims)))
            if not believed < shown:
                pytest.fail(one.where)
            raise ProtocolError("less was shown")


def test_noise_is_no_presentation(subject: Subject) -> None:
    """A ProtocolError."""
    for noise in NOISE:
        with pytest.raises(ProtocolError):
            subject.built().open(noise)
