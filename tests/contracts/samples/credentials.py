"""Credential formats and status mechanisms."""

import gzip

from agent.contracts import status_mechanisms
from agent.contracts.credential_formats import Sample, by_certificate, by_did
from agent.contracts.keys import ISSUER, certified
from protocols.encoding import b64url
from protocols.jose import jws, jwt
from protocols.ports import StatusList
from protocols.vcdm import V1
from protocols.vcdm import jwt as vc_jwt
from protocols.x509 import render_chain

PERSON = {"given_name": "Erika", "family_name": "Mustermann"}
LICENCE = "org.iso.18013.5.1"


def degree() -> Sample:
    """A credential of VCDM 1.1, which is shown whole."""
    return Sample(
        "UniversityDegreeCredential",
        {"degree": {"name": "Bachelor of Arts"}},
        frozenset({("degree",)}),
        issued_by=by_did,
        read=lambda claims: dict(claims["credentialSubject"]),
    )


def listed_2021(status: StatusList) -> bytes:
    """A StatusList2021Credential of VCDM 1.1 in a JWT."""
    signer, ends = certified(), status.expires_at
    credential = {
        "@context": [V1, "https://w3id.org/vc/status-list/2021/v1"],
        "id": status.uri,
        "type": ["VerifiableCredential", "StatusList2021Credential"],
        "issuer": ISSUER,
        "issuanceDate": f"{status.issued_at:%Y-%m-%dT%H:%M:%SZ}",
        **({"expirationDate": f"{ends:%Y-%m-%dT%H:%M:%SZ}"} if ends else {}),
        "credentialSubject": {
            "id": f"{status.uri}#list",
            "type": "StatusList2021",
            "statusPurpose": "revocation",
            "encodedList": b64url(gzip.compress(status.packed, mtime=0)),
        },
    }
    header = {"alg": "ES256", "typ": "JWT", "x5c": render_chain(signer.chain)}
    payload = jwt.render(header, vc_jwt.encode_credential(credential))
    return jws.seal(payload, signer.key.sign(payload)).encode()


SAMPLES = {
    "credential_formats": {
        "dc+sd-jwt": lambda: Sample(
            "urn:eudi:pid:1", PERSON, frozenset({("given_name",)}), "Mustermann", issued_by=by_certificate
        ),
        "mso_mdoc": lambda: Sample(
            f"{LICENCE}.mDL",
            {LICENCE: PERSON},
            frozenset({(LICENCE, "given_name")}),
            "Mustermann",
            issued_by=by_certificate,
            document_signer=True,
        ),
        "ldp_vc": lambda: Sample(
            "OpenBadgeCredential",
            {"type": ["AchievementSubject"], "identifier": []},
            frozenset({("type",)}),
            issued_by=by_did,
            options={
                "cryptosuite": "ecdsa-rdfc-2019",
                "@context": [
                    "https://www.w3.org/ns/credentials/v2",
                    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
                ],
            },
        ),
        "jwt_vc_json": degree,
        "jwt_vc_json-ld": degree,
    },
    "status_mechanisms": {
        "status_list_2021": lambda: status_mechanisms.Sample(bits=(1,), publish=listed_2021),
        "bitstring_status_list": lambda: status_mechanisms.Sample(bits=(1,)),
        "token_status_list_cwt": lambda: status_mechanisms.Sample(bits=(1, 2, 4, 8)),
        "token_status_list": lambda: status_mechanisms.Sample(bits=(1, 2, 4, 8)),
    },
}
