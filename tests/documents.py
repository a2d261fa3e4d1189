"""Mobile documents without a server: an authority, its signer, a holder, as values of a test."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from plugins.credential_formats.mso_mdoc import MsoMdoc
from plugins.status_mechanisms.token_status_list import TokenStatusList
from protocols import x509
from protocols.jose import jwk
from protocols.ports import Binding, CredentialDraft, PluginTools, StatusReference, TrustAnchor
from protocols.x509 import Authority

NOW = datetime.now(UTC).replace(microsecond=0)
MDL, NAMESPACE = "org.iso.18013.5.1.mDL", "org.iso.18013.5.1"
AUTHORITY = Authority("https://issuer.example", "https://issuer.example/iaca.crl")
BINDING = Binding("x509_hash:verifier", "nonce", response_uri="https://verifier.example/response")
SCHEMA = {
    "properties": {
        NAMESPACE: {
            "properties": {
                "birth_date": {"format": "date"},
                "portrait": {"contentEncoding": "base64"},
                "driving_privileges": {"items": {"properties": {"issue_date": {"format": "date"}}}},
                "portrait_capture_date": {"format": "date-time"},
            }
        }
    }
}
CLAIMS = {
    NAMESPACE: {
        "family_name": "Mustermann",
        "given_name": "Erika",
        "birth_date": "1964-08-12",
        "portrait": "AAEC",
        "portrait_capture_date": "2024-01-01T00:00:00Z",
        "driving_privileges": [{"vehicle_category_code": "B", "issue_date": "1982-09-01"}],
        "issuing_country": "DE",
        "age_over_18": True,
    }
}


class Key:
    """A P-256 key that signs as a key store does."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.jwk = jwk.from_public_key(self.private.public_key())

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


def tools(**families: Mapping[str, Any]) -> PluginTools:
    """What a plugin is handed."""
    return PluginTools(settings={}, fetch=None, sandbox=None, families=families)  # type: ignore[arg-type]  # not used


@dataclass(slots=True)
class Country:
    """An IACA with one document signer; what it issues is held by `holder`."""

    country: str = "DE"
    begins: datetime = NOW - timedelta(days=1)
    signer_days: int = 400
    root: Key = field(default_factory=Key)
    signer: Key = field(default_factory=Key)
    holder: Key = field(default_factory=Key)
    format: MsoMdoc = field(init=False)
    iaca: bytes = field(init=False)
    chain: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.format = MsoMdoc(tools(status_mechanisms={"token_status_list": TokenStatusList(tools())}))
        root = x509.prepare_iaca(
            {"country_name": self.country, "common_name": "Test IACA"},
            self.root.jwk,
            AUTHORITY,
            algorithm="ES256",
            serial=os.urandom(16),
            not_before=self.begins,
            not_after=self.begins + timedelta(days=3000),
        )
        self.iaca = x509.seal(root, self.root.sign(root.payload))
        leaf = x509.prepare_document_signer(
            "Signer",
            self.signer.jwk,
            AUTHORITY,
            algorithm="ES256",
            serial=os.urandom(16),
            not_before=self.begins,
            not_after=self.begins + timedelta(days=self.signer_days),
            issuer=self.iaca,
        )
        self.chain = (x509.seal(leaf, self.root.sign(leaf.payload)),)

    @property
    def anchor(self) -> TrustAnchor:
        return TrustAnchor("iaca", "iaca", frozenset({"issue"}), self.iaca)

    def issue(self, **changes: Any) -> str:
        values: dict[str, Any] = {
            "type": MDL,
            "claims": CLAIMS,
            "algorithm": "ES256",
            "entropy": os.urandom,
            "issued_at": NOW,
            "expires_at": NOW + timedelta(days=30),
            "x5c": self.chain,
            "holder": self.holder.jwk,
            "schema": SCHEMA,
            "status": StatusReference("token_status_list", "https://issuer.example/lists/1", 7),
        }
        prepared = self.format.prepare(CredentialDraft(**values | changes))
        return self.format.seal(prepared, self.signer.sign(prepared.payload))

    def present(self, credential: str, *elements: str, binding: Binding = BINDING) -> str:
        paths = frozenset((NAMESPACE, element) for element in elements or CLAIMS[NAMESPACE])
        prepared = self.format.disclose(credential, paths, binding, "ES256", NOW)
        return self.format.bind(prepared, self.holder.sign(prepared.payload))
