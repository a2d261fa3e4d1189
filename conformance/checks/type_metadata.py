"""Type Metadata at the address that a credential's vct is (SD-JWT VC, "Type Metadata"; no type it extends is fetched)."""

import base64
import hashlib
from typing import Any

from conformance import sd_jwt
from conformance.holding import issued, issued_by
from conformance.http import Answer, https_or_loopback
from conformance.jose import Unreadable
from conformance.minting import Held
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, expect_json, skip

HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
DISCLOSED = frozenset({"always", "allowed", "never"})
MEMBERS = frozenset({"path", "display", "mandatory", "sd", "svg_id"})


async def _typed(session: Session) -> Held:
    """A credential whose vct is an address."""
    typed = session.target.issuing.typed
    held = await (issued_by(session, typed, "offer_typed") if typed else issued(session))
    if not https_or_loopback(str(held.credential.payload.get("vct"))):
        skip("the credential's vct is no address; the target file may name a configuration with [issuer] typed")
    return held


async def _document(session: Session) -> Answer:
    vct = str((await _typed(session)).credential.payload["vct"])
    answer = await session.once("type-metadata", lambda: session.http.get(vct))
    expect_json(answer)
    return answer


async def _claims(session: Session) -> list[dict[str, Any]]:
    found = (await _document(session)).member("claims") or []
    expect(isinstance(found, list) and all(isinstance(one, dict) for one in found), "claims, objects", found)
    assert isinstance(found, list)
    return found


def _at(node: Any, path: list[Any]) -> list[Any]:
    """What a path selects."""
    found = [node]
    for part in path:
        if part is None:
            found = [one for each in found if isinstance(each, list) for one in each]
        elif isinstance(part, str):
            found = [each[part] for each in found if isinstance(each, dict) and part in each]
        else:
            found = [each[part] for each in found if isinstance(each, list) and part < len(each)]
    return found


@check("type-metadata-document")
async def document_stands_at_the_address(session: Session) -> None:
    """GET of vct: 200, application/json, an object."""
    expect((await _document(session)).member("vct"), "an object with vct", "none")


@check("type-metadata-vct")
async def document_is_of_this_type(session: Session) -> None:
    """The document's vct is the address it was had from."""
    wanted, vct = (await _typed(session)).credential.payload["vct"], (await _document(session)).member("vct")
    expect(vct == wanted, f"vct {wanted}", vct)


@check("type-metadata-integrity")
async def document_is_the_one_stated(session: Session) -> None:
    """vct#integrity of the credential, when it is there: one of its hashes is that of the octets served."""
    stated = (await _typed(session)).credential.payload.get("vct#integrity")
    if stated is None:
        skip("the credential states no vct#integrity")
    body = (await _document(session)).body
    hashed = {f"{name}-{base64.b64encode(make(body).digest()).decode()}" for name, make in HASHES.items()}
    expect(isinstance(stated, str) and hashed & set(stated.split()), f"one of {', '.join(sorted(hashed))}", stated)


@check("type-metadata-claims")
async def claims_are_well_formed(session: Session) -> None:
    """Each claim: a path of names, indices and null, not empty and not twice; mandatory a boolean; sd one of three."""
    seen: list[Any] = []
    for one in await _claims(session):
        path = one.get("path")
        parts = isinstance(path, list) and all(
            part is None or isinstance(part, str) or (type(part) is int and part >= 0) for part in path
        )
        expect(path and parts and path not in seen, "a path that is there once", one)
        expect(isinstance(one.get("mandatory", False), bool), "mandatory, a boolean", one)
        expect(one.get("sd", "allowed") in DISCLOSED, "sd always, allowed or never", one)
        expect(one.keys() <= MEMBERS, f"no members but {', '.join(sorted(MEMBERS))}", one)
        seen.append(path)


@check("type-metadata-display")
async def display_is_well_formed(session: Session) -> None:
    """display of the type and of its claims: one object for each locale, with a name (of claims: a label)."""
    entries = [("name", (await _document(session)).member("display") or [])]
    entries += [("label", one.get("display", [])) for one in await _claims(session)]
    for name, shown in entries:
        expect(isinstance(shown, list) and all(isinstance(one, dict) for one in shown), "display, objects", shown)
        locales = [one.get("locale") for one in shown]
        expect(len(set(map(str, locales))) == len(locales), "each locale once", locales)
        bad = [one for one in shown if not (isinstance(one.get("locale"), str) and isinstance(one.get(name), str))]
        expect(not bad, f"locale and {name}, strings", bad)


@check("type-metadata-mandatory")
async def mandatory_claims_are_issued(session: Session) -> None:
    """The credential has each claim that its type says is mandatory."""
    claims = sd_jwt.process((await _typed(session)).credential)
    lacking = [one["path"] for one in await _claims(session) if one.get("mandatory") and not _at(claims, one["path"])]
    expect(not lacking, "every mandatory claim", f"without {lacking}")


@check("type-metadata-sd")
async def claims_are_disclosed_as_the_type_says(session: Session) -> None:
    """sd always: in a disclosure and nowhere in clear; sd never: in clear when it is there."""
    credential = (await _typed(session)).credential
    try:
        claims = sd_jwt.process(credential)
    except Unreadable as error:
        expect(False, "an SD-JWT", error)
        return
    for one in await _claims(session):
        path, sd = one["path"], one.get("sd", "allowed")
        if all(isinstance(part, str) for part in path):
            clear, there = bool(_at(credential.payload, path)), bool(_at(claims, path))
            expect(not (sd == "always" and clear), f"{path} in a disclosure", "in clear")
            expect(not (sd == "never" and there and not clear), f"{path} in clear", "in a disclosure")
