"""`chancery plugin new` and `chancery plugin check`: a package of one's own, and its contract."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import click
import jinja2

from agent.cli.client import FAILED
from agent.discovery import FAMILIES

_TEMPLATES = Path(__file__).with_name("templates") / "plugin"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9+_.-]{0,62}[A-Za-z0-9])?", re.ASCII)
_SINGULAR = {
    "client_id_prefixes": "client-id-prefix",
    "client_authentication": "client-authentication",
}
KINDS = {_SINGULAR.get(family, family.removesuffix("s").replace("_", "-")): family for family in FAMILIES}
"""What the command calls a plugin of each family."""


@click.group()
def plugin() -> None:
    """Write a plugin, and hold it to its contract."""


@plugin.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("name")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=".", help="Folder of the package.")
def new(kind: str, name: str, into: Path) -> None:
    """Write a package with a plugin of KIND called NAME, which works as it stands and passes its contract."""
    if not _NAME.fullmatch(name) or (kind == "did-method" and not re.fullmatch(r"[a-z0-9]+", name)):
        raise click.BadParameter("a name is of letters, digits and + _ . -, a DID method's of a-z and 0-9")
    words = [word for word in re.split(r"[^A-Za-z0-9]+", f"{kind}-{name}") if word]
    module = "chancery_" + "_".join(words).lower()
    folder = into / module.replace("_", "-")
    if folder.exists():
        raise click.ClickException(f"{folder} is there already")
    values = {
        "name": name,
        "family": KINDS[kind],
        "module": module,
        "project": folder.name,
        "class_name": "".join(word[:1].upper() + word[1:] for word in words),
        "title": f"A {kind.replace('-', ' ')}",
        "setting": re.sub(r"[^A-Z0-9]", "_", name.upper()),
    }
    for path, text in _rendered(KINDS[kind], values):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    click.echo(f"{folder}: install it with pip, run pytest there, then `chancery plugin check {name}`")


def _rendered(family: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    # Python and TOML are no markup: what is filled in was checked by _NAME.
    environment = jinja2.Environment(
        loader=loader,
        autoescape=False,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    source = f"src/{values['module']}"
    for template, path in (
        ("pyproject.toml", "pyproject.toml"),
        ("README.md", "README.md"),
        ("test_contract.py", "tests/test_contract.py"),
        (f"{family}.plugin.py", f"{source}/__init__.py"),
        (f"{family}.contract.py", f"{source}/contract.py"),
    ):
        yield path, environment.get_template(f"{template}.jinja").render(values)


@plugin.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Where plugins of several kinds have the name.")
def check(name: str, kind: str | None) -> None:
    """Run the contract of an installed plugin called NAME. Ends 1 when it is broken."""
    found = _samples(name, kind)
    try:
        import pytest
    except ImportError:
        raise click.ClickException("the contract's suites need pytest: pip install pytest") from None
    failed = False
    for point in found:
        subject = point.load()
        arguments = ["-q", "-c", "/dev/null", "-p", "no:cacheprovider", "--import-mode=importlib"]
        suite = ["--pyargs", f"agent.contracts.{subject.family}"]
        failed |= pytest.main([*arguments, *suite], plugins=[_Chosen(subject)]) != 0
    sys.exit(FAILED if failed else 0)


def _samples(name: str, kind: str | None) -> list[EntryPoint]:
    families = [KINDS[kind]] if kind else list(FAMILIES)
    wanted = {f"{family}.{name}" for family in families if entry_points(group=f"chancery.{family}", name=name)}
    if not wanted:
        raise click.ClickException(f"no plugin {name!r} is installed")
    found = [point for point in entry_points(group="chancery.samples") if point.name in wanted]
    if not found:
        raise click.ClickException(f"nothing says how to check it: no entry point {min(wanted)!r} in chancery.samples")
    if len(found) > 1:
        raise click.ClickException("several plugins have the name: say which with --kind")
    return found


class _Chosen:
    """A plugin of pytest, by which a suite runs over one subject."""

    def __init__(self, subject: Any) -> None:
        self._subject = subject

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """As a module's SUBJECTS would."""
        if "subject" in metafunc.fixturenames:
            metafunc.parametrize("subject", [self._subject], ids=[self._subject.name])
