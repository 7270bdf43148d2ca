"""What a GraphQL query costs, by the formula that GitHub documents: the lists it asks for, a hundred to a point."""

from __future__ import annotations

from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    parse,
)


def cost(query: str, variables: dict[str, Any]) -> int:
    document = parse(query)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    lists = sum(
        _lists(one.selection_set, 1, fragments, variables)
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
    )
    return max(1, round(lists / 100))


def _lists(
    chosen: SelectionSetNode | None,
    parents: int,
    fragments: dict[str, FragmentDefinitionNode],
    variables: dict[str, Any],
) -> int:
    """A list is asked for once for each of its parents, of which there may be as many as theirs were asked for."""
    total = 0
    for node in chosen.selections if chosen else ():
        if isinstance(node, FragmentSpreadNode):
            total += _lists(fragments[node.name.value].selection_set, parents, fragments, variables)
        elif isinstance(node, InlineFragmentNode):
            total += _lists(node.selection_set, parents, fragments, variables)
        elif isinstance(node, FieldNode):
            size = next(
                (_number(it.value, variables) for it in node.arguments or () if it.name.value in {"first", "last"}), 0
            )
            total += (parents if size else 0) + _lists(node.selection_set, parents * max(size, 1), fragments, variables)
    return total


def _number(value: ValueNode, variables: dict[str, Any]) -> int:
    if isinstance(value, VariableNode):
        return int(variables[value.name.value])
    assert isinstance(value, IntValueNode)
    return int(value.value)
