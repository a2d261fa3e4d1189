"""What was disclosed put back where its digests stand (RFC 9901, 7.1)."""

from typing import Any

from protocols.sd_jwt.values import Disclosure, InvalidSdJwt, SdJwt, digest

MAX_DEPTH = 32


def restore(sd_jwt: SdJwt) -> dict[str, Any]:
    """The processed payload (7.1): every disclosure is referenced exactly once, or all of it is refused."""
    walk = Walk(sd_jwt)
    claims: dict[str, Any] = walk.restore(dict(sd_jwt.payload), 0, True)
    if len(walk.used) != len(sd_jwt.disclosures):
        raise InvalidSdJwt("a disclosure that nothing refers to")
    # Also when it came from a disclosure: it speaks of the SD-JWT and is no claim (7.1, step 3.e).
    claims.pop("_sd_alg", None)
    return claims


class Walk:
    """One pass over a payload: digests seen, disclosures used."""

    def __init__(self, sd_jwt: SdJwt) -> None:
        algorithm = sd_jwt.hash_algorithm
        self.known = {digest(algorithm, one.text): one for one in sd_jwt.disclosures}
        if len(self.known) != len(sd_jwt.disclosures):
            raise InvalidSdJwt("a disclosure twice")
        self.used: set[str] = set()
        self._seen: set[str] = set()

    def restore(self, value: Any, depth: int, top: bool = False) -> Any:
        """The value with what was disclosed in it. Raises InvalidSdJwt."""
        if depth > MAX_DEPTH:
            raise InvalidSdJwt("too deep")
        if isinstance(value, dict):
            return self._object(value, depth, top)
        if isinstance(value, list):
            return self._array(value, depth)
        return value

    def find(self, stated: Any) -> Disclosure | None:
        """The disclosure of a digest, None for a decoy or what was not disclosed."""
        if not isinstance(stated, str) or stated in self._seen:
            raise InvalidSdJwt("a digest twice, or none")
        self._seen.add(stated)
        found = self.known.get(stated)
        if found is not None:
            self.used.add(stated)
        return found

    def _object(self, value: dict[str, Any], depth: int, top: bool) -> dict[str, Any]:
        if "..." in value:
            raise InvalidSdJwt("three dots outside of an array")
        own = {"_sd", "_sd_alg"} if top else {"_sd"}
        shown = {name: self.restore(inner, depth + 1) for name, inner in value.items() if name not in own}
        digests = value.get("_sd", [])
        if not isinstance(digests, list):
            raise InvalidSdJwt("_sd is no array")
        for one in digests:
            found = self.find(one)
            if found is None:
                continue
            if found.name is None or found.name in shown or found.name in value:
                raise InvalidSdJwt("a disclosure of the wrong kind, or a name twice")
            shown[found.name] = self.restore(found.value, depth + 1)
        return shown

    def _array(self, value: list[Any], depth: int) -> list[Any]:
        shown = []
        for inner in value:
            if not isinstance(inner, dict) or "..." not in inner:
                shown.append(self.restore(inner, depth + 1))
                continue
            if len(inner) != 1:
                raise InvalidSdJwt("three dots and more")
            found = self.find(inner["..."])
            if found is None:
                continue
            if found.name is not None:
                raise InvalidSdJwt("a disclosure of the wrong kind")
            shown.append(self.restore(found.value, depth + 1))
        return shown
