"""The fake's GraphQL schema is a part of GitHub's."""

from __future__ import annotations

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from tests.contract.promises import github_schema
from tests.fakes.github.graphql import SCHEMA


def test_every_type_field_and_argument_is_github_s():
    ours, theirs = build_schema(SCHEMA.read_text()), github_schema()
    wrong = []
    for name, kind in ours.type_map.items():
        whole = theirs.type_map.get(name)
        if isinstance(kind, GraphQLEnumType):
            assert isinstance(whole, GraphQLEnumType)
            wrong += [f"{name}.{value}" for value in kind.values if value not in whole.values]
        elif isinstance(kind, GraphQLInputObjectType):
            assert isinstance(whole, GraphQLInputObjectType)
            wrong += [
                f"{name}.{each}" for each, field in kind.fields.items() if str(field.type) != type_of(whole, each)
            ]
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            for each, field in kind.fields.items():
                if str(field.type) != type_of(whole, each):
                    wrong.append(f"{name}.{each}: {field.type}")
                    continue
                assert isinstance(whole, GraphQLObjectType | GraphQLInterfaceType)
                known = whole.fields[each].args
                wrong += [
                    f"{name}.{each}({argument})"
                    for argument, value in field.args.items()
                    if argument not in known or str(known[argument].type) != str(value.type)
                ]
    assert wrong == []


def type_of(whole: object, field: str) -> str:
    assert isinstance(whole, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
    return str(whole.fields[field].type) if field in whole.fields else ""
