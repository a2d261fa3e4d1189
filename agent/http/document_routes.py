"""What the world asks of a tenant's certificate authorities."""

from agent.operations.issuing.serve_crl import serve_crl
from protocols.http import Call, Reply, Route
from protocols.x509 import CRL_MEDIA_TYPE


def _name(call: Call) -> str:
    return call.path["name"]


def _list(der: bytes) -> Reply:
    return Reply(200, der, CRL_MEDIA_TYPE, {"Cache-Control": "public, max-age=300"})


ROUTES = tuple(Route("GET", f"/{kind}/{{name}}", None, _name, serve_crl, _list) for kind in ("ca", "iaca"))
