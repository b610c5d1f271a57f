"""What a field requires is read from the directives that stand in the SDL, and nothing is served that is left open."""

from __future__ import annotations

import pytest

from gateway.model.status import GRANTABLE_FIELDS
from gateway.policy.requirements import Requirements, SchemaNotGuarded, read_requirements
from gateway.schema.schema import build_schema, printed
from tests.policy.sdl import DIRECTIVES, STATUS, guarded

OPEN = "type Query { open: String @authenticated }"


def required(sdl: str, *, guard_introspection: bool = False) -> Requirements:
    return read_requirements(guarded(sdl), guard_introspection=guard_introspection)


def scopes(requirements: Requirements, type_: str, field: str, *held: str) -> list[list[str]] | None:
    """What a token with the scopes `held` lacks; None: nothing."""
    missing = requirements.missing(type_, field, frozenset(held))
    return None if missing is None else sorted(sorted(alternative) for alternative in missing)


def test_a_field_requires_what_its_directive_says() -> None:
    requirements = required('type Query { a: String @requiresScopes(scopes: [["read"]]) b: String @authenticated }')

    assert scopes(requirements, "Query", "a") == [["read"]]
    assert scopes(requirements, "Query", "a", "write") == [["read"]]
    assert scopes(requirements, "Query", "a", "read") is None
    assert scopes(requirements, "Query", "b") is None


def test_one_of_several_alternatives_is_enough_and_each_must_be_held_whole() -> None:
    requirements = required('type Query { a: String @requiresScopes(scopes: [["x", "y"], ["z"]]) }')

    assert scopes(requirements, "Query", "a", "x") == [["x", "y"], ["z"]]
    assert scopes(requirements, "Query", "a", "x", "y") is None
    assert scopes(requirements, "Query", "a", "z") is None


def test_a_field_requires_what_its_own_type_and_the_type_it_leads_to_require() -> None:
    requirements = required(
        """
        type Query { thing: [Thing!]! @authenticated }
        type Thing @requiresScopes(scopes: [["things"]]) {
          name: String
          secret: String @requiresScopes(scopes: [["secrets"]])
        }
        """
    )

    assert scopes(requirements, "Query", "thing") == [["things"]]
    assert scopes(requirements, "Thing", "name") == [["things"]]
    assert scopes(requirements, "Thing", "secret", "things") == [["secrets", "things"]]
    assert scopes(requirements, "Thing", "secret", "things", "secrets") is None


def test_even_the_name_of_a_type_that_requires_scopes_is_kept() -> None:
    requirements = required(
        """
        type Query { thing: Thing @authenticated }
        type Thing @requiresScopes(scopes: [["things"]]) { name: String }
        """
    )

    assert scopes(requirements, "Thing", "__typename") == [["things"]]
    assert scopes(requirements, "Query", "__typename") is None


def test_what_an_interface_requires_holds_for_every_type_that_has_it() -> None:
    requirements = required(
        """
        type Query { node: Node @authenticated }
        interface Node @requiresScopes(scopes: [["nodes"]]) {
          id: ID
          tag: String @requiresScopes(scopes: [["tags"]])
        }
        type Thing implements Node { id: ID tag: String other: String }
        """
    )

    assert scopes(requirements, "Query", "node") == [["nodes"]]
    assert scopes(requirements, "Thing", "id") == [["nodes"]]
    assert scopes(requirements, "Thing", "other") == [["nodes"]]
    assert scopes(requirements, "Thing", "tag") == [["nodes", "tags"]]


def test_extensions_count_as_the_type_does() -> None:
    requirements = required(
        """
        type Query { a: String @authenticated }
        extend type Query { b: String @requiresScopes(scopes: [["b"]]) }
        type Thing { name: String }
        extend type Thing @requiresScopes(scopes: [["things"]])
        interface Node { id: ID }
        extend interface Node @requiresScopes(scopes: [["nodes"]])
        extend type Thing implements Node { id: ID }
        """
    )

    assert scopes(requirements, "Query", "b") == [["b"]]
    assert scopes(requirements, "Thing", "name") == [["nodes", "things"]]


@pytest.mark.parametrize("linked", ["schema", "extend schema"])
def test_a_directive_counts_under_the_name_it_is_imported_by(linked: str) -> None:
    sdl = f"""
      {linked} @link(url: "https://specs.apollo.dev/federation/v2.11",
                     import: ["@key", "@classified", {{ name: "@requiresScopes", as: "@only" }}]) {{ query: Query }}
      type Query {{
        a: String @only(scopes: [["a"]])
        b: String @federation__requiresScopes(scopes: [["b"]])
        c: String @federation__authenticated
      }}
      """
    requirements = required(sdl)

    assert scopes(requirements, "Query", "a") == [["a"]]
    assert scopes(requirements, "Query", "b") == [["b"]]
    assert scopes(requirements, "Query", "c") is None


