"""The issuer's side: claims become a payload with digests, and disclosures (RFC 9901, 4.2)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from protocols.claims_path import ClaimsPath
from protocols.encoding import b64url, render_json
from protocols.sd_jwt.values import RESERVED, InvalidSdJwt, digest

SALT_BYTES = 16


def conceal(
    claims: Mapping[str, Any],
    disclosable: Iterable[ClaimsPath],
    entropy: Callable[[int], bytes],
    decoys: int = 0,
    algorithm: str = "sha-256",
) -> tuple[dict[str, Any], list[str]]:
    """(payload, disclosures) with the named claims selectively disclosable (4.2); None in a path is every element.

    `entropy(n)` gives n fresh bytes, `algorithm` is the `_sd_alg`. Raises InvalidSdJwt for claims that use reserved
    names.
    """
    if "_sd_alg" in claims:
        raise InvalidSdJwt("reserved name")
    concealing = _Concealing(entropy, algorithm, [])
    payload: dict[str, Any] = concealing.value(dict(claims), frozenset(disclosable))
    digests = [*payload.get("_sd", ()), *(digest(algorithm, b64url(entropy(32))) for _ in range(decoys))]
    if digests:
        payload["_sd"] = sorted(digests)
    if concealing.made or decoys:
        payload["_sd_alg"] = algorithm
    return payload, concealing.made


@dataclass(frozen=True, slots=True)
class _Concealing:
    """One pass over claims; `made` collects the disclosures."""

    entropy: Callable[[int], bytes]
    algorithm: str
    made: list[str]

    def value(self, value: Any, paths: frozenset[ClaimsPath]) -> Any:
        if isinstance(value, Mapping):
            return self._object(value, paths)
        if isinstance(value, list):
            return [self._element(index, inner, paths) for index, inner in enumerate(value)]
        return value

    def _object(self, value: Mapping[str, Any], paths: frozenset[ClaimsPath]) -> dict[str, Any]:
        if not RESERVED.isdisjoint(value):
            raise InvalidSdJwt("reserved name")
        shown: dict[str, Any] = {}
        digests = []
        for name, inner in value.items():
            deeper = frozenset(path[1:] for path in paths if path and path[0] == name)
            content = self.value(inner, deeper - {()})
            if () in deeper:
                digests.append(self._disclose(name, content))
            else:
                shown[name] = content
        return {**shown, "_sd": sorted(digests)} if digests else shown

    def _element(self, index: int, inner: Any, paths: frozenset[ClaimsPath]) -> Any:
        deeper = frozenset(
            path[1:] for path in paths if path and not isinstance(path[0], str) and path[0] in (None, index)
        )
        content = self.value(inner, deeper - {()})
        return {"...": self._disclose(content)} if () in deeper else content

    def _disclose(self, *parts: Any) -> str:
        text = b64url(render_json([b64url(self.entropy(SALT_BYTES)), *parts]))
        self.made.append(text)
        return digest(self.algorithm, text)


def assemble(issuer_jwt: str, disclosures: Iterable[str], key_binding: str = "") -> str:
    """The compact form (4)."""
    return "~".join([issuer_jwt, *disclosures, key_binding])
