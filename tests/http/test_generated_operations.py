"""Operations that schemathesis makes up from schema.graphql: whatever is asked, the answer is a documented one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from graphql import (
    ArgumentNode,
    GraphQLSchema,
    IntValueNode,
    NullValueNode,
    ObjectFieldNode,
    OperationType,
    StringValueNode,
    ValueNode,
    Visitor,
    build_schema,
    introspection_from_schema,
    parse,
    print_ast,
    specified_directives,
    visit,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from gateway.errors import BadUserInput, LimitExceeded, NotFound, ValidationFailed
from tests.gateway import Gateway
from tests.http.fitting import misfits, with_typenames
from tests.producer import Producer

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text(encoding="utf-8"), assume_valid_sdl=True)
# schemathesis's own business: it leads to nothing that can be changed here.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")

MEDIA_TYPE = "application/graphql-response+json"

EXPECTED_CODES = {kind.code for kind in (BadUserInput, LimitExceeded, NotFound, ValidationFailed)}
"""What the caller of a made-up operation may be told: that it was wrong, and never that the gateway was."""

EXAMPLES = settings(
    max_examples=25,
    derandomize=True,  # the same examples in every run: a failure in CI is a failure here
    database=None,
    deadline=None,  # an example is an HTTP request; how long it takes says nothing about its answer
    suppress_health_check=[
        HealthCheck.too_slow,  # drawing an operation from the whole schema is slow
        HealthCheck.filter_too_much,  # the generator draws again when fields of an operation conflict
        HealthCheck.data_too_large,  # and some operations are long
    ],
)


def _operations() -> dict[str, Any]:
    """schemathesis's operations, one for each field of Query and Mutation, by name."""
    plain = SCHEMA.to_kwargs()
    # schemathesis reads a schema with graphql-core's plain executor, which takes none that has @defer and @stream.
    plain["directives"] = specified_directives
    introspection = cast(dict[str, Any], introspection_from_schema(GraphQLSchema(**plain)))
    found = schemathesis.graphql.from_dict(introspection).get_all_operations()
    return {result.ok().label: result.ok() for result in found if isinstance(result, Ok)}


OPERATIONS = _operations()


@pytest.mark.parametrize("label", OPERATIONS)
async def test_whatever_is_asked_the_answer_is_a_documented_one_and_fits_the_schema(
    label: str, gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case(), tax.case())
    right = {
        "id": StringValueNode(value=group["id"]),
        "producer": StringValueNode(value=tax.global_id),
        "caseType": StringValueNode(value=tax.case_types[0]),
        "event": StringValueNode(value="starting-a-company"),
        "expectedRevision": IntValueNode(value=str(group["revision"])),
        "first": IntValueNode(value="5"),
        "last": NullValueNode(),
        "after": NullValueNode(),
        "before": NullValueNode(),
    }
    headers = {"Authorization": f"Bearer {gateway.token_for()}", "Accept": MEDIA_TYPE}
    fits = OPERATIONS[label].as_strategy(generation_mode=GenerationMode.POSITIVE)
    does_not = OPERATIONS[label].as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @EXAMPLES
    @given(case=fits, values=st.sampled_from([right, {}]))
    def every_answer_to_what_fits_the_schema_is_right(case: Any, values: Mapping[str, ValueNode]) -> None:
        document = with_typenames(visit(parse(case.body), _With(values)))
        case.body = print_ast(document)
        answer = case.call(base_url=f"{gateway.url}/graphql", headers=headers)
        _check_answer(answer)
        if answer.json().get("data") is not None:
            assert misfits(SCHEMA, document, answer.json()["data"]) == []

    @EXAMPLES
    @given(case=does_not)
    def every_answer_to_what_does_not_fit_says_so(case: Any) -> None:
        answer = case.call(base_url=f"{gateway.url}/graphql", headers=headers)
        _check_answer(answer)
        assert answer.json()["errors"]

    # In a thread, since requests blocks and the gateway runs in this event loop.
    await asyncio.to_thread(every_answer_to_what_fits_the_schema_is_right)
    if label not in {"Query.viewer", "Query.caseGroupOffers"}:  # take no argument that could be wrong
        await asyncio.to_thread(every_answer_to_what_does_not_fit_says_so)


def test_the_generator_knows_every_query_and_every_mutation() -> None:
    roots = (SCHEMA.get_root_type(kind) for kind in (OperationType.QUERY, OperationType.MUTATION))

    known = [f"{root.name}.{field}" for root in roots if root for field in root.fields]
    # schemathesis passes over federation's own fields; tests/authorization asks them.
    assert list(OPERATIONS) == [label for label in known if not label.startswith("Query._")]


class _With(Visitor):
    """Gives arguments and input fields the values they have by name, so that what is asked exists."""

    def __init__(self, values: Mapping[str, ValueNode]) -> None:
        super().__init__()
        self._values = values

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        value = self._values.get(node.name.value)
        return ArgumentNode(name=node.name, value=value) if value else None

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        value = self._values.get(node.name.value)
        return ObjectFieldNode(name=node.name, value=value) if value else None


def _check_answer(answer: Response) -> None:
    """What holds for every answer, whatever was asked."""
    content = answer.json()
    (request_id,) = answer.headers["x-request-id"]
    assert answer.status_code == (200 if "data" in content else 400)
    assert answer.headers["content-type"] == [f"{MEDIA_TYPE}; charset=utf-8"]
    assert content.keys() <= {"data", "errors"}
    for error in content.get("errors", ()):
        assert error["extensions"]["code"] in EXPECTED_CODES, error
        assert error["extensions"]["requestId"] == request_id
