"""Refusals of AnonCreds."""

from protocols.errors import ProtocolError


class InvalidAnonCreds(ProtocolError):
    """A message of the exchange is not what AnonCreds demands."""

    code = "invalid_anoncreds"


class InvalidRegistryObject(ProtocolError):
    """An object of a registry is not what its identifier says."""

    code = "invalid_registry_object"


class NotProved(ProtocolError):
    """The presentation does not prove what was asked."""

    code = "invalid_presentation"
