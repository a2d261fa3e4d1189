"""SD-JWT (RFC 9901): conceal claims, take a presentation apart, restore what was disclosed, bind it to the holder.

The text that was received is what is hashed, never a re-encoding of it.
"""

from protocols.sd_jwt.choosing import choose
from protocols.sd_jwt.concealing import assemble, conceal
from protocols.sd_jwt.key_binding import BINDING_CHECKS, KB_TYPE, prepare_key_binding, verify_key_binding
from protocols.sd_jwt.parsing import parse, parse_json_form, read_disclosure
from protocols.sd_jwt.restoring import restore
from protocols.sd_jwt.values import HASHES, Disclosure, InvalidKeyBinding, InvalidSdJwt, SdJwt, digest

__all__ = [
    "BINDING_CHECKS",
    "HASHES",
    "KB_TYPE",
    "Disclosure",
    "InvalidKeyBinding",
    "InvalidSdJwt",
    "SdJwt",
    "assemble",
    "choose",
    "conceal",
    "digest",
    "parse",
    "parse_json_form",
    "prepare_key_binding",
    "read_disclosure",
    "restore",
    "verify_key_binding",
]
