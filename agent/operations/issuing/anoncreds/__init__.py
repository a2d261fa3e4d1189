"""Issuing AnonCreds: the registry that we serve, offers and credentials, revocation."""
