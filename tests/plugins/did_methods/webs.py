"""A web of pages by URL; the guard itself is tested with real sockets."""

from protocols.ports import Fetched


class Web:
    """Answers with the page, or raises it; what was asked is in `asked`."""

    def __init__(self, pages: dict[str, object] | None = None, status: int = 200) -> None:
        self.pages = pages or {}
        self.status = status
        self.asked: list[str] = []

    async def get(self, url: str, accept: str, max_bytes: int = 1_000_000) -> Fetched:
        self.asked.append(url)
        page = self.pages.get(url, b"")
        if isinstance(page, Exception):
            raise page
        return Fetched(self.status if page else 404, "application/json", page)
