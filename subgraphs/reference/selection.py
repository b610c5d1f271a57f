"""What a query asks for, read off the query itself."""

from graphql import DocumentNode, FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, visit

REFERENCES = "references"


def status_fields(schema: GraphQLSchema, document: DocumentNode) -> tuple[str, ...]:
    """The fields of a status that a valid document asks for, each once, under the names of the assertion's `scope`.

    Aliases and fragments hide nothing, and a field under a condition counts. `references` alone stands for asking
    whether there are any.
    """
    type_info = TypeInfo(schema)
    found = _StatusFields(type_info)
    visit(document, TypeInfoVisitor(type_info, found))
    if any(name.startswith(f"{REFERENCES}.") for name in found.names):
        found.names.pop(REFERENCES, None)
    return tuple(found.names)


class _StatusFields(Visitor):
    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self._type_info = type_info
        self.names: dict[str, None] = {}

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, name = self._type_info.get_parent_type(), node.name.value
        if parent is None or name.startswith("__"):
            return
        if parent.name == "CaseStatus":
            self.names[name] = None
        elif parent.name == "Reference":
            self.names[f"{REFERENCES}.{name}"] = None
