"""Documents: parsed, validated and measured once, then remembered. A document holds no caller's data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_operation_ast,
    parse,
    visit,
)

from gateway.errors import BadUserInput, LimitExceeded, ParseFailed, ValidationFailed
from gateway.execution.breadth_first.plans import Plans, nothing
from gateway.execution.document_memory import DocumentMemory
from gateway.execution.errors import RequestRejected, rejected
from gateway.execution.measures import measured
from gateway.execution.validation import NestedTooDeeply, TooManyComparisons, Validation
from gateway.policy.plan import CutField, authorized
from gateway.policy.requirements import Requirements

MOST_VARIANTS = 4
"""Of one document, for tokens with other scopes."""

CHARACTERS_A_FIELD = 40
"""What a compiled field counts as: it takes some 3 kB, and a character of a parsed document some 70 bytes."""

LONGEST_REMEMBERED = 16_384
"""Characters of the longest document worth remembering; longer ones are rare and would fill the memory."""

MOST_SAID = 1_000
"""Characters of what is said about one fault: it may quote a literal as long as the document."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """A document as the holder of some scopes may run it. `is_cut`: some of its fields are CutField.

    `cut` are the schema coordinates of those.
    """

    document: DocumentNode
    is_cut: bool
    cut: tuple[str, ...] = ()
    plans: Plans | None = None
    """What it is compiled to; without them it is run by graphql-core's executor."""


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. `whole` is the same without @defer and @stream, for callers that take one answer."""

    incremental: DocumentNode
    whole: DocumentNode
    digest: str
    _length: int
    _authorize: Callable[[DocumentNode, frozenset[str]], Runnable]
    _authorized: dict[tuple[bool, frozenset[str]], Runnable] = field(default_factory=dict)
    """By whether it is the incremental one, and scopes: MOST_VARIANTS at most. Portals' tokens hardly differ."""

    @property
    def characters(self) -> int:
        """How much room it takes: its text, and what it is compiled to, which a text of so many characters would."""
        fields = sum(one.plans.compiled_fields for one in self._authorized.values() if one.plans is not None)
        return self._length + CHARACTERS_A_FIELD * fields

    def authorized(self, scopes: frozenset[str], *, incremental: bool) -> Runnable:
        """What of the document a token may run that has `scopes`, of those that the schema knows. Worked out once."""
        key = (incremental, scopes)
        runnable = self._authorized.get(key)
        if runnable is None:
            if len(self._authorized) >= MOST_VARIANTS:
                self._authorized.clear()
            chosen = self.incremental if incremental else self.whole
            runnable = self._authorized[key] = self._authorize(chosen, scopes)
        return runnable

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run. Raises RequestRejected when `name` picks none, or several are there to pick from."""
        operation = get_operation_ast(self.whole, name)
        if operation is None:
            known = "the document has none" if name else "it has several"
            raise rejected(BadUserInput(f"Say which operation of the document to run with `operationName`: {known}."))
        return operation


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How large a document may be, and how many characters of documents are remembered (some 70 bytes each)."""

    characters: int
    tokens: int
    depth: int
    root_fields: int
    fields: int
    aliases: int
    comparisons: int
    cache_characters: int


