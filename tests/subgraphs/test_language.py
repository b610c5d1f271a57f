"""The choice of language."""

import pytest

from subgraphs.reference.language import choose_language


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "sv"),
        ("", "sv"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("en;q=0.8, sv;q=0.9", "sv"),
        ("sv;q=0.8,en;q=0.9", "en"),
        ("de,en;q=0.1", "en"),
        ("de", "sv"),
        ("*", "sv"),
        ("en;q=0", "sv"),
        ("en;q=lots", "sv"),
        ("en;q=7, sv;q=0.1", "sv"),
        ("sv, en", "sv"),
        (",;q=,", "sv"),
    ],
)
def test_the_language_is_the_best_of_those_there_are(header: str | None, chosen: str) -> None:
    assert choose_language(header, ("sv", "en")) == chosen
