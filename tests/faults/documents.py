"""A bug for each check of an issued mobile document: the document changed, its signature left as it was."""

from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2

from tests.faults.front import Answered, Bug, always
from tests.faults.issuer import stranger

Document = dict[str, Any]
_NAMESPACE = "org.iso.18013.5.1"


def document(change: Callable[[Document], None]) -> tuple[str, Bug]:
    """IssuerSigned, changed in place."""

    def rewritten(text: str) -> str:
        opened = cbor2.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        change(opened)
        return urlsafe_b64encode(cbor2.dumps(opened)).rstrip(b"=").decode()

    return credential(rewritten)


def credential(change: Callable[[str], str]) -> tuple[str, Bug]:
    def changed(answer: Answered) -> Answered:
        if not answer.good:
            return answer
        found = answer.json
        found["credentials"] = [{"credential": change(one["credential"])} for one in found["credentials"]]
        return answer.with_json(found)

    return "credential", always(changed)


def security(change: Callable[[Document], Any]) -> tuple[str, Bug]:
    """The MobileSecurityObject, changed."""

    def changed(opened: Document) -> None:
        mso = cbor2.loads(cbor2.loads(opened["issuerAuth"][2]).value)
        change(mso)
        opened["issuerAuth"][2] = cbor2.dumps(cbor2.CBORTag(24, cbor2.dumps(mso)))

    return document(changed)


def items(change: Callable[[list[Document]], Any]) -> tuple[str, Bug]:
    """The items of the licence, changed; their digests left as they were."""

    def changed(opened: Document) -> None:
        found = [cbor2.loads(one.value) for one in opened["nameSpaces"][_NAMESPACE]]
        change(found)
        opened["nameSpaces"][_NAMESPACE] = [cbor2.CBORTag(24, cbor2.dumps(one)) for one in found]

    return document(changed)


def unprotected(value: Callable[[Any], Any]) -> tuple[str, Bug]:
    def changed(opened: Document) -> None:
        header = opened["issuerAuth"][1]
        header[33] = value(header[33])

    return document(changed)


def ended(mso: Document) -> None:
    mso["validityInfo"]["validUntil"] = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def untold(opened: Document) -> None:
    auth = opened["issuerAuth"]
    auth[0] = cbor2.dumps({1: -65535})


_STRANGER = b64decode(stranger())
DOCUMENTS: Mapping[str, tuple[str, Bug]] = {
    f"issued-mdoc-{name}": bug
    for name, bug in {
        "encoding": credential(lambda text: f"{text}=="),
        "signature": document(lambda opened: opened["issuerAuth"].__setitem__(3, bytes(64))),
        "algorithm": document(untold),
        "chain": unprotected(lambda _: _STRANGER),
        "chain-without-root": unprotected(lambda leaf: [leaf, _STRANGER]),
        "document-signer": unprotected(lambda _: _STRANGER),
        "doctype": security(lambda mso: mso.update(docType="org.iso.18013.5.2.mDL")),
        "version": security(lambda mso: mso.update(version="2.0")),
        "digests": items(lambda found: found[0].update(elementValue="Musterfrau")),
        "digest-ids": items(lambda found: found.append(found[0])),
        "random": items(lambda found: found[0].update(random=bytes(8))),
        "unlinkable": items(lambda found: [one.update(random=bytes([at] * 32)) for at, one in enumerate(found)]),
        "elements": items(
            lambda found: found.pop(next(i for i, one in enumerate(found) if one["elementIdentifier"] == "portrait"))
        ),
        "device-key": security(lambda mso: mso["deviceKeyInfo"]["deviceKey"].update({-2: bytes(32)})),
        "validity": security(ended),
        "status": security(lambda mso: mso.update(status={"other": {}})),
    }.items()
}
