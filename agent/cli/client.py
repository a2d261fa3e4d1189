"""The admin API's client: finds address and key in the state folder, speaks JSON, ends with a meaning."""

import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

FAILED, UNREACHABLE, PENDING = 1, 3, 4
"""Exit codes beside 0 (done) and 2 (usage): refused or failed, no server, not decided yet."""


def home() -> Path:
    """The state folder."""
    return Path(os.environ.get("CHANCERY_HOME", ".chancery"))


def stop(message: str, code: int = FAILED) -> NoReturn:
    """Say why on standard error and end."""
    click.echo(message, err=True)
    sys.exit(code)


def read_json(file: TextIO) -> Any:
    """What a file of the user's holds; ends when that is no JSON."""
    try:
        return json.load(file)
    except ValueError:
        stop("the file is not JSON", 2)


def _state(folder: Path, name: str, variable: str) -> str:
    if value := os.environ.get(variable):
        return value
    try:
        return (folder / name).read_text(encoding="utf-8").strip()
    except OSError:
        stop(
            f"no server found: set {variable}, or start one with `chancery up` ({folder / name} is missing)",
            UNREACHABLE,
        )


class Client:
    """Calls to the admin API of the server that runs. `operator` uses the operator's key instead of the tenant's."""

    def __init__(self, operator: bool = False, folder: Path | None = None) -> None:
        folder = folder or home()
        self._base = _state(folder, "url", "CHANCERY_URL").rstrip("/")
        self._key = _state(folder, "operator.key" if operator else "admin.key", "CHANCERY_API_KEY")

    def get(self, path: str) -> Any:
        """GET under /api/v1."""
        return self._call("GET", path, None)

    def every(self, path: str) -> list[Any]:
        """The items of all pages of a list."""
        page = self.get(path)
        items: list[Any] = page["items"]
        while page["next"] is not None:
            page = self.get(f"{path}?after={page['next']}")
            items = items + page["items"]
        return items

    def post(self, path: str, body: Any) -> Any:
        """POST under /api/v1, with an idempotency key of its own."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """PATCH under /api/v1."""
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """DELETE under /api/v1."""
        return self._call("DELETE", path, None)

    def put(self, path: str, data: bytes, media_type: str) -> Any:
        """PUT of bytes under /api/v1."""
        return self._send("PUT", path, data, media_type)

    def _call(self, method: str, path: str, body: Any) -> Any:
        return self._send(method, path, None if body is None else json.dumps(body).encode(), "application/json")

    def _send(self, method: str, path: str, data: bytes | None, media_type: str) -> Any:
        request = urllib.request.Request(  # noqa: S310  # the operator's own address
            f"{self._base}/api/v1{path}",
            data=data,
            method=method,
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": media_type,
                "Idempotency-Key": secrets.token_hex(16),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
                data = answer.read()
                return json.loads(data) if answer.headers.get_content_type() == "application/json" else data.decode()
        except urllib.error.HTTPError as error:
            stop(_problem(error))
        except (urllib.error.URLError, OSError, TimeoutError):
            stop(f"the server at {self._base} does not answer", UNREACHABLE)


def _problem(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.load(error)
    except ValueError:
        return f"the server answered {error.code}"
    if error.code == 410 or "didResolutionMetadata" in problem:  # DID Resolution has a form of its own
        stated = problem.get("didResolutionMetadata", {}).get("error", {})
        return f"{stated['type'].rpartition('#')[2]}: {stated['title']}" if stated else "the DID is deactivated"
    text = f"{problem.get('code', error.code)}: {problem.get('title', '')}"
    return f"{text} {json.dumps(problem['errors'])}" if "errors" in problem else text


def show(value: Any, as_json: bool, plain: str | None = None) -> None:
    """Print the value as JSON, or the plain form for a person."""
    if as_json or plain is None:
        click.echo(json.dumps(value, indent=None if as_json else 2, ensure_ascii=False))
    else:
        click.echo(plain)


json_flag = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
