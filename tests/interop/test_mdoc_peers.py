"""Second opinions on mobile documents: two other vendors' libraries, asked about ours, and theirs asked of us."""

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest

from plugins.trust_resolvers.iaca import IacaTrust
from protocols import mdoc
from protocols.cose.cbor import embed
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError
from protocols.ports import Binding, Purpose, VerifiedCredential
from protocols.x509 import render_pem
from tests.documents import BINDING, MDL, NAMESPACE, Country, Key, tools
from tests.interop.auth0_mdl import install as auth0_mdl
from tests.interop.credo.install import CannotInstall
from tests.interop.openvc import install as openvc

ELEMENTS = ("driving_privileges", "family_name", "portrait")
Ask = Callable[[dict[str, Any]], dict[str, Any]]


def peer(command: Callable[[], list[str]], refusal: type[Exception]) -> Iterator[Ask]:
    """A process that answers one line for each."""
    try:
        words = command()
    except refusal as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(request: dict[str, Any]) -> dict[str, Any]:
            process.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]  # as asserted
            process.stdin.flush()  # type: ignore[union-attr]
            return dict(json.loads(process.stdout.readline()))  # type: ignore[union-attr]

        yield ask
        process.stdin.close()


@pytest.fixture(scope="module")
def openvc_peer() -> Iterator[Ask]:
    yield from peer(lambda: [str(openvc.install()), str(openvc.HERE / "peer.py")], openvc.CannotInstall)


@pytest.fixture(scope="module")
def auth0_peer() -> Iterator[Ask]:
    def command() -> list[str]:
        script, node = auth0_mdl.install()
        return [node, str(script)]

    yield from peer(command, CannotInstall)


def transcript(binding: Binding = BINDING) -> bytes:
    handover = mdoc.openid4vp_handover(binding.audience, binding.nonce, None, str(binding.response_uri))
    return mdoc.session_transcript(handover)


def question(country: Country, response: str, session: bytes) -> dict[str, Any]:
    return {
        "act": "verify",
        "response": base64.b64encode(parse_b64url(response)).decode(),
        "transcript": base64.b64encode(session).decode(),
        "roots": [render_pem(country.iaca)],
    }


def spoiled(response: str) -> str:
    """With another value in one element."""
    found = cbor2.loads(parse_b64url(response))
    items = found["documents"][0]["issuerSigned"]["nameSpaces"][NAMESPACE]
    item = cbor2.loads(items[0].value)
    items[0] = cbor2.CBORTag(24, cbor2.dumps({**item, "elementValue": "Other"}))
    return b64url(cbor2.dumps(found))


def test_openvc_verifies_ours_and_refuses_what_is_spoiled(openvc_peer: Ask) -> None:
    country = Country()
    response = country.present(country.issue(), *ELEMENTS)
    answer = openvc_peer(question(country, response, transcript()))
    assert answer == {"ok": True, "claims": [{NAMESPACE: list(ELEMENTS)}]}
    assert not openvc_peer(question(country, spoiled(response), transcript()))["ok"]
    assert not openvc_peer(question(Country(), response, transcript()))["ok"]
    other = Binding("x509_hash:verifier", "other", response_uri=BINDING.response_uri)
    assert not openvc_peer(question(country, response, transcript(other)))["ok"]


def test_auth0_mdl_verifies_ours_and_refuses_what_is_spoiled(auth0_peer: Ask) -> None:
    country = Country()
    response = country.present(country.issue(), *ELEMENTS)
    answer = auth0_peer(question(country, response, embed(transcript())))
    assert answer == {"ok": True, "result": [{NAMESPACE: list(ELEMENTS)}]}, answer
    assert not auth0_peer(question(country, spoiled(response), embed(transcript())))["ok"]
    assert not auth0_peer(question(Country(), response, embed(transcript())))["ok"]


async def verify(country: Country, response: str, binding: Binding = BINDING) -> VerifiedCredential:
    """What the agent does: open, trust, verify, bind."""
    now = datetime.now(UTC)
    opened = country.format.open(response)
    trusted = await IacaTrust(tools()).resolve(opened.issuer, Purpose.ISSUE, (country.anchor,), now.timestamp())
    verified = country.format.verify(opened, trusted.jwk, trusted.algorithm, now, 60)
    assert verified.holder is not None
    country.format.verify_binding(opened, verified.holder.value, binding, now)
    return verified


def private(key: Key) -> dict[str, Any]:
    return {**key.jwk, "d": b64url(key.private.private_numbers().private_value.to_bytes(32))}


async def test_we_verify_what_auth0_mdl_issues_and_presents(auth0_peer: Ask) -> None:
    country = Country()
    answer = auth0_peer(
        {
            "act": "present",
            "doctype": MDL,
            "namespace": NAMESPACE,
            "claims": {"family_name": "Mustermann", "given_name": "Erika", "issuing_country": "DE"},
            "certificate": render_pem(country.chain[0]),
            "issuer": private(country.signer),
            "device": private(country.holder),
            "elements": ["family_name", "issuing_country"],
            "transcript": base64.b64encode(embed(transcript())).decode(),
        }
    )
    assert answer["ok"], answer
    response = b64url(base64.b64decode(answer["result"]))
    verified = await verify(country, response)
    assert verified.claims == {NAMESPACE: {"family_name": "Mustermann", "issuing_country": "DE"}}
    with pytest.raises(ProtocolError):
        await verify(Country(), response)
    with pytest.raises(ProtocolError):
        await verify(country, response, Binding("x509_hash:other", "nonce", response_uri=BINDING.response_uri))
