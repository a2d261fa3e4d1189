"""Every route of a tenant that the world may call: public on purpose, each guarded by its own protocol."""

from agent.http import (
    anoncreds_routes,
    did_routes,
    document_routes,
    issuing_routes,
    messaging_routes,
    vc_api_routes,
    verifying_routes,
)

ROUTES = (
    *issuing_routes.ROUTES,
    *verifying_routes.ROUTES,
    *messaging_routes.ROUTES,
    *document_routes.ROUTES,
    *did_routes.PUBLIC,
    *anoncreds_routes.PUBLIC,
    *vc_api_routes.ROUTES,
)
