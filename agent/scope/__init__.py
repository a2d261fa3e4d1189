"""What one operation may touch, for one tenant: the contracts that storage, cache and lifecycle implement."""

from agent.scope.core import Cache, Conflict, Keys, Scope, Unit, Vault
from agent.scope.tenants import SigningKey, StatusRegistry, TenantCatalogue

__all__ = ["Cache", "Conflict", "Keys", "Scope", "SigningKey", "StatusRegistry", "TenantCatalogue", "Unit", "Vault"]
