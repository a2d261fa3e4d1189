"""The holder's side: the disclosures that show what is asked for, and no more (RFC 9901, 7.2)."""

from collections.abc import Iterable
from typing import Any

from protocols.claims_path import ClaimsPath
from protocols.sd_jwt.restoring import Walk, restore
from protocols.sd_jwt.values import SdJwt


def choose(sd_jwt: SdJwt, wanted: Iterable[ClaimsPath]) -> tuple[str, ...]:
    """The disclosures that show the wanted claims: their own, their parents' and everything below them.

    Paths speak of the processed payload. Raises InvalidSdJwt for what `restore` refuses.
    """
    # A holder believes no more than a verifier does; what comes after relies on its form and its depth.
    restore(sd_jwt)
    paths, kept = tuple(wanted), set[str]()
    walk = Walk(sd_jwt)

    def visit(value: Any, path: ClaimsPath, chain: tuple[str, ...]) -> None:
        if chain and any(_meets(path, one) for one in paths):
            kept.update(chain)
        if isinstance(value, dict):
            for name, inner in value.items():
                if name not in ("_sd", "_sd_alg"):
                    visit(inner, (*path, name), chain)
            for stated in value.get("_sd", ()):
                found = walk.find(stated)
                if found is not None:
                    visit(found.value, (*path, found.name), (*chain, found.text))
        elif isinstance(value, list):
            visit_array(value, path, chain)

    def visit_array(value: list[Any], path: ClaimsPath, chain: tuple[str, ...]) -> None:
        index = 0
        for inner in value:
            concealed = isinstance(inner, dict) and "..." in inner
            found = walk.find(inner["..."]) if concealed else None
            if concealed and found is None:
                # A decoy takes no place in the processed payload.
                continue
            visit(found.value if found else inner, (*path, index), (*chain, found.text) if found else chain)
            index += 1

    visit(dict(sd_jwt.payload), (), ())
    return tuple(one.text for one in sd_jwt.disclosures if one.text in kept)


def _meets(path: ClaimsPath, wanted: ClaimsPath) -> bool:
    """Whether the path is what is wanted, or below it: parents come with their children's chain."""
    if len(path) < len(wanted):
        return False
    return all(
        part == asked or (asked is None and isinstance(part, int)) for part, asked in zip(path, wanted, strict=False)
    )
