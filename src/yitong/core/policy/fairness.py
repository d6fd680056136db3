"""The policies by which patterns of scalping are counted (R-017, R-199): for each named signal its points, how many
acts are excused, and how many days are looked at. All are the city's: an account books at every hospital."""

from typing import Literal

from yitong.core.policy.kinds import PolicyKey, Stricter

# (signal, zh, en, points an act, acts excused, days looked at)
SIGNALS = (
    ("unlinked", "约过又移除的就诊人", "Booked for and since removed", 3, 5, 60),
    ("undone", "刚约好就取消", "Cancelled soon after booking", 10, 3, 60),
    ("handed_over", "取消后同一场次约上了别人", "Cancelled, then booked for another", 15, 2, 60),
    ("fast", "放号瞬间约上", "Booked the instant of the release", 15, 2, 30),
    ("burst", "几秒之内为几个人约上", "Booked for several within seconds", 10, 2, 30),
    ("night", "深夜预约或取消", "Booked or cancelled at night", 1, 10, 30),
    ("devices", "同一台设备上的其他账号", "Other accounts on one device", 2, 5, 30),
    ("address", "同一网络地址上的其他账号", "Other accounts at one address", 1, 30, 7),
    ("rush", "一分钟里被拒很多次还在请求", "Minutes of claims refused again and again", 3, 3, 30),
)
# (name, kind, value, zh, en, least, most)
BOUNDS: tuple[tuple[str, Literal["int", "minutes", "share"], int | str, str, str, int | None, int | None], ...] = (
    ("slow_at", "int", 45, "多少分起走慢速通道", "Slow path from points", 20, 1000),
    ("single_most", "int", 40, "一种原因最多多少分", "Most points of one kind of reason", 1, 1000),
    ("early_minutes", "minutes", 60, "约好后多久内取消算“刚约好就取消”（分钟）", "Cancelled within minutes", 1, 1440),
    (
        "hand_over_minutes",
        "minutes",
        120,
        "取消后多久内约上别人才算（分钟）",
        "Booked for another within minutes",
        10,
        1440,
    ),
    ("fast_ms", "int", 300, "放号后多少毫秒内算瞬间", "Milliseconds after the release", 50, 5000),
    ("check_minutes", "minutes", 30, "答对后多久内可以预约（分钟）", "A check opens booking for minutes", 5, 1440),
    ("meter_least", "int", 200, "公平报警：每组至少多少人", "Alarm: people of each group at least", 30, 100000),
    ("meter_margin", "share", "0.05", "公平报警：差多少算少", "Alarm: how much worse", None, None),
    ("burst_seconds", "int", 5, "几秒之内算一起约的（秒）", "Seconds between two bookings", 1, 60),
)


def keys() -> list[PolicyKey]:
    """All of them. A stricter city isn't a fairer one, so no direction is the strict one."""
    found = []
    for signal, zh, en, points, free, days in SIGNALS:
        for name, value, said_zh, said_en, least, most in (
            ("points", points, "每次几分", "points each", 0, 100),
            ("free", free, "几次以内不算", "excused", 0, 1000),
            ("days", days, "看最近几天", "days looked at", 1, 90),
        ):
            key = f"fairness.{signal}.{name}"
            zh_en = (f"{zh}：{said_zh}", f"{en}: {said_en}")
            found.append(PolicyKey(key, "int", value, Stricter.FREE, "R-199", *zh_en, least, most))
    for name, kind, default, zh, en, lowest, highest in BOUNDS:
        key = f"fairness.{name}"
        found.append(PolicyKey(key, kind, default, Stricter.FREE, "R-199", zh, en, lowest, highest))
    return found
