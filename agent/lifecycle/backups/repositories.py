"""Where backups lie: folders and buckets that speak S3, several at once; and what pgBackRest has to be told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

STANZA = "chancery"
_MEMBERS = {
    *("name", "url", "passphrase", "keep_full", "keep_differential"),
    *("endpoint", "region", "access_key_id", "secret_access_key", "ca_file"),
}


class InvalidRepositories(ValueError):
    """The setting cannot be read; says which member and what would do."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One place: `name` is yours (local, regional, geo), `url` is file:///folder or s3://bucket/folder.

    So many full and differential backups are kept; a bucket has its `access` by the names of the archive's options.
    With a passphrase everything in it is encrypted by AES-256.
    """

    name: str
    url: str
    passphrase: str = ""
    keep_full: int = 4
    keep_differential: int = 14
    access: Mapping[str, str] | None = None

    @property
    def options(self) -> Mapping[str, str]:
        """pgBackRest's options without the number of the repository."""
        place = urlsplit(self.url)
        found = {"retention-full": str(self.keep_full), "retention-diff": str(self.keep_differential)}
        if self.passphrase:
            found |= {"cipher-type": "aes-256-cbc", "cipher-pass": self.passphrase}
        if place.scheme == "file":
            return found | {"type": "posix", "path": place.path}
        access = self.access or {}
        endpoint = urlsplit(access.get("endpoint", ""))
        found |= {
            "type": "s3",
            "path": place.path or "/",
            "s3-bucket": place.netloc,
            "s3-endpoint": endpoint.hostname or "",
            "s3-region": access.get("region", ""),
            "s3-key": access.get("access_key_id", ""),
            "s3-key-secret": access.get("secret_access_key", ""),
            "s3-uri-style": "path",
        }
        if endpoint.port:
            found |= {"storage-host": str(endpoint.hostname), "storage-port": str(endpoint.port)}
        if access.get("ca_file"):
            found["storage-ca-file"] = access["ca_file"]
        return found


def read_repositories(text: str) -> tuple[Repository, ...]:
    """A JSON list of objects, the first one preferred when something is brought back. Raises InvalidRepositories."""
    try:
        listed: Any = json.loads(text)
    except ValueError:
        raise InvalidRepositories("is no JSON") from None
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise InvalidRepositories("is a JSON list of objects, one for each repository")
    found = tuple(_repository(one) for one in listed)
    if len({one.name for one in found}) != len(found):
        raise InvalidRepositories("names one repository twice")
    return found


def _repository(given: Mapping[str, Any]) -> Repository:
    if unknown := given.keys() - _MEMBERS:
        raise InvalidRepositories(f"knows no {', '.join(sorted(unknown))}; known are {', '.join(sorted(_MEMBERS))}")
    if any(not isinstance(value, str | int) or not str(value).isprintable() for value in given.values()):
        raise InvalidRepositories("has words and numbers only")
    name, url = str(given.get("name", "")), str(given.get("url", ""))
    if not name or urlsplit(url).scheme not in ("file", "s3"):
        raise InvalidRepositories("needs for each repository a name, and a url as file:///folder or s3://bucket/folder")
    access = {key: str(given[key]) for key in given if key in ("endpoint", "region", "ca_file") or "access_key" in key}
    if url.startswith("s3:") and not access.get("endpoint", "").startswith("https://"):
        raise InvalidRepositories(f"{name}: endpoint has to begin with https://")
    return Repository(
        name,
        url,
        str(given.get("passphrase", "")),
        _count(given, "keep_full", 4),
        _count(given, "keep_differential", 14),
        access,
    )


def _count(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or not 1 <= value <= 9999:
        raise InvalidRepositories(f"{name} is 1 to 9999")
    return value


def configuration(repositories: Sequence[Repository], server: Mapping[str, str], folder: str) -> str:
    """pgbackrest.conf for a server (options without the number 1) whose working files lie in `folder`."""
    common = {
        "log-path": f"{folder}/log",
        "lock-path": f"{folder}/lock",
        "spool-path": f"{folder}/spool",
        "log-level-file": "off",
        "log-level-console": "warn",
        "log-timestamp": "n",
        "start-fast": "y",
        "compress-type": "zst",
        "process-max": "2",
    }
    lines = ["[global]", *(f"{name}={value}" for name, value in common.items())]
    for number, repository in enumerate(repositories, 1):
        lines += [f"repo{number}-{name}={value}" for name, value in repository.options.items()]
    lines += ["", f"[{STANZA}]", *(f"pg1-{name}={value}" for name, value in server.items()), ""]
    return "\n".join(lines)
