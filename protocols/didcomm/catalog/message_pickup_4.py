"""Message Pickup 4.0; its name has a hyphen, which 3.0 has not."""

from typing import ClassVar

from protocols.didcomm.picking_up import PicksUp


class MessagePickup4(PicksUp):
    """A queue with nothing in it is answered by an empty delivery."""

    identifier: ClassVar[str] = "https://didcomm.org/message-pickup/4.0"
    versions: ClassVar[frozenset[int]] = frozenset({1, 2})
    empty_is_status: ClassVar[bool] = False
