"""What counts as a JSON object in a token: what every reader reads in the same way."""

from __future__ import annotations

import pytest

from gateway.identity.json_objects import json_object


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{}", {}),
        ('{"a": 1, "b": 1}', {"a": 1, "b": 1}),
        ('{"a": {"a": {"a": [{"a": null}, {"a": 1.5}]}}}', {"a": {"a": {"a": [{"a": None}, {"a": 1.5}]}}}),
        ('{"ä": "\\u00e5"}', {"ä": "å"}),
        ('{"a": true, "A": false}', {"a": True, "A": False}),
    ],
)
def test_an_object_is_read(content: str, found: dict[str, object]) -> None:
    assert json_object(content.encode()) == found


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": 1, "a": 1}', "the JSON has two members of the same name"),
        ('{"a": 1, "b": 2, "a": 3}', "the JSON has two members of the same name"),
        ('{"a": 1, "\\u0061": 2}', "the JSON has two members of the same name"),
        ('{"b": [{"a": 1, "a": 2}]}', "the JSON has two members of the same name"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ('{"a": Infinity}', "Infinity is not a JSON value"),
        ('{"a": -Infinity}', "-Infinity is not a JSON value"),
    ],
)
def test_what_readers_disagree_on_is_refused(content: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{says}$"):
        json_object(content.encode())


@pytest.mark.parametrize("content", ["[]", '[{"a": 1}]', '"a"', "5", "null", "true"])
def test_other_json_is_refused(content: str) -> None:
    with pytest.raises(TypeError, match=r"^the JSON is not an object$"):
        json_object(content.encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{} {}", b"{'a': 1}", b'{"a": "\n"}', b'{"a": "\xff"}', b"\xef\xbb\xbf{}", "{}".encode("utf-16")],
)
def test_what_is_no_json_in_utf_8_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the decoder's own, of many kinds
        json_object(content)
