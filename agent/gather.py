"""All waiting done for a verification: KeyReference to trusted key, StatusReference to status."""
