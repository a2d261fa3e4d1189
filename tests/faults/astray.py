"""An agent that goes astray: what our own says is changed on its way out, and what it refuses is answered all the same.

The suite's own messages are noted as they are made, so that a bug can answer what no server could have opened.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any
from unittest.mock import patch

from agent.compose.house import House
from agent.operations.messaging.envelope_v1 import EnvelopeV1, stored
from agent.operations.messaging.envelope_v2 import EnvelopeV2
from agent.operations.messaging.identity import identity_from, identity_named
from agent.scope.connections import Connection
from agent.tenancy import WORKER
from conformance.didcomm.contact import PING, Contact
from conformance.didcomm.contact_1 import COMPLETE, REQUEST, Contact1
from conformance.didcomm.contact_1 import PING as PING_1
from conformance.didcomm.talking import Message, type_of
from protocols.didcomm import encrypted
from protocols.didcomm import message as wire
from protocols.didcomm.encrypted import ENCRYPTED, Fresh
from protocols.didcomm.message import Message as Plain
from protocols.didcomm.v1 import message as wire_1
from protocols.didcomm.v1 import pack as pack_1
from protocols.didcomm.v1.services import Service
from protocols.encoding import parse_json_object, render_json
from tests.faults.front import Answered, Asked, Bug, Forward

PINGS = (PING, PING_1)
_PACKING: ContextVar[bool] = ContextVar("packing", default=False)
Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Slip:
    """What is changed of a message of ours: its plaintext, its protected header, its randomness, apv, the envelope.

    `salt`: of version 1 all randomness is the same; `anonymous`: nobody authenticates it; `early`: it goes wrong while
    the suite is getting to know us, too.
    """

    plaintext: Change | None = None
    header: Change | None = None
    fresh: Callable[[Fresh], Fresh] | None = None
    digest: Callable[[bytes], bytes] | None = None
    packed: Change | None = None
    salt: bool = False
    anonymous: bool = False
    early: bool = False


@dataclass(slots=True)
class Astray:
    """`slip` is what goes wrong now; `made` what the suite has made since, and who made it."""

    house: House
    slip: Slip = field(default_factory=Slip)
    made: list[tuple[Contact | Contact1, Message]] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)

    def plant(self, slip: Slip | None) -> None:
        self.slip, self.made, self.answered = slip or Slip(), [], set()

    @property
    def meeting(self) -> bool:
        """Whether the suite is only getting to know us."""
        last = self.made[-1][1] if self.made else {}
        return type_of(last) in (REQUEST, COMPLETE) or ("pthid" in last and type_of(last) == PING)

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Every message of ours passes here, and so does every one that the suite makes."""
        steps = {
            "protocols.didcomm.message.render": self._rendering(wire.render),
            "protocols.didcomm.encrypted._new_header": self._heading(encrypted._new_header),
            "protocols.didcomm.encrypted.fresh": self._freshening(encrypted.fresh),
            "protocols.didcomm.encrypted.recipients_digest": self._digesting(encrypted.recipients_digest),
            "protocols.didcomm.v1.message.render": self._rendering(wire_1.render),
            "protocols.didcomm.v1.pack.render_json": self._writing(pack_1.render_json),
            "protocols.didcomm.v1.pack.pack": self._salting(pack_1.pack),
            "agent.operations.messaging.envelope_v1.EnvelopeV1.pack": self._packing(EnvelopeV1.pack),
            "agent.operations.messaging.envelope_v2.EnvelopeV2.pack": self._packing(EnvelopeV2.pack),
            "conformance.didcomm.contact.Contact.message": self._noting(Contact.message),
            "conformance.didcomm.contact_1.Contact1.message": self._noting(Contact1.message),
        }
        patches = [patch(place, step) for place, step in steps.items()]
        for one in patches:
            one.start()
        try:
            yield
        finally:
            for one in patches:
                one.stop()

    def _noting(self, step: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(step)
        def noted(contact: Contact | Contact1, *arguments: Any, **headers: Any) -> Message:
            message: Message = step(contact, *arguments, **headers)
            self.made.append((contact, message))
            return message

        return noted

    def _packing(self, step: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(step)
        async def packed(envelopes: Any, scope: Any, identity: Any, message: Plain, *more: Any) -> bytes:
            self.answered.add(message.thid)
            if self.meeting and not self.slip.early:
                return bytes(await step(envelopes, scope, identity, message, *more))
            token = _PACKING.set(True)
            try:
                octets = await step(envelopes, scope, identity, message, *more)
            finally:
                _PACKING.reset(token)
            return self._changed(octets, self.slip.packed)

        return packed

    def _changed(self, octets: bytes, change: Change | None) -> bytes:
        if change is None:
            return octets
        found = parse_json_object(octets)
        change(found)
        return render_json({name: value for name, value in found.items() if value is not None})

    def _rendering(self, step: Callable[..., bytes]) -> Callable[..., bytes]:
        return lambda message: self._changed(step(message), self.slip.plaintext if _PACKING.get() else None)

    def _heading(self, step: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def headed(*arguments: Any) -> dict[str, Any]:
            header = step(*arguments)
            if self.slip.header and _PACKING.get():
                self.slip.header(header)
            return header

        return headed

    def _writing(self, step: Callable[..., bytes]) -> Callable[..., bytes]:
        """The protected header of version 1, the only object there that says its alg."""

        def written(found: dict[str, Any]) -> bytes:
            if self.slip.header and _PACKING.get() and "alg" in found:
                self.slip.header(found)
            return step(found)

        return written

    def _salting(self, step: Callable[..., bytes]) -> Callable[..., bytes]:
        """All of an envelope's randomness of version 1."""

        def salted(plaintext: bytes, addressees: Any, fresh: bytes, *more: Any) -> bytes:
            if not _PACKING.get():
                return step(plaintext, addressees, fresh, *more)
            signer = () if self.slip.anonymous else more
            return step(plaintext, addressees, bytes(len(fresh)) if self.slip.salt else fresh, *signer)

        return salted

    def _freshening(self, step: Callable[[bytes], Fresh]) -> Callable[[bytes], Fresh]:
        def freshened(entropy: bytes) -> Fresh:
            found = step(entropy)
            return self.slip.fresh(found) if self.slip.fresh and _PACKING.get() else found

        return freshened

    def _digesting(self, step: Callable[..., bytes]) -> Callable[..., bytes]:
        def digested(kids: Any) -> bytes:
            found = step(kids)
            return self.slip.digest(found) if self.slip.digest and _PACKING.get() else found

        return digested

    # Bugs of the front

    def says(self, *types: str, early: bool = False, **headers: Any) -> Bug:
        """Where we say nothing, or nothing of the thread, this is said in the thread of the suite's last message.

        `types` are the message's names in version 2 and in version 1.
        """

        async def bug(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
            before = self._waiting()
            answer = await forward(asked)
            waiting = self._waiting()
            if not waiting or (self.meeting and not early) or len(waiting) < len(before):
                return answer
            contact, message = next((one for one in waiting if type_of(one[1]) in PINGS), waiting[0])
            if isinstance(contact, Contact1):
                octets = await self._said_1(contact, message, types[-1])
                return Answered(200, {"Content-Type": pack_1.MEDIA_TYPE}, octets)
            return Answered(200, {"Content-Type": ENCRYPTED}, await self._said(contact, message, types[0], headers))

        return bug

    def _waiting(self) -> list[tuple[Contact | Contact1, Message]]:
        return [(who, one) for who, one in self.made if _id(one) not in self.answered]

    async def _said(self, contact: Contact, message: Message, type_: str, headers: dict[str, Any]) -> bytes:
        scope = await self.house.scope_of("agent", WORKER)
        identity = await identity_named(scope, contact.theirs.did)
        assert identity
        said = Plain(
            secrets.token_hex(8), type_, from_=identity.did, to=(contact.did,), thid=_id(message), headers=headers
        )
        return await EnvelopeV2().pack(scope, identity, said)

    async def _said_1(self, contact: Contact1, message: Message, type_: str) -> bytes:
        scope = await self.house.scope_of("agent", WORKER)
        async with scope.unit() as unit:
            own = await unit.connections.own_did(contact.theirs.keys[0])
        assert own
        known = stored((Service((contact.signing.verkey,), contact.theirs.endpoint),))
        connection = Connection(own.id, 1, "", "completed", own.id, contact.did, data=known)
        said = Plain(secrets.token_hex(8), type_, from_=own.did, to=(contact.did,), thid=_id(message))
        return await EnvelopeV1().pack(scope, identity_from(own), said, connection)

    def deaf(self, hears: Callable[[dict[str, Any]], bool] = lambda message: False) -> Bug:
        """What is not of a first meeting is taken and forgotten, but for what `hears` names."""

        async def bug(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
            if self.meeting or (self.made and hears(self.made[-1][1])):
                return await forward(asked)
            return Answered(202, {}, b"")

        return bug


def _id(message: Message) -> str:
    return str(message.get("id", message.get("@id")))


def sets(**members: Any) -> Change:
    """These members are so; None takes one away."""

    def change(found: dict[str, Any]) -> None:
        found |= members
        for name in [name for name, value in members.items() if value is None]:
            found.pop(name, None)

    return change


def told(**body: Any) -> Change:
    """The body says this too."""

    def change(found: dict[str, Any]) -> None:
        found["body"] = {**found.get("body", {}), **body}

    return change


def keeps(**parts: bytes) -> Callable[[Fresh], Fresh]:
    """Parts of the randomness that are always the same."""
    return lambda found: replace(found, **parts)


def rewritten(change: Change) -> Bug:
    """The invitation that the door tells, in another version."""

    async def bug(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
        answer = await forward(asked)
        found = json.loads(answer.body)
        change(found)
        return answer.with_json(found)

    return bug
