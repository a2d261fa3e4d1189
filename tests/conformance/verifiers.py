"""What the suite is told of a tenant as a verifier, and what the operator is told of each answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.compose.house import House
from agent.operations.administering.configure_verifier import ConfigureVerifier, configure_verifier
from agent.operations.administering.trust import AddTrustAnchor, add_trust_anchor
from agent.scope import Scope
from agent.tenancy import WORKER
from conformance import authority
from conformance.authority import der
from conformance.http import Answer, Http
from conformance.jose import Key
from protocols.encoding import parse_json

QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["given_name"]}, {"path": ["family_name"]}],
        }
    ]
}
CLAIMS = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"}
DOCTYPE = "org.iso.18013.5.1.mDL"
ELEMENTS = {
    "org.iso.18013.5.1": {"given_name": "Erika", "family_name": "Mustermann", "document_number": "T22000129"},
}
PAYMENT = "urn:example:payment"
BACK = "https://verifier.example/done"


def attestation(scope: Scope) -> str:
    """Somebody says that the tenant's verifier is verifier.example (OpenID4VP 1.0, 12)."""
    claims = {
        "iss": "https://attester.example",
        "sub": "verifier.example",
        "exp": int(scope.now().timestamp()) + 3600,
        "cnf": {"jwk": dict(scope.catalogue.key("verifier").jwk)},
    }
    return Key().jws({"typ": "verifier-attestation+jwt"}, claims)


@dataclass(frozen=True, slots=True)
class Verifying:
    """What every tenant's target shares: the suite's own authority, and where it serves status lists."""

    folder: Path
    port: int

    @classmethod
    def made(cls, folder: Path, port: int) -> "Verifying":
        authority.write(authority.create(), folder)
        return cls(folder, port)

    async def trusted(self, house: House, tenant: str) -> None:
        """The tenant believes the suite's authority, and asks for payments."""
        scope = await house.scope_of(tenant, WORKER)
        root = authority.read(self.folder / "authority.pem", self.folder / "authority.key").certificate
        await add_trust_anchor(scope, AddTrustAnchor("conformance", der([root])[0], None, ("issue", "status")))
        settings = {"transaction_data_types": {PAYMENT: {}}, "attestation": attestation(scope)}
        await configure_verifier(scope, ConfigureVerifier(settings))

    def tables(self, base: str, headers: dict[str, str], prefix: str) -> dict[str, Any]:
        """[verifier], [credential], [mdoc] and [hosting] of a target file."""
        files = {name: str(self.folder / f"authority.{end}") for name, end in FILES.items()}
        requests = f"{base}/presentation-requests"
        asked = {"dcql_query": "{dcql_query}", "response_mode": "{response_mode}", "client_id_prefix": prefix}
        return {
            "verifier": {
                "dcql_query": QUERY,
                "accepted": ["verified", "answered"],
                "request": {
                    "headers": headers,
                    "url": requests,
                    "body": asked,
                    "uri": "authorization_request_uri",
                    "id": "presentation_id",
                },
                "result": {"method": "GET", "headers": headers, "url": f"{requests}/{{id}}", "state": "state"},
                "return": {
                    "headers": headers,
                    "url": f"{requests}/{{id}}/response-code",
                    "body": {"response_code": "{response_code}"},
                },
                "digital": {
                    "origin": "https://verifier.example",
                    "request": {
                        "headers": headers,
                        "url": requests,
                        "body": {**asked, "origins": ["https://verifier.example"]},
                        "id": "presentation_id",
                    },
                    "data": {
                        "method": "GET",
                        "headers": headers,
                        "url": f"{requests}/{{id}}/digital-credential-request",
                        "data": "data",
                    },
                    "answer": {
                        "headers": headers,
                        "url": f"{requests}/{{id}}/digital-credential",
                        "body": {"origin": "{origin}", "data": "{data}"},
                    },
                },
                "variants": VARIANTS,
            },
            "credential": {**files, "vct": "urn:eudi:pid:1", "claims": CLAIMS},
            "mdoc": {**files, "doctype": DOCTYPE, "elements": ELEMENTS},
            "hosting": {"listen": f"127.0.0.1:{self.port}", "url": f"http://localhost:{self.port}"},
        }


FILES = {"authority": "pem", "authority_key": "key"}
TRANSACTION = {"type": PAYMENT, "credential_ids": ["pid"], "amount": "10.00", "payee": "A shop"}
VARIANTS: dict[str, Any] = {
    "post": {"body": {"request_uri_method": "post"}},
    "by_value": {"body": {"by_value": True}},
    "return": {"body": {"redirect_uri": BACK}},
    "transaction_data": {"body": {"transaction_data": [TRANSACTION]}},
    "haip": {"body": {"profile": "haip-1.0", "client_id_prefix": "x509_hash", "redirect_uri": BACK}},
    **{
        prefix: {"body": {"client_id_prefix": prefix}}
        for prefix in ("x509_san_dns", "decentralized_identifier", "redirect_uri", "verifier_attestation")
    },
    "unsigned": {"body": {"client_id_prefix": "origin"}},
    "multisigned": {"body": {"client_id_prefixes": ["x509_hash", "x509_san_dns"]}},
}


class Watching(Http):
    """The suite's client, which remembers what the operator was told last: why an answer was refused."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    async def call(self, method: str, url: str, **options: Any) -> Answer:
        answer = await super().call(method, url, **options)
        if method == "GET" and "/api/v1/presentation-requests/" in url and answer.status == 200:
            found = parse_json(answer.body)
            self.told = [*found.get("errors", []), *found.get("ignored", [])]
        return answer
