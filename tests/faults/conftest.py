"""Two processes share these tests: each has its own database, and a cluster, ports and folders where a test asks so.

So nothing here may look at what the cluster of the tests holds beside `current_database()`.
"""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that of several processes none is alone with it at the end."""
    items.sort(key=lambda item: item.path.name != "test_waitlist_replay.py")