class Documents:
    """Prepares documents for one schema, under its requirements and under limits; remembers the last ones used.

    `hit` and `missed` are called for each document that was remembered, and that was not; `compiled` for each plan that
    one of its operations is compiled to, `left` each time that one is left to graphql-core's executor.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        requirements: Requirements,
        limits: DocumentLimits,
        *,
        hit: Callable[[], object] = nothing,
        missed: Callable[[], object] = nothing,
        compiled: Callable[[], object] = nothing,
        left: Callable[[], object] = nothing,
    ) -> None:
        self._schema = schema
        self._requirements = requirements
        self._limits = limits
        self._hit = hit
        self._missed = missed
        self._compiled = compiled
        self._left = left
        self._validation = Validation(schema, limits.comparisons)
        self._memory: DocumentMemory[Document] = DocumentMemory(limits.cache_characters)

    def prepare(self, query: str, scopes: frozenset[str]) -> Document:
        """The document in `query`. Raises RequestRejected when it is no GraphQL, does not fit, or is too large.

        What the schema has instead of what does not fit is told to those alone who may ask for the schema.
        """
        document = self._memory.get(query)
        if document is not None:
            self._hit()
        else:
            self._missed()
            document = self._prepared(query, hide_suggestions=not self.may_introspect(scopes))
            if len(query) <= min(LONGEST_REMEMBERED, self._limits.cache_characters):
                self._memory.put(query, document)
        return document

    @property
    def remembered_characters(self) -> int:
        """How many characters of documents are remembered; a field that they are compiled to counts as some."""
        return self._memory.characters

    def may_introspect(self, scopes: frozenset[str]) -> bool:
        """Whether a token with `scopes` may learn what the schema has."""
        return self._requirements.missing("Query", "__schema", scopes) is None

    def known(self, scopes: frozenset[str]) -> frozenset[str]:
        """Those of `scopes` that mean something to the schema."""
        return scopes & self._requirements.known_scopes

    def _prepared(self, query: str, *, hide_suggestions: bool) -> Document:
        """Each limit is looked at before what it keeps from becoming expensive."""
        most = self._limits.characters
        if len(query) > most:
            message = f"The document has {len(query)} characters; the limit is {most}."
            raise _exceeded(message, "document_max_characters", most, len(query))
        parsed = self._parsed(query)
        self._check_limits(parsed)
        self._validate(query, parsed, hide_suggestions=hide_suggestions)
        return Document(
            incremental=parsed,
            # The same object where there is nothing to leave out.
            whole=visit(parsed, _WithoutIncrementalDelivery()) if "@" in query else parsed,
            digest=_digest(query),
            _length=len(query),
            _authorize=partial(self._authorize, partial(self._memory.weigh, query)),
        )

    def _validate(self, query: str, document: DocumentNode, *, hide_suggestions: bool) -> None:
        try:
            faults = self._validation.faults(query, document, hide_suggestions=hide_suggestions)
        except TooManyComparisons as exc:
            most = self._limits.comparisons
            message = f"The document selects fields of the same name too often: more than {most} comparisons of them."
            raise _exceeded(message, "document_max_comparisons", most) from exc
        except NestedTooDeeply as exc:
            raise self._nested_too_deeply() from exc
        if faults:
            raise RequestRejected([_coded(fault, ValidationFailed.code) for fault in faults])

    def _authorize(self, grown: Callable[[], None], document: DocumentNode, scopes: frozenset[str]) -> Runnable:
        allowed = authorized(document, self._schema, self._requirements, scopes)
        plans = Plans(self._schema, allowed, compiled=self._compiled, left=self._left, grown=grown)
        if allowed is document:
            return Runnable(document, is_cut=False, plans=plans)
        return Runnable(allowed, is_cut=True, cut=_cut_fields(allowed, self._schema), plans=plans)

    def _check_limits(self, document: DocumentNode) -> None:
        limits = self._limits
        try:
            asked = measured(document)
        except RecursionError as exc:
            raise self._nested_too_deeply() from exc
        for name, most, number, what in (
            ("document_max_depth", limits.depth, asked.depth, "levels of nested fields"),
            ("document_max_root_fields", limits.root_fields, asked.root_fields, "root fields"),
            ("document_max_fields", limits.fields, asked.fields, "fields, those of fragments wherever they are spread"),
            ("document_max_aliases", limits.aliases, asked.aliases, "aliases"),
        ):
            if number > most:
                raise _exceeded(f"The document has {number} {what}; the limit is {most}.", name, most, number)

    def _parsed(self, query: str) -> DocumentNode:
        try:
            document = parse(query, max_lexical_tokens=self._limits.tokens)
        except GraphQLError as exc:
            # graphql-core has no type of its own for the limits it keeps: on tokens, and on nesting (its stack).
            tokens = self._limits.tokens
            if "tokens. Parsing aborted" in exc.message:
                message = f"The document has more than {tokens} tokens."
                raise _exceeded(message, "document_max_tokens", tokens) from exc
            if "nested too deeply" in exc.message:
                raise self._nested_too_deeply() from exc
            raise RequestRejected([_coded(exc, ParseFailed.code)]) from exc
        _unlink_tokens(document)
        return document

    def _nested_too_deeply(self) -> RequestRejected:
        depth = self._limits.depth
        message = f"The document is nested too deeply; the limit is {depth} levels of fields."
        return _exceeded(message, "document_max_depth", depth)


class _CutFields(Visitor):
    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self._type_info = type_info
        self.coordinates: set[str] = set()

    def enter(self, node: Node, *_: Any) -> None:
        parent = self._type_info.get_parent_type()
        if isinstance(node, CutField) and parent is not None:
            self.coordinates.add(f"{parent.name}.{node.name.value}")


def _cut_fields(document: DocumentNode, schema: GraphQLSchema) -> tuple[str, ...]:
    """The schema coordinates of a document's cut fields, sorted."""
    type_info = TypeInfo(schema)
    found = _CutFields(type_info)
    visit(document, TypeInfoVisitor(type_info, found))
    return tuple(sorted(found.coordinates))


class _WithoutIncrementalDelivery(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        return REMOVE if node.name.value in {"defer", "stream"} else None


def _unlink_tokens(document: DocumentNode) -> None:
    """Lets go of the tokens. Each knows its neighbours: a circle that nothing but the garbage collector undoes."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following


def _exceeded(message: str, limit: str, value: int, asked: int | None = None) -> RequestRejected:
    return rejected(LimitExceeded(message, limit=limit, value=value, asked=asked))


def _digest(query: str) -> str:
    """Names the document in logs; in base32, where no run of digits can be taken for an identity number."""
    return base64.b32encode(hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest()[:10]).decode().lower()


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    if len(error.message) > MOST_SAID:
        error.message = error.message[:MOST_SAID] + " …"
    error.extensions = {**(error.extensions or {}), "code": code}
    # What a scalar raised for a literal that it cannot read, such as a number of 5,000 digits, is no fault of ours.
    error.original_error = None
    return error
