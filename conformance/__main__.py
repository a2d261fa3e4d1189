"""The `conformance` command: run a plan against a target, list what it checks, explain one check."""

import argparse
import asyncio
import inspect
import json
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance import attester, authority, provider, report, runner, target
from conformance import plan as plans
from conformance.http import Http, Unreachable
from conformance.jose import Unreadable
from conformance.masking import Mask
from conformance.registry import CHECKS, load_checks
from conformance.session import Session, well_known

PASSED, FAILED, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: all passed. 1: something did not. 2: the command, a file or the target could not be used."""
    options = _parser().parse_args(arguments)
    load_checks()
    try:
        code: int = options.verb(options)
    except (plans.BadPlan, target.BadTarget, Unreachable, Unreadable, OSError, ssl.SSLError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return UNUSABLE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    run = verbs.add_parser("run", help="run a plan against a target")
    run.add_argument("--plan", required=True, help=f"a plan's name ({', '.join(plans.names())}) or file")
    run.add_argument("--target", required=True, metavar="FILE", help="the target file (docs/conformance.md)")
    run.add_argument("--json", metavar="FILE", help="write the JSON report here")
    run.add_argument("--junit", metavar="FILE", help="write the JUnit XML report here")
    run.add_argument("--only", nargs="+", metavar="CHECK", help="only these checks of the plan")
    run.set_defaults(verb=_run)
    listing = verbs.add_parser("list", help="list the checks of a plan")
    listing.add_argument("--plan", required=True)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(verb=_list)
    making = verbs.add_parser("authority", help="make a certificate authority for credentials that the suite signs")
    making.add_argument("folder", help="where authority.pem and authority.key are written")
    making.set_defaults(verb=_authority)
    attesting = verbs.add_parser("wallet", help="make a wallet provider, and a client's key, for checks of issuers")
    attesting.add_argument("folder", help="where provider-root.pem, provider.pem, client.jwks and the keys are written")
    attesting.set_defaults(verb=_wallet)
    naming = verbs.add_parser("attestation", help="print a Verifier Attestation JWT for the key that signed a request")
    naming.add_argument("link", help="a link of the verifier's, with a request_uri and signed under x5c")
    naming.add_argument("--client", default="verifier.example", help="whose key it is said to be")
    naming.set_defaults(verb=_attestation)
    explain = verbs.add_parser("explain", help="say what a check demands, how it looks, and where that is written")
    explain.add_argument("check")
    explain.set_defaults(verb=_explain)
    return parser


def _run(options: argparse.Namespace) -> int:
    chosen = plans.load(options.plan).only(options.only)
    findings = asyncio.run(_examine(chosen, target.load(options.target)))
    named = target.load(options.target).name
    print(report.summary(findings))
    for path, render in ((options.json, report.as_json), (options.junit, report.as_junit)):
        if path:
            Path(path).write_text(render(chosen, named, findings), encoding="utf-8")
    return runner.exit_code(findings)


async def _examine(chosen: plans.Plan, aim: target.Target) -> list[runner.Finding]:
    async with Http(aim.authorities) as http:
        if aim.issuer:
            await http.get(well_known(aim.issuer, "openid-credential-issuer"))
        session = Session(aim, http, Mask(), response_mode=chosen.response_mode, variants=chosen.variants)
        return await runner.run(chosen, session, lambda f: print(report.line(f), flush=True))


def _list(options: argparse.Namespace) -> int:
    chosen = plans.load(options.plan)
    if options.json:
        entries = [
            {n: getattr(r, n) for n in ("id", "severity", "spec", "section", "text")} for r in chosen.requirements
        ]
        print(json.dumps({"plan": chosen.id, "title": chosen.title, "checks": entries}, indent=2))
        return PASSED
    for requirement in chosen.requirements:
        print(f"{requirement.severity}  {requirement.id:36} {requirement.spec}, {requirement.section}")
    print(f"{len(chosen.requirements)} checks")
    return PASSED


def _authority(options: argparse.Namespace) -> int:
    authority.write(authority.create(), Path(options.folder))
    print(f"{options.folder}: authority.pem, which the verifier has to trust, and authority.key")
    return PASSED


def _wallet(options: argparse.Namespace) -> int:
    provider.write(Path(options.folder))
    print(
        f"{options.folder}: provider-root.pem, which the issuer has to trust, client.jwks to register, and their keys"
    )
    return PASSED


def _attestation(options: argparse.Namespace) -> int:
    print(asyncio.run(_attested(options.link, options.client)))
    return PASSED


async def _attested(link: str, client: str) -> str:
    async with Http() as http:
        return await attester.attest(http, link, client)


def _explain(options: argparse.Namespace) -> int:
    if options.check not in CHECKS:
        raise plans.BadPlan(f"no check {options.check!r}; `conformance list --plan PLAN` names them")
    print(options.check)
    for name in plans.names():
        for r in plans.load(name).requirements:
            if r.id == options.check:
                print(
                    f"\n  {r.text}\n  {r.spec}, {r.section}; severity {r.severity} ({plans.SEVERITIES[r.severity]}); plan {name}"
                )
    print(f"\n  How: {inspect.getdoc(CHECKS[options.check])}")
    return PASSED


if __name__ == "__main__":
    sys.exit(main())
