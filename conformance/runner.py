"""Run a plan against a target: every check on its own, and a crash of one is a finding like any other."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from conformance.http import Unreachable
from conformance.jose import Unreadable
from conformance.plan import Plan, Requirement
from conformance.registry import CHECKS
from conformance.session import Session
from conformance.target import CreationFailed
from conformance.verdict import Blocked, Failed, Skipped

PATIENCE = 60.0
OUTCOMES = {"F": "failed", "W": "warned", "R": "review"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `outcome`: passed, failed, warned, review, skipped, blocked or error."""

    requirement: Requirement
    outcome: str
    expected: str = ""
    seen: str = ""
    seconds: float = 0.0


async def run(plan: Plan, session: Session, tell: Callable[[Finding], None] = lambda _: None) -> list[Finding]:
    findings = []
    for requirement in plan.requirements:
        finding = await examine(requirement, session)
        tell(finding)
        findings.append(finding)
    return findings


async def examine(requirement: Requirement, session: Session) -> Finding:
    started = time.perf_counter()
    outcome, expected, seen = await _outcome(requirement, session)
    return Finding(requirement, outcome, session.mask(expected), session.mask(seen), time.perf_counter() - started)


async def _outcome(requirement: Requirement, session: Session) -> tuple[str, str, str]:
    try:
        await asyncio.wait_for(CHECKS[requirement.id](session), PATIENCE)
    except Failed as failed:
        return OUTCOMES[requirement.severity], failed.expected, failed.seen
    except Unreadable as unreadable:
        return OUTCOMES[requirement.severity], requirement.text, str(unreadable)
    except Skipped as skipped:
        return "skipped", "", str(skipped)
    except Blocked as blocked:
        return "blocked", "the steps before this check to work", str(blocked)
    except (Unreachable, CreationFailed) as error:
        return "error", "an answer", str(error)
    except TimeoutError:
        return "error", f"an answer within {PATIENCE:.0f} s", "none"
    except Exception as error:
        return "error", "the check to run to its end", f"{type(error).__name__}: {error}"
    return "passed", "", ""


def exit_code(findings: list[Finding]) -> int:
    """0: at least one check passed, and none failed, was blocked or broke; warnings do not count. 1: otherwise."""
    outcomes = {finding.outcome for finding in findings}
    return 1 if outcomes & {"failed", "blocked", "error"} or "passed" not in outcomes else 0
