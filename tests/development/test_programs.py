"""Which programs of the stack can be run on a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.development.programs import NODE_PRODUCER, missing_of_node


@pytest.fixture
def producer_folder(tmp_path: Path) -> Path:
    """A producer in Node with its packages installed."""
    (tmp_path / "producer" / "node_modules").mkdir(parents=True)
    return tmp_path / "producer"


def on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, node: str | None) -> None:
    """Makes `node` the shell script that is the only program there is."""
    programs = tmp_path / "programs"
    programs.mkdir()
    if node is not None:
        (programs / "node").write_text(f"#!/bin/sh\n{node}\n")
        (programs / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))


@pytest.mark.parametrize("node", [None, "echo v18.20.4", "echo v8.0.0", "exit 1", "echo node", "sleep"])
def test_without_a_node_that_is_new_enough_the_producer_is_left_out(
    tmp_path: Path, producer_folder: Path, monkeypatch: pytest.MonkeyPatch, node: str | None
) -> None:
    on_the_path(tmp_path, monkeypatch, node=node)

    assert missing_of_node(producer_folder) == "it needs Node 20 or newer"


def test_without_its_packages_the_producer_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_the_path(tmp_path, monkeypatch, node="echo v20.19.0")

    assert missing_of_node(tmp_path) == "its npm packages are not installed, which `make run` does"


@pytest.mark.parametrize("version", ["v20.0.0", "v24.19.0", "v100.0.0"])
def test_with_both_the_producer_can_be_run(
    tmp_path: Path, producer_folder: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    on_the_path(tmp_path, monkeypatch, node=f"echo {version}")

    assert missing_of_node(producer_folder) is None


def test_the_producer_in_node_is_where_the_stack_looks_for_it() -> None:
    assert NODE_PRODUCER.command[0] == "node"
    assert Path(NODE_PRODUCER.command[1]).is_file()
