"""Django's PostgreSQL backend, with a cheaper look at a pooled connection before it is used.

Django asks the server with a statement at each checkout, one round trip for each page. A server that went away has
closed the socket, which can be seen without asking: an idle connection has nothing to read, unless it ended.
"""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection from the pool whose server is still there; the pool makes another for each that has gone."""
        while True:
            connection = super().get_new_connection(conn_params)
            pool = self.pool  # type: ignore[attr-defined]
            if pool is None or not _has_something_to_read(connection):
                return connection
            connection.close()
            pool.putconn(connection)


def _has_something_to_read(connection: Any) -> bool:
    readable, _, _ = select.select([connection.fileno()], [], [], 0)
    return bool(readable)
