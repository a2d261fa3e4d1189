"""The plugin boundary: contracts that plugins implement by shape and the agent calls.

A plugin is a class that takes one `PluginTools` and reaches for nothing else.  It is known by one entry point in a
group named `chancery.<room>`; installing a package does not enable it, configuration does.
"""

from protocols.ports.credentials import (
    Binding,
    CredentialDraft,
    HoldsCredentials,
    IssuesCredentials,
    OpenedPresentation,
    ToBeSigned,
    VerifiedCredential,
    VerifiesPresentations,
)
from protocols.ports.dids import (
    DidRegistrar,
    DidResolver,
    KeepsDidLog,
    LogDraft,
    LogEntry,
    PreparedLogEntry,
    ResolvesVersions,
)
from protocols.ports.exchanges import ExchangesCredentials
from protocols.ports.integrity import Cryptosuite, DerivesProofs, Securing
from protocols.ports.keys import KeyHandle, KeyStore
from protocols.ports.requests import ClientIdentity, ClientIdPrefix, RequestSigner
from protocols.ports.sources import ClaimsFound, ClaimsLater, ClaimSource, ClaimsRequest, Due, PaymentGate
from protocols.ports.status import StatusList, StatusMechanism, StatusReference
from protocols.ports.tools import Fetch, Fetched, PluginTools, Sandbox, Sandboxed
from protocols.ports.transports import KeepsConnections, Transport
from protocols.ports.trust import KeyReference, Purpose, TrustAnchor, TrustedKey, TrustResolver, UntrustedKey

__all__ = [
    "Binding",
    "ClaimSource",
    "ClaimsFound",
    "ClaimsLater",
    "ClaimsRequest",
    "ClientIdPrefix",
    "ClientIdentity",
    "CredentialDraft",
    "Cryptosuite",
    "DerivesProofs",
    "DidRegistrar",
    "DidResolver",
    "Due",
    "ExchangesCredentials",
    "Fetch",
    "Fetched",
    "HoldsCredentials",
    "IssuesCredentials",
    "KeepsConnections",
    "KeepsDidLog",
    "KeyHandle",
    "KeyReference",
    "KeyStore",
    "LogDraft",
    "LogEntry",
    "OpenedPresentation",
    "PaymentGate",
    "PluginTools",
    "PreparedLogEntry",
    "Purpose",
    "RequestSigner",
    "ResolvesVersions",
    "Sandbox",
    "Sandboxed",
    "Securing",
    "StatusList",
    "StatusMechanism",
    "StatusReference",
    "ToBeSigned",
    "Transport",
    "TrustAnchor",
    "TrustResolver",
    "TrustedKey",
    "UntrustedKey",
    "VerifiedCredential",
    "VerifiesPresentations",
]
