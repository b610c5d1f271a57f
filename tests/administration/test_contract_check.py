"""A producer's schema, compared with the contract: what does not fit is said in plain words."""

from __future__ import annotations

import pytest

from gateway.administration.contract_check import compared
from gateway.model.status import STATUS_FIELDS
from tests.administration.subgraph import CONTRACT

WITHOUT_OVERVIEW = CONTRACT[: CONTRACT.index("# Optional from here to the end")]


def misfits(*changes: tuple[str, str], sdl: str = CONTRACT) -> list[str]:
    """What does not fit in the contract with other texts in it."""
    for before, after in changes:
        assert before in sdl
        sdl = sdl.replace(before, after)
    return list(compared(sdl).misfits)


def test_the_contract_itself_fits_and_offers_cases() -> None:
    found = compared(CONTRACT)

    assert (found.misfits, found.offers_cases) == ((), True)


def test_the_overview_may_be_left_out() -> None:
    found = compared(WITHOUT_OVERVIEW)

    assert (found.misfits, found.offers_cases) == ((), False)


@pytest.mark.parametrize(
    "change",
    [
        ("codeSystem: String", "codeSystem: String!"),
        ("references: [Reference!]", "references: [Reference!]!"),
        ("status: CaseStatus", "status: CaseStatus!"),
        ('type Case @key(fields: "reference")', 'type Case @key(fields: "id") @key(fields: " reference ")'),
        ('type Case @key(fields: "reference")', 'type Case @federation__key(fields: "reference")'),
        ("completed: Boolean", "completed: Boolean\n  more(than: Int!): [String]"),
        ("status: CaseStatus", "status(language: String): CaseStatus"),
        ("status: CaseStatus", 'status(language: String! = "sv"): CaseStatus'),
        ("first: Int! = 50", "first: Int = 20"),
        ("after: String", "after: String = null"),
    ],
)
def test_more_than_the_contract_may_be_served_and_promised(change: tuple[str, str]) -> None:
    assert misfits(change) == []


MISFITS: list[tuple[tuple[str, str], str]] = [
    (("  title: String!\n  description", "  description"), "CaseStatus.title is missing: it must be String!."),
    (
        ("  completed: Boolean\n", ""),
        "CaseStatus.completed is missing: it must be Boolean; where you have nothing to say there, answer null.",
    ),
    (("updatedAt: DateTime!", "updatedAt: DateTime"), "CaseStatus.updatedAt is DateTime: it must be DateTime!."),
    (("updatedAt: DateTime!", "updatedAt: String!"), "CaseStatus.updatedAt is String!: it must be DateTime!."),
    (
        ("expectedAt: DateTime", "expectedAt: String"),
        "CaseStatus.expectedAt is String: it must be DateTime, or DateTime!.",
    ),
    (
        ("references: [Reference!]", "references: [Reference]"),
        "CaseStatus.references is [Reference]: it must be [Reference!], or [Reference!]!.",
    ),
    (
        ("references: [Reference!]", "references: Reference"),
        "CaseStatus.references is Reference: it must be [Reference!], or [Reference!]!.",
    ),
    (("reference: ID!", "reference: String!"), "Case.reference is String!: it must be ID!."),
    (
        ("status: CaseStatus", "status: [CaseStatus]"),
        "Case.status is [CaseStatus]: it must be CaseStatus, or CaseStatus!.",
    ),
    (
        ("status: CaseStatus", "status(language: String!): CaseStatus"),
        "Case.status requires the argument language, which the gateway does not send.",
    ),
    (("type Reference {", "type Link {"), "The type Reference is missing: it must have the fields title, url, value."),
    (("type Reference {", "interface Reference {"), "Reference is of the kind interface: it must be an object type."),
    (('@key(fields: "reference")', ""), 'Case has no @key: it must have @key(fields: "reference").'),
    (
        ('@key(fields: "reference")', '@key(fields: "id")'),
        'Case has @key(fields: "id"): it must have @key(fields: "reference").',
    ),
    (
        ('@key(fields: "reference")', '@key(fields: "reference", resolvable: false)'),
        'Case has @key(fields: "reference", resolvable: false): the gateway asks for it by that key.',
    ),
    (("scalar DateTime", ""), "The scalar DateTime is missing: it must be `scalar DateTime`."),
    (("scalar JSON", "enum JSON { A }"), "The scalar JSON is of the kind enum: it must be `scalar JSON`."),
    (("first: Int! = 50", "first: String"), "Query.cases takes first as String: it must take Int!."),
    (("    after: String\n", "    after: String!\n"), "Query.cases takes after as String!: it must take String."),
    (("    after: String\n", ""), "Query.cases does not take the argument after: it must, of the type String."),
    (("): CaseConnection!", "): CaseConnection"), "Query.cases is CaseConnection: it must be CaseConnection!."),
    (("  caseType: String!\n", ""), "CaseEdge.caseType is missing: it must be String!."),
    (("type Case @key", "type Case {{ @key"), "Its schema is not GraphQL, line "),
]


@pytest.mark.parametrize(("change", "sentence"), MISFITS)
def test_what_does_not_fit_is_said_with_what_would_be_right(change: tuple[str, str], sentence: str) -> None:
    (said,) = misfits(change)

    assert said.startswith(sentence)


def test_what_is_no_subgraph_at_all_is_told_type_by_type() -> None:
    *values, extension = STATUS_FIELDS

    assert misfits(sdl="type Query { hello: String }") == [
        "The type Case is missing: it must have the fields reference, status.",
        f"The type CaseStatus is missing: it must have the fields {', '.join((*values, 'references', extension))}.",
        "The type Reference is missing: it must have the fields title, url, value.",
        "The scalar DateTime is missing: it must be `scalar DateTime`.",
        "The scalar JSON is missing: it must be `scalar JSON`.",
    ]


def test_a_schema_of_any_length_is_read_no_further_than_it_takes() -> None:
    (said,) = misfits(sdl="type A { b: Int }\n" * 20_000)

    assert "more than 50000 tokens" in said
