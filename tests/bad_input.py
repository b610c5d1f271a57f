"""Requests that ask for more than any portal needs: what each meets must be met early, and cost little."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

LIMIT = "LIMIT_EXCEEDED"
PARSE = "GRAPHQL_PARSE_FAILED"
INVALID = "GRAPHQL_VALIDATION_FAILED"
INPUT = "BAD_USER_INPUT"


@dataclass(frozen=True, slots=True)
class BadInput:
    """One: what it is, the body that is sent, and by which code and limit it is refused."""

    what: str
    body: bytes
    code: str
    limit: str | None = None


def _asks(what: str, query: str, code: str, limit: str | None = None, **variables: Any) -> BadInput:
    return BadInput(what, orjson.dumps({"query": query, "variables": variables}), code, limit)


def _deep(opening: str, closing: str, levels: int) -> str:
    return opening * levels + closing * levels


def _each(form: str, number: int) -> str:
    return " ".join(form.format(n=n, next=n + 1) for n in range(number))


GROUP = "query($id: ID!) {{ caseGroup(id: $id) {{ {} }} }}"
PRODUCERS = "query($ids: [ID!]) { availableCases(producers: $ids) { edges { node { reference } } } }"
CREATE = "mutation($input: CreateCaseGroupInput!) { createCaseGroup(input: $input) { caseGroup { id } } }"


def trebled() -> str:
    """Eight levels, each three times what is below it, under three names: 10,000 fields, each in another place."""
    levels = (
        ("Query", "caseGroups"),
        ("CaseGroupConnection", "edges"),
        ("CaseGroupEdge", "node"),
        ("CaseGroup", "cases"),
        ("CaseConnection", "edges"),
        ("CaseEdge", "node"),
        ("Case", "producer"),
        ("Producer", "caseTypes"),
    )
    fragments = []
    for n, (type_, field) in enumerate(levels):
        below = f"{field} {{ ...F{n + 1} }}"
        fragments.append(f"fragment F{n} on {type_} {{ {below} a:{below} b:{below} }}")
    return " ".join(["{ ...F0 }", *fragments, "fragment F8 on CaseType { code }"])


BAD_INPUT = (
    _asks("a million aliases", "{" + "a:b " * 1_000_000 + "}", LIMIT, "request_max_bytes"),
    _asks("10,000 aliases", "{" + "a: name " * 7_000 + "}", LIMIT, "document_max_tokens"),
    _asks("600 aliases", GROUP.format(_each("a{n}: title", 600)), LIMIT, "document_max_aliases"),
    _asks("10,000 levels", "{ a " * 10_000, LIMIT, "document_max_depth"),
    _asks("150 levels", "{ viewer " * 150 + "{ id }" + "}" * 150, LIMIT, "document_max_depth"),
    _asks(
        "fragments that spread each other",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        INVALID,
    ),
    _asks(
        "200 fragments in a circle",
        "{ ...F0 } " + _each("fragment F{n} on Query {{ ...F{next} }}", 199) + " fragment F199 on Query { ...F0 }",
        LIMIT,
        "document_max_depth",
    ),
    _asks(
        "fragments that double at each level",
        "{ ...F0 } "
        + _each("fragment F{n} on Query {{ ...F{next} ...F{next} }}", 150)
        + " fragment F150 on Query { __typename }",
        LIMIT,
        "document_max_root_fields",
    ),
    _asks("fragments that treble at each level, in 700 characters", trebled(), LIMIT, "document_max_fields"),
    _asks(
        "280 fragments of nobody", "{ __typename } " + _each("fragment F{n} on Query {{ __typename }}", 240), INVALID
    ),
    _asks("1,900 times the same field", GROUP.format("title " * 1_900), LIMIT, "document_max_comparisons"),
    _asks(
        "200 times the same nested field",
        GROUP.format("cases { edges { node { reference } } } " * 150),
        LIMIT,
        "document_max_comparisons",
    ),
    _asks("2,000 root fields", "{" + "__typename " * 1_990 + "}", LIMIT, "document_max_root_fields"),
    _asks("300 operations of the same name", _each("query A {{ __typename }}", 300), INVALID),
    _asks("280 times @include", "{ __typename " + "@include(if: true) " * 250 + "}", INVALID),
    _asks("1,900 unknown fields", GROUP.format(_each("nothing{n}", 1_900)), INVALID),
    _asks(
        "600 unknown input fields",
        "{ caseGroups(filter: {" + _each("a{n}: 1", 600) + "}) { edges { node { id } } } }",
        INVALID,
    ),
    _asks("480 variables of nobody", "query(" + _each("$v{n}: ID", 480) + ") { __typename }", INVALID),
    _asks("a literal of 200 kB", '{ node(id: "' + "x" * 200_000 + '") { id } }', LIMIT, "document_max_characters"),
    _asks("a literal of a megabyte", '{ node(id: "' + "x" * 1_000_000 + '") { id } }', LIMIT, "request_max_bytes"),
    _asks("a literal nested 190 deep", "{ node(id: " + _deep("[", "]", 190) + ") { id } }", INVALID),
    _asks("a number of 5,000 digits", "{ caseGroups(first: " + "9" * 5_000 + ") { edges { node { id } } } }", INVALID),
    _asks("commas alone", "," * 60_000, PARSE),
    _asks("80,000 comments", "#\n" * 80_000, LIMIT, "document_max_characters"),
    _asks("32,000 comments", "#\n" * 32_000, PARSE),
    _asks("variables of the wrong shape", PRODUCERS, INPUT, ids=[{"a": [n]} for n in range(10_000)]),
    _asks("a variable of 200 kB", GROUP.format("title"), INPUT, id=["x" * 200_000]),
    BadInput(
        "a variable nested 400 deep",
        orjson.dumps({"query": CREATE})[:-1] + b',"variables":{"input":' + _deep("[", "]", 400).encode() + b"}}",
        INPUT,
    ),
    _asks("10,000 cases in a variable", CREATE, INPUT, input={"cases": [{}] * 10_000}),
    BadInput("JSON nested 100,000 deep", b"[" * 100_000, INPUT),
    BadInput("no JSON at all", b"\x00" * 200_000, INPUT),
)
"""Each is refused with its code; where a limit refuses it, it names that."""


def flood() -> Iterator[str]:
    """Valid documents that are each another than all before."""
    return (f"query Flood{number} {{ viewer {{ consumer {{ name }} }} }}" for number in itertools.count())
