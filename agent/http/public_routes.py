"""Every route of a tenant that the world may call: public on purpose, each guarded by its own protocol."""

from agent.http import issuing_routes, messaging_routes, vc_api_routes, verifying_routes

ROUTES = issuing_routes.ROUTES + verifying_routes.ROUTES + messaging_routes.ROUTES + vc_api_routes.ROUTES
