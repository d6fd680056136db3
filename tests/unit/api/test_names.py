"""The API's document names lists of words by their classes alone: of two that share a name, one would be false."""

import importlib
import inspect
import pkgutil
from collections import defaultdict
from enum import Enum

from yitong import domains


def test_no_two_lists_of_words_have_one_name() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for package in pkgutil.iter_modules(domains.__path__):
        contracts = importlib.import_module(f"{domains.__name__}.{package.name}.contracts")
        for name, kind in inspect.getmembers(contracts, inspect.isclass):
            if kind.__module__.startswith(domains.__name__) and issubclass(kind, Enum):
                found[name].add(kind.__module__.split(".contracts")[0])
    assert {name: sorted(where) for name, where in found.items() if len(where) > 1} == {}
