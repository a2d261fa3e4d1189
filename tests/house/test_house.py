"""The house as a whole: what stands where, what no file says, and that its papers are true."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.config import Config

ROOT = Path(__file__).resolve().parents[2]
TOP = {
    *("agent", "plugins", "protocols", "migrations", "tests", "conformance", "docs", ".ci"),
    *(
        "pyproject.toml",
        "Dockerfile",
        "README.md",
        "Makefile",
        "LICENSE",
        "compose.yaml",
        ".dockerignore",
        ".gitignore",
    ),
    *("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "GLOSSARY.md", "SECURITY.md", ".hadolint.yaml"),
    *(f"requirements{kind}" for kind in (".in", ".txt", "-dev.in", "-dev.txt", "-build.in")),
}
# Hosts of package registries and mirrors, written so that this file does not name one.
REGISTRIES = re.compile(r"(pypi|pythonhosted|npmjs|yarnpkg|debian|crates|docker|ghcr|quay)\.(org|io|com)\b")
# Folders of one machine: where somebody's work or a workplace's tools lie.
MACHINES = re.compile(r"(?<![\w.])/(work|root|home/\w+|Users|check)/\w")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


FILES = tracked()
TEXTS = [path for path in FILES if path.suffix not in (".png", ".ico", ".der", ".bin")]
PAPERS = [path for path in FILES if path.suffix == ".md"]
CODE = [path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "tests"]


def test_nothing_stands_at_the_top_that_has_no_place_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} <= TOP


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINES], ids=["registry", "machine"])
def test_no_file_names_a_registry_or_a_folder_of_one_machine(pattern: re.Pattern[str]) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in TEXTS
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
        if path != Path(__file__)
    }
    assert found == set()


def test_what_is_locked_has_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements.txt", ROOT / "requirements-dev.txt"):
        text = path.read_text(encoding="utf-8")
        requirements = [line for line in text.splitlines() if re.match(r"\w", line)]
        assert requirements
        assert all("==" in line and line.endswith("\\") for line in requirements)
        assert "://" not in text


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_paper_leads_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", paper.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (paper.parent / target).exists(), f"{paper.name} points at {target}"


def test_every_file_that_a_paper_names_exists() -> None:
    """Paths in backquotes with one of our folders in front."""
    named = re.compile(r"`((?:agent|protocols|plugins|migrations|tests|conformance|docs)/[\w./-]+?\.\w+)(?:::[\w]+)?`")
    missing = {
        f"{paper.relative_to(ROOT)}: {path}"
        for paper in PAPERS
        for path in named.findall(paper.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    }
    assert missing == set()


def test_the_readme_names_every_verb_and_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [verb for verb in main.list_commands(None) if f"`{verb}" not in readme] == []  # type: ignore[arg-type]  # unused
    settings = {name.upper() for name in Config.__dataclass_fields__} - {"PLUGIN_SETTINGS"}
    unnamed = {
        name
        for name in settings
        if f"`{name}`" not in readme and f"`_{name.removeprefix('DATABASE')[1:]}`" not in readme
    }
    assert unnamed == set()


def test_every_dependency_has_a_line_that_says_why() -> None:
    wanted = set()
    for path in ROOT.glob("requirements*.in"):
        lines = path.read_text(encoding="utf-8").splitlines()
        wanted |= {re.split(r"[\[=<>;]", line)[0].strip() for line in lines if re.match(r"\w", line)}
    lines = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").split("## What we wrote")[0].splitlines()
    told = [line.split("|")[1].strip() for line in lines if line.startswith("| ") and not line.startswith("| package")]
    assert sorted(told) == sorted(wanted)
    assert all(
        len(line.split("|")) == 5 and all(part.strip() for part in line.split("|")[1:4])
        for line in lines
        if line.startswith("| ")
    )


def public(module: ast.Module) -> list[tuple[str, ast.AST]]:
    """Public classes, functions and methods of a module; methods of nested or private classes are not."""
    found: list[tuple[str, ast.AST]] = []
    for node in module.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            found.append((node.name, node))
            if isinstance(node, ast.ClassDef):
                kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
                inner = [one for one in node.body if isinstance(one, kinds) and not one.name.startswith("_")]
                found += [(f"{node.name}.{one.name}", one) for one in inner]
    return found


def is_stub(node: ast.AST) -> bool:
    """A line of a Protocol that says `...`: its name and types are all there is to say."""
    body = getattr(node, "body", [])
    return len(body) == 1 and isinstance(body[0], ast.Expr) and getattr(body[0].value, "value", None) is ...


@pytest.mark.parametrize("folder", ["protocols", "plugins", "agent"])
def test_public_code_says_what_it_is(folder: str) -> None:
    silent = []
    for path in CODE:
        relative = path.relative_to(ROOT)
        if relative.parts[0] != folder:
            continue
        module = ast.parse(path.read_text(encoding="utf-8"))
        if module.body and not ast.get_docstring(module):
            silent.append(str(relative))
        silent += [
            f"{relative}: {name}"
            for name, node in public(module)
            if not is_stub(node) and not ast.get_docstring(node)  # type: ignore[arg-type]  # classes and functions
        ]
    assert silent == []
