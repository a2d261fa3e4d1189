"""Transaction data (OpenID4VP 1.0, 5.1 and 8.4): what a holder authorizes by presenting.

A hash is always over the string as it was sent, so that string is kept and nothing is ever written anew.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from protocols.dcql.query import DcqlQuery
from protocols.encoding import b64url, parse_b64url, parse_json_object, render_json
from protocols.errors import ProtocolError

HASHES = ("sha-256", "sha-384", "sha-512")
MOST = 8
_MOST_SHARES = 16


class InvalidTransactionData(ProtocolError):
    """The transaction data is not valid for this request."""

    code = "invalid_transaction_data"
    status = 422


class UnconfirmedTransaction(ProtocolError):
    """The answer does not confirm every transaction."""

    code = "transaction_not_confirmed"


def render(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The strings that are sent."""
    return tuple(b64url(render_json(dict(one))) for one in items)


def require(
    items: Sequence[Mapping[str, Any]], query: DcqlQuery, known: Collection[str], able: Collection[str]
) -> None:
    """Before they are sent. `known` are types, `able` formats that can confirm. Raises InvalidTransactionData."""
    if len(items) > MOST:
        raise InvalidTransactionData("too many")
    for item in items:
        if item.get("type") not in known:
            raise InvalidTransactionData("type")
        algorithms = item.get("transaction_data_hashes_alg", ["sha-256"])
        if not isinstance(algorithms, list) or not algorithms or not set(map(str, algorithms)) <= set(HASHES):
            raise InvalidTransactionData("transaction_data_hashes_alg")
        _require_credentials(item.get("credential_ids"), query, able)


def _require_credentials(names: Any, query: DcqlQuery, able: Collection[str]) -> None:
    if not isinstance(names, list) or not names or len(set(map(str, names))) != len(names):
        raise InvalidTransactionData("credential_ids")
    for name in names:
        asked = query.credential(name) if isinstance(name, str) else None
        if asked is None or asked.format not in able:
            raise InvalidTransactionData("credential_ids")
        # One presentation confirms a transaction, and it is the holder's key that does.
        if asked.multiple or not asked.holder_binding:
            raise InvalidTransactionData("credential_ids")


def shares(sent: Sequence[str], answered: Collection[str]) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Each way in which the credentials that were presented may share the transactions between them: for a Credential
    Query's id the strings that its presentation confirms, each string exactly once.

    Raises UnconfirmedTransaction when for one of them nothing was presented.
    """
    candidates = []
    for text in sent:
        named = parse_json_object(parse_b64url(text))["credential_ids"]
        candidates.append([name for name in named if name in answered])
        if not candidates[-1]:
            raise UnconfirmedTransaction("no credential of its was presented")
    for chosen in islice(product(*candidates), _MOST_SHARES):
        yield {
            name: tuple(text for text, one in zip(sent, chosen, strict=True) if one == name)
            for name in dict.fromkeys(chosen)
        }
