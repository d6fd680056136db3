"""Notify: how this domain says no."""

from yitong.core.errors import Forbidden, Missing, RuleBroken


class ContactMissing(Missing):
    code = "CONTACT_NOT_FOUND"


class TopicAlwaysSent(RuleBroken):
    """Messages about an account's safety can't be muted."""

    code = "TOPIC_ALWAYS_SENT"


class ReportRefused(Forbidden):
    """A call-back that does not bear the gateway's signature, or is too old."""

    code = "REPORT_REFUSED"


class OutboxClosed(Missing):
    """There is an outbox to look at in a demo only."""

    code = "OUTBOX_CLOSED"
