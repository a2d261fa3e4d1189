"""A package of somebody else's for every kind of plugin: written by the command, installed, held to its contract."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.main import main
from agent.cli.plugin_authoring import KINDS

NAMES = {kind: "pebble" if kind == "did-method" else f"pebble-{kind}" for kind in KINDS}


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, list(arguments))
    return answer.exit_code, answer.output


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as the command writes them."""
    folder = tmp_path_factory.mktemp("sources")
    for kind, name in NAMES.items():
        code, said = run("plugin", "new", kind, name, "--into", str(folder))
        assert code == 0, said
    return folder


@pytest.fixture(scope="module")
def environment(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which they are installed."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    packages = sorted(str(one) for one in sources.iterdir())
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--no-index", "--target", target, *packages], check=True)
    return {**os.environ, "PYTHONPATH": str(target)}


def test_each_passes_its_own_tests_and_so_its_contract(sources: Path, environment: dict[str, str]) -> None:
    tests = sorted(str(one) for one in sources.glob("*/tests"))
    assert len(tests) == len(KINDS)
    arguments = ["-q", "-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib", *tests]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        env=environment,
        cwd=sources,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert int(done.stdout.splitlines()[-1].split(" passed")[0].split()[-1]) > 100


def check(name: str, environment: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent.cli", "plugin", "check", name, *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", ["did-method", "credential-format"])
def test_what_is_installed_is_checked_by_name(kind: str, environment: dict[str, str]) -> None:
    done = check(NAMES[kind], environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_a_plugin_that_breaks_its_contract_is_told(environment: dict[str, str]) -> None:
    target = Path(environment["PYTHONPATH"])
    (module,) = target.glob("chancery_did_method_*/__init__.py")
    text = module.read_text()
    module.write_text(text.replace('method: ClassVar[str] = "pebble"', 'method: ClassVar[str] = "stone"'))
    try:
        done = check(NAMES["did-method"], environment)
    finally:
        module.write_text(text)
    assert done.returncode == 1
    assert "test_it_is_made_of_its_tools_alone_and_says_its_method" in done.stdout


def test_what_cannot_be_checked_or_written_is_said(environment: dict[str, str], sources: Path) -> None:
    assert "no plugin 'nobody' is installed" in check("nobody", environment).stderr
    assert "no entry point 'did_methods.web'" in check("web", environment).stderr
    assert run("plugin", "new", "did-method", "../etc")[0] == 2
    assert run("plugin", "new", "did-method", "pebble", "--into", str(sources))[0] == 1
