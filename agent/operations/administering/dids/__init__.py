"""DIDs of the tenant that this server hosts."""
