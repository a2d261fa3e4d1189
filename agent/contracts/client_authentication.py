"""The suite of `chancery.client_authentication` (RFC 6749, 2.3, and its kin)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.contracts.keys import ISSUER, NOW, Key
from agent.contracts.subjects import NOISE, Subject, mutations
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.errors import ProtocolError
from protocols.oauth.client_authentication import (
    AuthenticatedClient,
    ClientCredentials,
    ClientExpectations,
    RegisteredClient,
)

CLIENT = "https://wallet.example"


@dataclass(frozen=True, slots=True)
class Sample:
    """`make(key, client_id, issuer, at)`: credentials that `key` verifies, be it the client's or its attester's.
    `names_issuer`: they say for whom and when they were made; `certificate_subject` is the registration's."""

    make: Callable[[Key, str, str, datetime], ClientCredentials]
    names_issuer: bool = True
    certificate_subject: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def believed(subject: Subject, credentials: ClientCredentials, key: Key, **changes: Any) -> AuthenticatedClient:
    """The client. Raises a ProtocolError."""
    plugin = subject.built()
    opened = plugin.open(credentials)
    given: dict[str, Any] = {"issuer": ISSUER, "now": NOW}
    registered = RegisteredClient("1", CLIENT, "Wallet", plugin.method, (key.jwk,), subject.sample.certificate_subject)
    found: AuthenticatedClient = plugin.verify(opened, (key.jwk,), registered, ClientExpectations(**(given | changes)))
    return found


def test_a_client_is_known_by_its_credentials(subject: Subject) -> None:
    """`method` is the name of the entry point; the client is who the credentials say."""
    key = Key()
    assert subject.built().method == subject.name
    assert believed(subject, subject.sample.make(key, CLIENT, ISSUER, NOW), key).client_id == CLIENT


def test_a_request_without_such_credentials_is_not_its_affair(subject: Subject) -> None:
    """None, so that another method is asked."""
    assert subject.built().open(ClientCredentials()) is None
    assert subject.built().open(ClientCredentials(CLIENT)) is None


def test_credentials_of_another_key_client_issuer_or_time_are_refused(subject: Subject) -> None:
    """InvalidClient or one of its kin."""
    key = Key()
    credentials = subject.sample.make(key, CLIENT, ISSUER, NOW)
    faults: list[tuple[ClientCredentials, Key, dict[str, Any]]] = [(credentials, Key(), {})]
    if subject.sample.names_issuer:
        faults += [
            (replace(credentials, client_id="https://other.example"), key, {}),
            (credentials, key, {"issuer": f"{ISSUER}/other"}),
            (credentials, key, {"now": NOW + timedelta(days=1)}),
        ]
    for made, other, changes in faults:
        with pytest.raises(ProtocolError):
            believed(subject, made, other, **changes)


def test_no_changed_credentials_are_believed(subject: Subject) -> None:
    """A ProtocolError, wherever they were changed."""
    key = Key()
    credentials = subject.sample.make(key, CLIENT, ISSUER, NOW)
    for name in ("attestation", "attestation_pop", "assertion", "certificate"):
        value = getattr(credentials, name)
        for one in mutations(value, 40) if value else ():
            with pytest.raises(ProtocolError):
                made = believed(subject, replace(credentials, **{name: one.value}), key)
                # A certificate is its key here, and the name registered: its chain is followed before.
                assert name == "certificate", one.where
                raise ProtocolError(made.client_id)


def test_noise_is_a_refusal_and_no_crash(subject: Subject) -> None:
    """A ProtocolError, or None when it is not its affair."""
    texts = [one for one in NOISE if isinstance(one, str)]
    for text in texts:
        for made in (ClientCredentials(CLIENT, text, text), ClientCredentials(CLIENT, assertion=text)):
            try:
                assert subject.built().open(made) is None
            except ProtocolError:
                continue
