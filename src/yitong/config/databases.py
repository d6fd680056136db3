"""Which PostgreSQL: `YITONG_DATABASE_URL`, or the embedded server's address left in the data folder."""

import json
import os
from typing import Any
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from yitong.config.paths import data_dir

APP_ROLE = "yitong_app"
KEEP_S = 60


def url() -> str | None:
    """The running role's connection URL (it holds a password), or None before the first start."""
    given = os.environ.get("YITONG_DATABASE_URL")
    if given:
        return given
    try:
        state = json.loads((data_dir() / "postgres.json").read_text())
    except FileNotFoundError:
        return None
    query = urlencode({"host": state["socket"], "port": 5432}, quote_via=quote)
    return f"postgresql://{APP_ROLE}:{state['passwords'][APP_ROLE]}@/yitong?{query}"


def settings_for(address: str | None, *, pool: bool) -> dict[str, Any]:
    """Django's settings of one database.

    With `pool`, a process's threads share its connections: their number is bounded, and a thread that the server
    retires leaves none behind. Without, a thread of the worker keeps its own for a minute from job to job.
    """
    parts: dict[str, Any] = {k: v for k, v in conninfo_to_dict(address or "").items() if v is not None}
    settings = {
        "ENGINE": "yitong.config.postgres",
        "NAME": parts.pop("dbname", "yitong"),
        "USER": parts.pop("user", APP_ROLE),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", "/nonexistent" if address is None else ""),
        "PORT": str(parts.pop("port", "")),
        "CONN_MAX_AGE": 0 if pool else KEEP_S,
        "CONN_HEALTH_CHECKS": not pool,  # a pooled one is looked at as it is taken (`config.postgres`)
        "OPTIONS": {"connect_timeout": 5, "application_name": "yitong", **parts},
        "TEST": {"NAME": None},
    }
    if pool:
        settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 16, "timeout": 5, "max_idle": 300}
    return settings
