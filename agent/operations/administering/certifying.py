"""Certificates that the tenant's own authority gives to the tenant's own keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.keyring import Keyring
from agent.scope import SigningKey
from protocols import x509

_YEARS = 3


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA's key with its certificate first in x5c, and the name that its leaves carry too."""

    key: SigningKey
    name: str

    async def certify(
        self,
        keys: Keyring,
        key: SigningKey,
        now: datetime,
        entropy: Callable[[int], bytes],
        dns_names: Sequence[str],
        uri: str,
    ) -> bytes:
        """A leaf (DER) for the key, good for three years, that names hosts, tenant and CRL. Waits for the key store."""
        begin = now.replace(microsecond=0)
        prepared = x509.prepare_leaf(
            {"common_name": f"{self.name} {key.purpose}", "organization_name": self.name},
            key.jwk,
            algorithm=self.key.algorithm,
            serial=entropy(16),
            not_before=begin - timedelta(minutes=5),
            not_after=begin + timedelta(days=365 * _YEARS),
            issuer=self.key.x5c[0],
            dns=tuple(dns_names),
            uris=(uri,),
            crl=f"{uri}/ca/{self.key.kid}.crl",
        )
        return x509.seal(prepared, await keys.sign(self.key.handle, prepared.payload))
