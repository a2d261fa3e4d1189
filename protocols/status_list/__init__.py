"""Status lists: places packed into bytes, compressed within bounds, and how a list is asked for over HTTP.

Token Status List (draft-ietf-oauth-status-list) and Bitstring Status List share the idea and nothing else: here stands
what more than one status mechanism uses.
"""

from protocols.status_list.entries import entries
from protocols.status_list.errors import InvalidStatusList
from protocols.status_list.packing import inflate, read_high_first, read_low_first, write_high_first, write_low_first

__all__ = [
    "InvalidStatusList",
    "entries",
    "inflate",
    "read_high_first",
    "read_low_first",
    "write_high_first",
    "write_low_first",
]
