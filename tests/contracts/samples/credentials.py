"""Credential formats and status mechanisms."""

from agent.contracts import status_mechanisms
from agent.contracts.credential_formats import Sample, by_certificate, by_did

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
        "bitstring_status_list": lambda: status_mechanisms.Sample(bits=(1,)),
        "token_status_list_cwt": lambda: status_mechanisms.Sample(bits=(1, 2, 4, 8)),
        "token_status_list": lambda: status_mechanisms.Sample(bits=(1, 2, 4, 8)),
    },
}
