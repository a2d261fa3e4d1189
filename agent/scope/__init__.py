"""What one operation may touch, for one tenant: the contracts that storage, cache and lifecycle implement."""

from agent.scope.core import Cache, Conflict, Scope, Shape, Unit
from agent.scope.tenants import SigningKey, StatusRegistry, TenantCatalogue

__all__ = ["Cache", "Conflict", "Scope", "Shape", "SigningKey", "StatusRegistry", "TenantCatalogue", "Unit"]