def test_a_directive_without_any_import_is_no_reason_to_stumble() -> None:
    requirements = required('schema @other { query: Query } type Query { a: String @requiresScopes(scopes: [["a"]]) }')

    assert scopes(requirements, "Query", "a") == [["a"]]


def test_introspection_requires_its_scope_where_it_is_guarded() -> None:
    requirements = required(OPEN, guard_introspection=True)

    for field in ("__schema", "__type", "_service"):
        assert scopes(requirements, "Query", field) == [["introspection"]]
        assert scopes(requirements, "Query", field, "introspection") is None
        assert scopes(required(OPEN), "Query", field) is None


def test_the_scopes_that_mean_something_are_those_that_are_required_somewhere() -> None:
    requirements = required('type Query { a: String @requiresScopes(scopes: [["x", "y"], ["z"]]) }')

    assert requirements.known_scopes == {"x", "y", "z"}
    assert required(OPEN, guard_introspection=True).known_scopes == {"introspection"}


def test_the_grant_of_a_field_is_what_its_directive_names() -> None:
    requirements = required(OPEN)

    assert requirements.grant("CaseStatus", "title") == "title"
    assert requirements.grant("Reference", "url") == "references.url"
    assert requirements.grant("CaseStatus", "references") is None
    assert requirements.grant("CaseStatus", "fetchedAt") is None
    assert sorted(requirements.grants.values()) == sorted(GRANTABLE_FIELDS)


@pytest.mark.parametrize("type_", ["Query", "Mutation"])
def test_a_root_field_that_says_nothing_is_refused(type_: str) -> None:
    other = "Mutation" if type_ == "Query" else "Query"
    sdl = f"type {type_} {{ ok: Int @authenticated forgotten: String }} type {other} {{ a: String @authenticated }}"

    with pytest.raises(SchemaNotGuarded, match=rf"^{type_}.forgotten needs @authenticated or @requiresScopes.$"):
        required(sdl)


def test_federations_own_root_fields_need_no_directive() -> None:
    required("type Query { _service: String _entities: String }")


def test_a_status_field_without_its_grant_is_refused() -> None:
    sdl = DIRECTIVES + OPEN + STATUS
    for name in ("title", "code"):
        sdl = sdl.replace(f'{name}: String @requiresGrant(field: "{name}")', f"{name}: String", 1)

    with pytest.raises(
        SchemaNotGuarded,
        match=r"^@requiresGrant must name each grantable field where it is; see CaseStatus.code, CaseStatus.title.$",
    ):
        read_requirements(sdl, guard_introspection=False)


def test_a_status_field_under_anothers_grant_is_refused() -> None:
    sdl = DIRECTIVES + OPEN + STATUS.replace('(field: "code")', '(field: "title")')

    with pytest.raises(SchemaNotGuarded, match=r"see what it names\.$"):
        read_requirements(sdl, guard_introspection=False)


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ('type Thing { name: String @policy(policies: [["p"]]) }', "@policy on Thing.name"),
        ('type Thing @fed__requiresScopes(scopes: [["a"]]) { name: String }', "@fed__requiresScopes on Thing"),
        ("interface Thing { name: String @secret }", "@secret on Thing.name"),
    ],
)
def test_a_directive_that_is_not_known_is_refused(part: str, place: str) -> None:
    with pytest.raises(SchemaNotGuarded, match=rf"^{place} is not known here, so it guards nothing\.$"):
        required(f"{OPEN} {part}")


def test_directives_that_guard_nothing_are_let_be() -> None:
    required(f'{OPEN} type Thing @key(fields: "name") @shareable {{ name: String @deprecated }}')


@pytest.mark.parametrize("listed", ["[]", "[[]]", '[["a"], []]'])
def test_scopes_that_name_nothing_are_refused(listed: str) -> None:
    with pytest.raises(SchemaNotGuarded, match=r"^@requiresScopes must name scopes.$"):
        required(f"type Query {{ a: String @requiresScopes(scopes: {listed}) }}")


@pytest.mark.parametrize(
    "definition",
    [
        'scalar Money @requiresScopes(scopes: [["a"]])',
        'enum Money @requiresScopes(scopes: [["a"]]) { SEK }',
        "union Money @authenticated = CaseStatus",
        'scalar Money extend scalar Money @requiresScopes(scopes: [["a"]])',
    ],
)
def test_a_directive_where_it_is_not_enforced_is_refused(definition: str) -> None:
    with pytest.raises(SchemaNotGuarded, match=r"on Money is not enforced: put it on the fields\.$"):
        required(f"{OPEN} {definition}")


def test_the_portals_schema_is_guarded() -> None:
    requirements = read_requirements(printed(build_schema()), guard_introspection=True)

    assert scopes(requirements, "Query", "caseGroups") == [["case-groups:read"]]
    assert scopes(requirements, "CaseStatus", "title") is None
    assert requirements.known_scopes == {
        "case-groups:read",
        "case-groups:write",
        "case-groups:share",
        "disclosures:read",
        "subject:read",
        "introspection",
    }
