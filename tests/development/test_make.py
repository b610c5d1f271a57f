"""The Makefile: what `make` alone says, and what it says when something is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def make(*arguments: str, folder: Path = TOP, programs: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs make, and not as a part of the make that runs the tests. Programs in `programs` come first."""
    environment = {"PATH": f"{programs}:/usr/bin:/bin" if programs else "/usr/bin:/bin", "LANG": "C.UTF-8"}
    command = [str(MAKE), "-f", str(TOP / "Makefile"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_make_alone_prints_help() -> None:
    assert make().stdout == make("help").stdout
    assert "  make run " in make().stdout


def test_help_lists_every_target_with_what_it_does() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (TOP / "Makefile").read_text(), flags=re.MULTILINE)

    assert re.findall(r"^  make (\S+) +\S", make().stdout, flags=re.MULTILINE) == phony.split()


def test_every_recipe_is_at_most_three_lines() -> None:
    """Logical lines: what is more belongs into a program."""
    rules = re.split(r"\n(?=\S)", (TOP / "Makefile").read_text().replace("\\\n", ""))

    assert [rule for rule in rules if rule.count("\n\t") > 3] == []


def test_a_python_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "requirements-dev.txt").touch()
    (tmp_path / "pyproject.toml").touch()

    result = make("schema", "PYTHON=python2.5", folder=tmp_path)

    assert result.returncode != 0
    assert (
        result.stdout == "Python 3.11 or newer is needed, and python2.5 is not. Name another: make PYTHON=python3.12\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_node_that_is_missing_is_a_sentence_and_stops_nothing(tmp_path: Path) -> None:
    """`make` must not even try what needs it."""
    result = make("playground", "NODE_VERSION=process.exit(1)", folder=tmp_path)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "The playground is not built: it needs Node 20.19 or newer. Everything else works.\n"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A Node that is new enough, and an npm that installs half and fails, telling of it at some length."""
    folder = tmp_path / "programs"
    folder.mkdir()
    npm = 'mkdir -p node_modules/half; for line in $(seq 20); do echo "npm error $line" >&2; done; exit 1'
    for name, script in {"node": "exit 0", "npm": npm}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


LAST_LINES = "".join(f"npm error {number}\n" for number in range(13, 21))


def test_an_npm_that_fails_is_a_sentence_with_its_last_lines_and_stops_nothing(tmp_path: Path, programs: Path) -> None:
    (tmp_path / "gateway" / "http" / "playground").mkdir(parents=True)

    result = make("playground", folder=tmp_path, programs=programs)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "Building the playground (once; about a minute) ...\n"
        f"{LAST_LINES}The playground is not built: npm failed as shown above. Everything else works.\n"
    )


def test_npm_packages_that_cannot_be_installed_are_a_sentence_and_leave_nothing_half_done(
    tmp_path: Path, programs: Path
) -> None:
    (tmp_path / "tests" / "audit").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (tmp_path / "tests" / "audit" / name).touch()

    result = make("tests/audit/node_modules/.package-lock.json", folder=tmp_path, programs=programs)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "Installing the npm packages of tests/audit ...\n"
        f"{LAST_LINES}npm failed as shown above: what needs the packages of tests/audit is left out.\n"
    )
    assert not (tmp_path / "tests" / "audit" / "node_modules").exists()


def test_an_npm_lock_file_names_no_address() -> None:
    locks = [path for path in TOP.rglob("package-lock.json") if "node_modules" not in path.parts]

    assert locks
    assert [str(path) for path in locks if '"resolved"' in path.read_text()] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_file_of_python_packages_names_no_address_and_hashes_everything(name: str) -> None:
    requirements = (TOP / name).read_text().replace("\\\n", " ").splitlines()

    assert requirements
    assert [line for line in requirements if "://" in line or "--hash=sha256:" not in line] == []


def test_both_lock_files_agree() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (TOP / name).read_text(), flags=re.MULTILINE))

    product, everything = versions("requirements.txt"), versions("requirements-dev.txt")
    assert product.items() <= everything.items()
