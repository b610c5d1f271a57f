"""The adapter's file: everything wrong with it is told at once, and a credential never."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from subgraphs.kundhandelse.configuration import ConfigurationError, load_configuration
from tests.kundhandelse.adapter import KEY, configuration_file
from tests.subgraphs.processes import ROOT

GOOD = """
gateway = "https://gateway.example"
audience = "https://building-committee.example"
base = "https://authority.example/2281"

[case_types]
"TESTKOP.BYGGLOV" = "BYGGLOV"
"""


def problems_of(folder: Path, text: str) -> list[str]:
    path = folder / "adapter.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refusal:
        load_configuration(path)
    return refusal.value.problems


def test_a_good_file_has_defaults_for_the_rest(tmp_path: Path) -> None:
    (tmp_path / "adapter.toml").write_text(GOOD)

    configuration = load_configuration(tmp_path / "adapter.toml", gateway="http://127.0.0.1:8000/", audience=None)

    assert configuration.gateway == "http://127.0.0.1:8000"
    assert configuration.audience == "https://building-committee.example"
    assert (configuration.reference, configuration.reference_type) == ("diarienummer", "Diarienummer")
    assert configuration.limits.deadline == 2.5
    assert configuration.headers() == {}


def test_every_problem_is_told_together(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")

    problems = problems_of(
        tmp_path,
        """
        gateway = "http://gateway.example"
        base = "https://user:secret@authority.example"
        colour = "red"
        authentication = [
            { header = "X-API-Key", file = "missing" },
            { header = "Host", file = "empty" },
        ]
        [case_types]
        "TESTKOP..BYGGLOV" = "bygglov"
        [limits]
        deadline = 0
        max_response = "1 MB"
        """,
    )

    for told in (
        "gateway: must begin with https://",
        "audience: Field required.",
        "base: must not hold credentials",
        "case_types.TESTKOP..BYGGLOV.[key]: String should match",
        "case_types.TESTKOP..BYGGLOV: String should match",
        "authentication.0.file: the file",
        "authentication.1.header: the adapter itself sets Host",
        "authentication.1.file: the file",
        "limits.deadline: Input should be greater than 0.",
        "limits.max_response: Input should be a valid integer",
        "colour: Extra inputs are not permitted.",
    ):
        assert any(problem.startswith(told) for problem in problems), told
    assert len(problems) == 11
    assert not any("secret" in problem for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("https://authority.example/2281", "ftp://authority.example", "base: must be an address such as"),
        ("https://authority.example/2281", "https://", "base: must be an address such as"),
        ("https://authority.example/2281", "https://authority.example:99999", "base: must be an address such as"),
        ("https://authority.example/2281", "https://authority.example/a b", "base: must be an address such as"),
        ("https://authority.example/2281", "https://authority.example?a=1", "base: must end with its path"),
        ("https://authority.example/2281", "http://authority.example", "base: must begin with https://"),
        ("[case_types]", "[cases]", "case_types: Field required"),
        ("[case_types]", "[case_types", "it is not TOML"),
    ],
)
def test_a_wrong_line_is_told_by_its_name(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert any(problem.startswith(told) for problem in problems_of(tmp_path, GOOD.replace(old, new)))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="it cannot be read: No such file"):
        load_configuration(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"", b" \n", b"two\nlines", b"\xc3\xa5", b"x" * 5000, b"a\x00b"])
def test_a_credential_is_one_line_of_printable_ascii(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    lines = 'authentication = [{ header = "X-API-Key", file = "key" }]'

    (problem,) = problems_of(tmp_path, lines + GOOD)

    assert "must hold one line of printable ASCII" in problem


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the adapter's command to its end."""
    command = [sys.executable, "-m", "subgraphs.kundhandelse", *options]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=30)


def test_check_serves_nothing_and_says_whether_the_file_is_good(tmp_path: Path) -> None:
    path = configuration_file(tmp_path, "https://authority.example", "https://gateway.example")

    good = run("--config", str(path), "--check")
    path.write_text(path.read_text().replace("https://authority", "http://authority"))
    bad = run("--config", str(path), "--check")

    assert (good.returncode, good.stdout, good.stderr) == (0, f"The configuration {path} is good.\n", "")
    assert bad.returncode == 1
    assert bad.stderr == (
        f"The configuration {path} is wrong:\n  base: must begin with https:// (http is for this machine alone).\n"
    )
    assert KEY not in good.stdout + bad.stdout + bad.stderr


def test_the_demonstrations_file_is_good() -> None:
    assert run("--config", "subgraphs/kundhandelse/adapter.toml", "--check").returncode == 0
