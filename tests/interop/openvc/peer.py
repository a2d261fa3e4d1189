"""Verifies DeviceResponses with openvc-core, one JSON object a line: in a process with that library's own versions.

{"response", "transcript": base64, "roots": [PEM]} -> {"ok": true, "claims": [elements by namespace]} or {"ok": false}
"""

import base64
import json
import sys
from typing import Any

from cryptography import x509
from openvc.mdoc import verify_device_response


def verify(request: dict[str, Any]) -> dict[str, Any]:
    anchors = [x509.load_pem_x509_certificate(pem.encode()) for pem in request["roots"]]
    response, transcript = (base64.b64decode(request[name]) for name in ("response", "transcript"))
    try:
        found = verify_device_response(response, trust_anchors=anchors, session_transcript=transcript)
    except Exception as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}
    return {
        "ok": True,
        "claims": [{name: sorted(one) for name, one in document.namespaces.items()} for document in found],
    }


for line in sys.stdin:
    print(json.dumps(verify(json.loads(line))), flush=True)
