import pytest

from protocols.did import DidDocument
from protocols.didcomm.routing import Endpoint, endpoints

BOB = "did:example:bob"


def of(endpoint: object, type_: object = "DIDCommMessaging") -> tuple[Endpoint, ...]:
    service = {"id": f"{BOB}#s", "type": type_, "serviceEndpoint": endpoint}
    return endpoints(DidDocument(BOB, {"id": BOB, "service": [service]}))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://bob.example",
        {"uri": "https://bob.example"},
        {"uri": "https://bob.example", "accept": ["didcomm/v2"], "routingKeys": []},
        [{"uri": "https://bob.example"}],
    ],
)
def test_every_form_of_an_endpoint_is_read(endpoint: object) -> None:
    assert of(endpoint) == (Endpoint("https://bob.example"),)


def test_endpoints_keep_their_order_and_keys() -> None:
    stated = [{"uri": "did:example:m", "routingKeys": ["did:example:m#1"]}, {"uri": "https://b.example"}]
    assert of(stated, ["Other", "DIDCommMessaging"]) == (
        Endpoint("did:example:m", ("did:example:m#1",)),
        Endpoint("https://b.example"),
    )


@pytest.mark.parametrize(
    "endpoint",
    [
        None,
        7,
        {},
        {"uri": 7},
        {"uri": "https://b.example", "accept": ["didcomm/aip2;env=rfc19"]},
        {"uri": "https://b.example", "accept": "didcomm/v2"},
        {"uri": "https://b.example", "routingKeys": [7]},
        {"uri": "https://b.example", "routingKeys": ["did:example:m#1"] * 6},
    ],
)
def test_an_endpoint_that_we_cannot_use_is_left_out(endpoint: object) -> None:
    assert of(endpoint) == ()


def test_a_service_of_another_type_is_no_endpoint() -> None:
    assert of("https://bob.example", "LinkedDomains") == ()
