"""The API's document names its parts by their classes alone: of two that share a name, one would be false."""

import importlib
import importlib.util
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

from ninja import Schema

from yitong.faces import api


def schemas() -> Iterator[type[Schema]]:
    for topic in pkgutil.iter_modules(api.__path__):
        name = f"{api.__name__}.{topic.name}.schemas"
        if topic.ispkg and importlib.util.find_spec(name):
            for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass):
                if issubclass(kind, Schema) and kind.__module__.startswith(api.__name__):
                    yield kind


def words_in(annotation: Any) -> Iterator[type[Enum]]:
    """The lists of words that a field's type names."""
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        yield annotation
    for part in get_args(annotation):
        yield from words_in(part)


def test_no_two_parts_have_one_name() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for schema in schemas():
        found[schema.__name__].add(schema.__module__)
        for field in schema.model_fields.values():
            for words in words_in(field.annotation):
                found[words.__name__].add(words.__module__)
    assert len(found) > 30
    assert {name: sorted(where) for name, where in found.items() if len(where) > 1} == {}
