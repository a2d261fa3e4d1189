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


async def test_an_acknowledgement_that_was_lost_is_one() -> None:
    assert await send(Fetched(409, "", b"")) is None


class Moved:
    """A peer that has gone elsewhere, by way of the guarded fetch."""

    def __init__(self, location: str) -> None:
        self.location, self.asked = location, []

    async def post(self, url: str, body: bytes, content_type: str, max_bytes: int = 1_000_000) -> Fetched:
        self.asked.append(url)
        moved = Fetched(307, "", b"", {"location": self.location})
        return moved if len(self.asked) == 1 or self.location.endswith("again") else Fetched(202, "", b"")


@pytest.mark.parametrize(
    ("location", "asked"),
    [("https://new.example/", 2), ("https://new.example/again", 2), ("http://new.example/", 1), ("/relative", 1)],
)
async def test_a_peer_that_has_moved_is_followed_once(location: str, asked: int) -> None:
    web = Moved(location)
    sending = HttpTransport(PluginTools({}, web, None)).send("https://peer.example/", b"{}", ENCRYPTED)
    if location == "https://new.example/":
        assert await sending is None
    else:
        with pytest.raises(FetchFailed):
            await sending
    assert len(web.asked) == asked


@pytest.mark.parametrize("status", [302, 307, 400, 500])
async def test_anything_else_is_a_failure(status: int) -> None:
    with pytest.raises(FetchFailed):
        await send(Fetched(status, "", b""))
