"""What an API key may be allowed to do: scopes, and roles as sets of them."""

OFFERS_WRITE, OFFERS_READ = "offers:write", "offers:read"
CREDENTIALS_READ, CREDENTIALS_REVOKE = "credentials:read", "credentials:revoke"
REQUESTS_WRITE, REQUESTS_READ = "requests:write", "requests:read"
TRUST_WRITE, TRUST_READ = "trust:write", "trust:read"
AUDIT_READ = "audit:read"
PLUGINS_READ = "plugins:read"
API_KEYS_WRITE = "api-keys:write"
SESSIONS_WRITE = "sessions:write"
USERS_WRITE = "users:write"
CLIENTS_WRITE = "clients:write"
ISSUER_WRITE = "issuer:write"
KEYS_WRITE, KEYS_READ = "keys:write", "keys:read"
METRICS_READ = "metrics:read"
VC_API = "vc-api:use"
TENANTS_WRITE, TENANTS_READ = "tenants:write", "tenants:read"

ISSUER = frozenset({OFFERS_WRITE, OFFERS_READ, CREDENTIALS_READ, CREDENTIALS_REVOKE, VC_API})
VERIFIER = frozenset({REQUESTS_WRITE, REQUESTS_READ, TRUST_READ, VC_API})
AUDITOR = frozenset({AUDIT_READ, CREDENTIALS_READ})
ADMINISTRATOR = (
    ISSUER
    | VERIFIER
    | AUDITOR
    | {TRUST_WRITE, PLUGINS_READ, API_KEYS_WRITE, SESSIONS_WRITE, USERS_WRITE, CLIENTS_WRITE, ISSUER_WRITE}
    | {KEYS_WRITE, KEYS_READ}
)
OPERATOR = frozenset({TENANTS_WRITE, TENANTS_READ, PLUGINS_READ, METRICS_READ})  # keys of the system tenant only

ROLES = {"issuer": ISSUER, "verifier": VERIFIER, "auditor": AUDITOR, "administrator": ADMINISTRATOR}
"""Roles that a tenant's administrator may hand out."""
EVERY = ADMINISTRATOR | OPERATOR
