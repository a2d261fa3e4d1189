"""An issuer elsewhere, with an authority of its own: its credentials and status lists, honest by default."""

import hashlib
import json
import time
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from protocols import x509
from tests.houses import Site
from tests.wallets import HolderKey, b64

VCT = "urn:eudi:pid:1"
PERSON = {"given_name": "Ada", "family_name": "Elsewhere"}


def raw(key: HolderKey, payload: bytes) -> bytes:
    r, s = decode_dss_signature(key.private.sign(payload, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Authority:
    """A certificate authority and one leaf, outside of anything of ours."""

    def __init__(self, name: str = "Elsewhere", crl: str | None = None) -> None:
        root, self.leaf = HolderKey(), HolderKey()
        now, year = datetime.now(UTC) - timedelta(minutes=5), timedelta(days=365)
        prepared = x509.prepare_ca(
            {"common_name": f"{name} CA"},
            root.jwk,
            algorithm="ES256",
            serial=bytes(15) + b"\1",
            not_before=now,
            not_after=now + year,
        )
        self.root = x509.seal(prepared, raw(root, prepared.payload))
        prepared = x509.prepare_leaf(
            {"common_name": name},
            self.leaf.jwk,
            algorithm="ES256",
            serial=bytes(15) + b"\2",
            not_before=now,
            not_after=now + year,
            issuer=self.root,
            dns=("localhost",),
            uris=(),
            crl=crl,
        )
        self.certificate = x509.seal(prepared, raw(root, prepared.payload))

    @property
    def x5c(self) -> list[str]:
        return [b64encode(self.certificate).decode()]

    @property
    def pem(self) -> str:
        text = b64encode(self.root).decode()
        return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"

    def credential(
        self,
        holder: HolderKey,
        claims: Mapping[str, Any] = PERSON,
        header: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """An SD-JWT VC with every claim of the person disclosable; `more` and `header` change it."""
        disclosures = [b64(json.dumps([b64(bytes([n]) * 16), *one]).encode()) for n, one in enumerate(claims.items())]
        payload = {
            "vct": VCT,
            "iat": int(time.time()) - 60,
            "cnf": {"jwk": holder.jwk},
            "_sd": [b64(hashlib.sha256(one.encode()).digest()) for one in disclosures],
            **more,
        }
        head = {"typ": "dc+sd-jwt", "x5c": self.x5c, **(header or {})}
        token = self.leaf.jwt(_kept(head), _kept(payload))
        return "~".join([token, *disclosures]) + "~"

    async def trusted(self, site: Site, *roles: str, name: str = "elsewhere") -> None:
        """Have alpha believe the authority for these roles."""
        body = {"certificate": self.pem, "roles": list(roles), "name": name}
        status, answer = await site.api("POST", "/trust-anchors", body)
        assert status == 201, answer
        site.house.cache.clear()


@dataclass(slots=True)
class Elsewhere:
    """What the other issuer serves at `uri`: an honest list token, some claims or header members replaced."""

    uri: str
    authority: Authority = field(default_factory=Authority)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    packed: bytes = bytes([0b00000010]) + bytes(15)
    body: bytes | None = None
    media_type: str = "application/statuslist+jwt"
    fetched: int = 0

    def token(self) -> bytes:
        if self.body is not None:
            return self.body
        listed = {"bits": 1, "lst": b64(zlib.compress(self.packed, 9))}
        claims = {"sub": self.uri, "iat": int(time.time()), "status_list": listed, **self.claims}
        header = {"typ": "statuslist+jwt", "x5c": self.authority.x5c, **self.header}
        return self.authority.leaf.jwt(_kept(header), _kept(claims)).encode()

    async def serve(self, _request: web.BaseRequest) -> web.Response:
        """The aiohttp handler of a raw test server."""
        self.fetched += 1
        return web.Response(body=self.token(), headers={"Content-Type": self.media_type})


def _kept(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
