"""The VC API of a tenant, one base URL for each cryptosuite: for who has its scope, or open where a tenant says so."""

from agent.operations.administering.scopes import VC_API
from agent.operations.holding.derive_credential import derive_credential
from agent.operations.holding.prove_presentation import prove_presentation
from agent.operations.issuing.register_secured import set_status
from agent.operations.issuing.secure_credential import secure_credential
from agent.operations.verifying.verify_secured import verify_credential, verify_presentation
from protocols import vc_api
from protocols.http import Route

ROUTES = (
    Route(
        "POST",
        f"{vc_api.BASE}/credentials/issue",
        VC_API,
        vc_api.parse_issue,
        secure_credential,
        vc_api.render_credential,
    ),
    Route("POST", f"{vc_api.BASE}/credentials/status", VC_API, vc_api.parse_status, set_status, vc_api.render_status),
    Route(
        "POST",
        f"{vc_api.BASE}/credentials/verify",
        VC_API,
        vc_api.parse_verify,
        verify_credential,
        vc_api.render_verification,
    ),
    Route(
        "POST",
        f"{vc_api.BASE}/credentials/derive",
        VC_API,
        vc_api.parse_derive,
        derive_credential,
        vc_api.render_credential,
    ),
    Route(
        "POST",
        f"{vc_api.BASE}/presentations/prove",
        VC_API,
        vc_api.parse_prove,
        prove_presentation,
        vc_api.render_presentation,
    ),
    Route(
        "POST",
        f"{vc_api.BASE}/presentations/verify",
        VC_API,
        vc_api.parse_verify_presentation,
        verify_presentation,
        vc_api.render_verification,
    ),
)
