"""The same findings three times: for a terminal, as JSON, and as JUnit XML."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from conformance.plan import SEVERITIES, Plan
from conformance.runner import Finding

MARKS = {
    "passed": "pass",
    "failed": "FAIL",
    "warned": "warn",
    "review": "look",
    "skipped": "skip",
    "blocked": "BLOCKED",
    "error": "ERROR",
}


def line(finding: Finding) -> str:
    """One finding for a terminal: one line when there is nothing to say, more when there is."""
    requirement = finding.requirement
    head = f"{MARKS[finding.outcome]:>7}  {requirement.severity}  {requirement.id}"
    if finding.outcome == "passed":
        return head
    if finding.outcome == "skipped":
        return f"{head}  ({finding.seen})"
    where = f"{requirement.spec}, {requirement.section}: {requirement.text}"
    return "\n".join(
        [head, f"{'':12}{where}", f"{'':12}expected: {finding.expected}", f"{'':12}seen:     {finding.seen}"]
    )


def summary(findings: Sequence[Finding]) -> str:
    counted = totals(findings)
    told = [f"{number} {outcome}" for outcome, number in counted.items() if number or outcome == "passed"]
    return f"{len(findings)} checks: {', '.join(told)}"


def totals(findings: Sequence[Finding]) -> dict[str, int]:
    counted = Counter(finding.outcome for finding in findings)
    return {outcome: counted[outcome] for outcome in MARKS}


def as_json(plan: Plan, target: str, findings: Sequence[Finding]) -> str:
    document = {
        "plan": plan.id,
        "target": target,
        "totals": totals(findings),
        "findings": [as_object(finding) for finding in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_object(finding: Finding) -> dict[str, Any]:
    requirement = finding.requirement
    return {
        "check": requirement.id,
        "outcome": finding.outcome,
        "severity": requirement.severity,
        "specification": requirement.spec,
        "section": requirement.section,
        "requirement": requirement.text,
        "expected": finding.expected,
        "seen": finding.seen,
        "seconds": round(finding.seconds, 3),
    }


def as_junit(plan: Plan, target: str, findings: Sequence[Finding]) -> str:
    """JUnit knows no warnings: what only warns or asks to look passes, and says so in system-out."""
    counted = totals(findings)
    suite = ElementTree.Element(
        "testsuite",
        name=f"{plan.id} against {target}",
        tests=str(len(findings)),
        failures=str(counted["failed"]),
        errors=str(counted["error"] + counted["blocked"]),
        skipped=str(counted["skipped"]),
        time=f"{sum(f.seconds for f in findings):.3f}",
    )
    for finding in findings:
        suite.append(_case(plan, finding))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(plan: Plan, finding: Finding) -> ElementTree.Element:
    requirement = finding.requirement
    seconds = f"{finding.seconds:.3f}"
    case = ElementTree.Element("testcase", classname=plan.id, name=requirement.id, time=seconds)
    told = f"{requirement.spec}, {requirement.section} ({SEVERITIES[requirement.severity]}): {requirement.text}"
    detail = _printable(f"{told}\nexpected: {finding.expected}\nseen: {finding.seen}")
    if finding.outcome == "failed":
        ElementTree.SubElement(case, "failure", message=_printable(finding.expected)).text = detail
    elif finding.outcome in {"error", "blocked"}:
        ElementTree.SubElement(case, "error", message=_printable(finding.seen), type=finding.outcome).text = detail
    elif finding.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", message=_printable(finding.seen))
    elif finding.outcome != "passed":
        ElementTree.SubElement(case, "system-out").text = f"{finding.outcome}: {detail}"
    return case


def _printable(text: str) -> str:
    """XML 1.0 has no control characters; a hostile answer may."""
    return "".join(c if c in "\n\t" or (c.isprintable() and c.isascii()) or c.isalnum() else "?" for c in text)
