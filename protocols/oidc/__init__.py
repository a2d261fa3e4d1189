"""OpenID Connect as a relying party: what an identity provider is asked, and when its answer is believed."""
