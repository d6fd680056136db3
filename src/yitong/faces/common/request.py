"""A request as our middleware hands it to views."""

from django.http import HttpRequest

from yitong.core.actor import Actor


class Request(HttpRequest):
    """For annotations: what `TraceMiddleware` and `ActorMiddleware` have put there."""

    actor: Actor
    trace_id: str
