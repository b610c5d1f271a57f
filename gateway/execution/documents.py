"""Documents: parsed, validated and measured once, then remembered. A document holds no caller's data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache
from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    get_operation_ast,
    parse,
    validate,
    visit,
)

from gateway.errors import BadUserInput, LimitExceeded, ParseFailed, ValidationFailed
from gateway.execution.depth import depth_of
from gateway.execution.errors import RequestRejected, rejected

LONGEST_REMEMBERED = 16_384
"""Characters of the longest document worth remembering; longer ones are rare and would fill the memory."""


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. `whole` is the same without @defer and @stream, for callers that take one answer."""

    incremental: DocumentNode
    whole: DocumentNode
    digest: str

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run. Raises RequestRejected when `name` picks none, or several are there to pick from."""
        operation = get_operation_ast(self.whole, name)
        if operation is None:
            known = "the document has none" if name else "it has several"
            raise rejected(BadUserInput(f"Say which operation of the document to run with `operationName`: {known}."))
        return operation


class Documents:
    """Prepares documents for one schema, under limits, and remembers the last ones used."""

    def __init__(self, schema: GraphQLSchema, *, max_tokens: int, max_depth: int, cache_size: int) -> None:
        self._schema = schema
        self._max_tokens = max_tokens
        self._max_depth = max_depth
        self._cache: LRUCache[str, Document] = LRUCache(cache_size)

    def prepare(self, query: str) -> Document:
        """The document in `query`. Raises RequestRejected when it is no GraphQL, does not fit, or is too large."""
        document = self._cache.get(query)
        if document is None:
            document = self._prepared(query)
            if len(query) <= LONGEST_REMEMBERED:
                self._cache[query] = document
        return document

    def _prepared(self, query: str) -> Document:
        parsed = self._parsed(query)
        if errors := validate(self._schema, parsed):
            raise RequestRejected([_coded(error, ValidationFailed.code) for error in errors])
        depth = depth_of(parsed)
        if depth > self._max_depth:
            raise rejected(
                LimitExceeded(
                    f"The operation nests fields {depth} levels deep; the limit is {self._max_depth}.",
                    limit="document_max_depth",
                    value=self._max_depth,
                    asked=depth,
                )
            )
        return Document(
            incremental=parsed,
            whole=visit(parsed, _WithoutIncrementalDelivery()),
            digest=hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        )

    def _parsed(self, query: str) -> DocumentNode:
        try:
            return parse(query, max_lexical_tokens=self._max_tokens)
        except GraphQLError as exc:
            # graphql-core has no type of its own for the limits it keeps: on tokens, and on nesting (its stack).
            if "tokens. Parsing aborted" in exc.message:
                raise rejected(
                    LimitExceeded(
                        f"The document has more than {self._max_tokens} tokens.",
                        limit="document_max_tokens",
                        value=self._max_tokens,
                    )
                ) from exc
            if "nested too deeply" in exc.message:
                raise rejected(
                    LimitExceeded(
                        f"The document is nested too deeply; the limit is {self._max_depth} levels of fields.",
                        limit="document_max_depth",
                        value=self._max_depth,
                    )
                ) from exc
            raise RequestRejected([_coded(exc, ParseFailed.code)]) from exc


class _WithoutIncrementalDelivery(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        return REMOVE if node.name.value in {"defer", "stream"} else None


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    error.extensions = {**(error.extensions or {}), "code": code}
    return error
