"""Named keys of a tenant, handles into one KeyStore."""
