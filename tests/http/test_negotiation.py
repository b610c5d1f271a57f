"""Which media type an answer has, and whether it may come in parts, by `Accept` alone."""

from __future__ import annotations

import pytest

from gateway.http.negotiation import ResponseType, response_type, takes_parts

JSON, GRAPHQL_RESPONSE = ResponseType.JSON, ResponseType.GRAPHQL_RESPONSE


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON; Charset=UTF-8", JSON),
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ('application/graphql-response+json; charset="utf-8"', GRAPHQL_RESPONSE),
        ("application/graphql-response+json, application/json", GRAPHQL_RESPONSE),
        ("application/json, application/graphql-response+json", JSON),
        ("application/json;q=0.9, application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0.1, application/json;q=0.2", JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("application/json;q=0, application/graphql-response+json;q=0.1", GRAPHQL_RESPONSE),
        ("application/json;q=nonsense, application/graphql-response+json;q=0.1", GRAPHQL_RESPONSE),
        ("multipart/mixed", JSON),
        ("multipart/mixed;q=0.5", JSON),
        ("multipart/mixed, application/graphql-response+json;q=0.9, application/json;q=0.8", GRAPHQL_RESPONSE),
        ("multipart/mixed, application/json, application/graphql-response+json;q=0.9", JSON),
    ],
)
def test_the_preferred_media_type_is_chosen(accept: str | None, chosen: ResponseType) -> None:
    assert response_type(accept) is chosen


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "text/html",
        "text/plain, image/*",
        "application/json;q=0",
        "multipart/mixed;q=0",
        "application/json; charset=iso-8859-1",
        "nonsense",
        ",,;",
    ],
)
def test_a_caller_that_takes_neither_media_type_gets_none(accept: str) -> None:
    assert response_type(accept) is None


def test_the_content_type_says_the_encoding() -> None:
    assert JSON.content_type == "application/json; charset=utf-8"
    assert GRAPHQL_RESPONSE.content_type == "application/graphql-response+json; charset=utf-8"


@pytest.mark.parametrize(
    "accept",
    [
        "multipart/mixed",
        "application/json, multipart/mixed",  # GraphiQL
        "multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9",  # Apollo 4
        'multipart/mixed; boundary="-"; incrementalSpec="v0.2"',
        "multipart/mixed;deferSpec=20220824, multipart/mixed;incrementalSpec=v0.2",
    ],
)
def test_a_caller_that_names_multipart_takes_parts(accept: str) -> None:
    assert takes_parts(accept)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "multipart/form-data",
        "multipart/mixed;q=0, application/json",
        "multipart/mixed;deferSpec=20220824,application/json",  # Apollo's older form, with a path in each part
        "multipart/mixed;incrementalSpec=v0.1,application/json",
        "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json",
    ],
)
def test_a_caller_that_does_not_or_takes_another_form_gets_one_answer(accept: str | None) -> None:
    assert not takes_parts(accept)
