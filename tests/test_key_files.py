"""A private key is read only from a file that nobody else can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.key_files import MOST_BYTES, KeyFileError, read_key_file

WHAT = "The key file"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a key in it, its owner's alone."""
    path = tmp_path / "key"
    path.write_bytes(b"secret")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_is_its_owners_alone_is_read(file: Path, mode: int) -> None:
    file.chmod(mode)

    assert read_key_file(file, WHAT) == b"secret"


@pytest.mark.parametrize(
    ("mode", "who"),
    [
        (0o644, "everybody on this machine"),
        (0o604, "everybody on this machine"),
        (0o602, "everybody on this machine"),
        (0o640, "its group"),
        (0o620, "its group"),
    ],
)
def test_a_file_that_others_can_read_or_change_is_refused_with_what_would_be_right(
    file: Path, mode: int, who: str
) -> None:
    file.chmod(mode)

    with pytest.raises(KeyFileError) as refused:
        read_key_file(file, WHAT)

    assert str(refused.value) == (
        f"The key file {file} is open to {who}, so its key may be known already. "
        f"It must be its owner's alone: chmod 600 {file}"
    )


def test_a_file_of_roots_may_be_readable_by_a_group_of_ours(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As container platforms hand out secrets. Nobody but root can make such a file, so the roles are played."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to root")
    monkeypatch.setattr(os, "geteuid", lambda: 10_001)
    file.chmod(0o440)

    assert read_key_file(file, WHAT) == b"secret"

    for too_open in (0o444, 0o460):
        file.chmod(too_open)
        with pytest.raises(KeyFileError, match="is open to"):
            read_key_file(file, WHAT)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)

    for path, says in (
        (tmp_path / "none", "cannot be read: No such file or directory."),
        (tmp_path, "is not a file; name the file itself."),
        (pipe, "is not a file; name the file itself."),
    ):
        with pytest.raises(KeyFileError) as refused:
            read_key_file(path, WHAT)
        assert str(refused.value) == f"The key file {path} {says}"


def test_a_file_that_is_far_too_large_is_not_read_whole(file: Path) -> None:
    file.write_bytes(bytes(MOST_BYTES + 1))

    with pytest.raises(KeyFileError, match=r"is larger than 65536 bytes; no key is\.$"):
        read_key_file(file, WHAT)
