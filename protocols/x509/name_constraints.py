"""Name constraints (RFC 5280, 4.2.1.10) over DNS names, URI hosts and directory names; other kinds fail closed."""

from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from cryptography import x509

from protocols.x509.certificate import Certificate

Refusal = Callable[[str], Exception]


def require_permitted(authority: Certificate, below: Iterable[Certificate], refuse: Refusal) -> None:
    """Raise unless every name of the certificates below is within the authority's constraints."""
    constraints = authority.name_constraints
    if constraints is None:
        return
    for certificate in below:
        for name in _names(certificate):
            _require(name, constraints.permitted_subtrees, constraints.excluded_subtrees, refuse)


def _names(certificate: Certificate) -> list[x509.GeneralName]:
    subject: list[x509.GeneralName] = [x509.DirectoryName(certificate.subject)] if list(certificate.subject) else []
    return [*subject, *certificate.alternative_names]


def _require(
    name: x509.GeneralName,
    permitted: Sequence[x509.GeneralName] | None,
    excluded: Sequence[x509.GeneralName] | None,
    refuse: Refusal,
) -> None:
    inside = [subtree for subtree in permitted or () if type(subtree) is type(name)]
    outside = [subtree for subtree in excluded or () if type(subtree) is type(name)]
    if not inside and not outside:
        return
    if not isinstance(name, x509.DNSName | x509.UniformResourceIdentifier | x509.DirectoryName):
        raise refuse("name of a kind that is constrained and cannot be compared")
    if isinstance(name, x509.UniformResourceIdentifier) and not _host(name.value):
        raise refuse("constrained URI without a host")
    if inside and not any(_within(name, subtree) for subtree in inside):
        raise refuse("name outside the permitted subtrees")
    if any(_within(name, subtree) for subtree in outside):
        raise refuse("name inside an excluded subtree")


def _within(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    if isinstance(name, x509.DirectoryName):
        base = _comparable(subtree.value)
        return _comparable(name.value)[: len(base)] == base
    if isinstance(name, x509.DNSName):
        host, base = name.value.lower(), subtree.value.lower()
        return not base or host == base or host.endswith("." + base.lstrip("."))
    host, base = _host(name.value), subtree.value.lower()
    # For URIs a leading period means "hosts below", none means this host alone.
    return host.endswith(base) and host != base[1:] if base.startswith(".") else host == base


def _host(uri: str) -> str:
    try:
        return (urlsplit(uri).hostname or "").lower()
    except ValueError:
        return ""


def _comparable(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """Relative names without case and outer space, so that an exclusion cannot be dodged by spelling (7.1)."""
    return [
        frozenset((a.oid.dotted_string, " ".join(str(a.value).casefold().split())) for a in rdn) for rdn in name.rdns
    ]
