import pytest

from plugins.transports.http import HttpTransport
from protocols.ports import Fetched, PluginTools
from protocols.ports.tools import FetchFailed

ENCRYPTED = "application/didcomm-encrypted+json"


class Post:
    """What a peer answers; the guard itself is tested with real sockets."""

    def __init__(self, answer: Fetched) -> None:
        self.answer = answer

    async def post(self, url: str, body: bytes, content_type: str, max_bytes: int = 1_000_000) -> Fetched:
        assert (url, body, content_type) == ("https://peer.example/", b"{}", ENCRYPTED)
        return self.answer


async def send(answer: Fetched) -> bytes | None:
    return await HttpTransport(PluginTools({}, Post(answer), None)).send("https://peer.example/", b"{}", ENCRYPTED)


async def test_accepted_is_delivered() -> None:
    assert await send(Fetched(202, "", b"")) is None


async def test_a_message_in_the_response_is_handed_back() -> None:
    assert await send(Fetched(200, ENCRYPTED, b"reply")) == b"reply"
    assert await send(Fetched(200, "text/html", b"<html>")) is None


@pytest.mark.parametrize("status", [302, 307, 400, 500])
async def test_anything_else_is_a_failure(status: int) -> None:
    with pytest.raises(FetchFailed):
        await send(Fetched(status, "", b""))
