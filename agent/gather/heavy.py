"""Steps whose work an attacker can make slow: their heavy part is done in the sandbox."""

from typing import Any

from agent.scope import Scope
from protocols.errors import ProtocolError
from protocols.ports import Sandboxed

_HEAVY_SECONDS = 0.75


class TooSlow(ProtocolError):
    """The document takes too long to be processed."""

    code = "too_complex"


async def finished(scope: Scope, answer: Any) -> Any:
    """What a pure step answers, its heavy part done in the sandbox. Raises TooSlow, and what the step raises."""
    while isinstance(answer, Sandboxed):
        try:
            done = await scope.sandbox.run(answer.function, *answer.arguments, seconds=answer.seconds or _HEAVY_SECONDS)
        except TimeoutError:
            raise TooSlow("killed") from None
        except (EOFError, OSError):
            raise TooSlow("the sandbox ended") from None
        answer = answer.then(done)
    return answer
