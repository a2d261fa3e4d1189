"""Keys in a PKCS#11 token: an HSM, or SoftHSM."""

from plugins.key_stores.pkcs11.store import Pkcs11KeyStore

__all__ = ["Pkcs11KeyStore"]
