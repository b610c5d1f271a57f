"""A schema in SDL whose status is guarded as it must be, around the parts that a test is about."""

from __future__ import annotations

from gateway.model.status import REFERENCE_FIELDS, STATUS_FIELDS

DIRECTIVES = """
directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @authenticated on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
directive @requiresGrant(field: String!) on FIELD_DEFINITION
"""

STATUS = "\n".join(
    [
        "type CaseStatus {",
        *(f'  {name}: String @requiresGrant(field: "{name}")' for name in STATUS_FIELDS),
        "  references: [Reference!]",
        "  fetchedAt: String",
        "}",
        "type Reference {",
        *(f'  {name}: String @requiresGrant(field: "references.{name}")' for name in REFERENCE_FIELDS),
        "}",
    ]
)


def guarded(parts: str) -> str:
    """The SDL of `parts`, with the directives and the guarded status."""
    return f"{DIRECTIVES}\n{STATUS}\n{parts}"
