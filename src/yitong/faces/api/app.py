"""The JSON API, version 1. An endpoint translates and decides nothing: validate, one command or query, answer."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser

from yitong.core.errors import Refusal
from yitong.faces.api import openapi, words
from yitong.faces.common import pages, refusals

DESCRIPTION = """
预约挂号统一平台接口：自助机、114 话务台、医院与合作渠道用它完成网页上的一切操作。
What the pages can do, a kiosk, the 114 desk, a hospital's app or a partner can do here.

- 每个渠道有自己的密钥与权限范围，可随时停用。Each channel has its own key and scopes; it can be stopped at once.
- 每个写操作都要带 `Idempotency-Key`，重试得到同一结果。Each command carries a key; a retry gets the first answer.
- 错误为 problem+json,`code` 永不更改。Errors are problem+json; a `code` never changes.
- 身份证号与姓名只出现在请求体中。Identity numbers and names travel in bodies only, never in a URL.
"""


class StrictParser(Parser):
    """JSON that is sent as JSON; nothing that other software reads differently."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise refusals.MediaUnsupported()
        return super().parse_body(request)


class Api(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> openapi.Document:
        return self.document

    @cached_property
    def document(self) -> openapi.Document:
        return openapi.Document(self, self.get_root_path({}))

    def get_openapi_operation_id(self, operation: Any) -> str:
        return str(operation.view_func.__name__)

    def set_default_exception_handlers(self) -> None:
        """Refusals and faults go up to the middleware, which answers for every face."""
        self.add_exception_handler(ValidationError, invalid)
        self.add_exception_handler(HttpError, unreadable)


def invalid(request: HttpRequest, error: Any) -> HttpResponse:
    refusal = refusals.FieldsInvalid(count=len(error.errors))
    told = words.field_errors(error.errors, pages.language_of(request))
    return refusals.problem(request, refusal.code, refusal.status, refusal.params, refusal.rule, told)


def unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    """Ninja's own words for a body that can't be parsed; the cause may be a refusal of our parser."""
    cause = error.__cause__
    return refusals.answer(request, cause if isinstance(cause, Refusal) else refusals.Unreadable())


def make() -> Api:
    api = Api(
        title="医通 Yitong API",
        version="1.0.0",
        description=DESCRIPTION.strip(),
        urls_namespace="api",
        openapi_url="/openapi.json",
        docs_url=None,
        parser=StrictParser(),
        openapi_extra={"info": {"license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}},
    )
    for prefix, router, tag in ROUTERS:
        api.add_router(prefix, router, tags=[tag])
    for bound in api._get_bound_routers():
        for path_view in bound.path_operations.values():
            for operation in path_view.operations:
                refuse_unknown_parameters(operation)
    return api


def refuse_unknown_parameters(operation: Operation) -> None:
    """Ninja ignores parameters that it doesn't know: `until` for `until_date` would answer another question."""
    known = {
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    }
    read = operation._get_values

    def read_strictly(request: HttpRequest, *args: Any) -> Any:
        unknown = sorted(set(request.GET) - known)
        if unknown:
            raise ValidationError([{"type": "extra_forbidden", "loc": ("query", name)} for name in unknown])
        return read(request, *args)

    operation._get_values = read_strictly  # type: ignore[assignment]


ROUTERS: tuple[tuple[str, str, str], ...] = (
    ("", "yitong.faces.api.catalogue.api.router", "目录 Catalogue"),
    ("", "yitong.faces.api.availability.api.router", "号源 Availability"),
    ("", "yitong.faces.api.accounts.api.router", "账号 Accounts"),
    ("", "yitong.faces.api.patients.api.router", "就诊人 Patients"),
    ("", "yitong.faces.api.bookings.api.router", "预约 Bookings"),
    ("", "yitong.faces.api.waitlist.api.router", "候补 Waitlist"),
    ("", "yitong.faces.api.draws.api.router", "摇号 Draws"),
    ("", "yitong.faces.api.window.api.router", "放号窗口 Booking window"),
    ("", "yitong.faces.api.messages.api.router", "消息 Messages"),
)
