"""Message Pickup 3.0."""

from typing import ClassVar

from protocols.didcomm.picking_up import PicksUp


class Messagepickup3(PicksUp):
    """A queue with nothing in it is answered by its status."""

    identifier: ClassVar[str] = "https://didcomm.org/messagepickup/3.0"
    versions: ClassVar[frozenset[int]] = frozenset({2})
    empty_is_status: ClassVar[bool] = True
