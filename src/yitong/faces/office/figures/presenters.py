"""Where bookings go: figures by hospital, campus and channel, each as chart and table with its definition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from yitong.core.cells import Shown
from yitong.domains.booking.contracts import ChannelCount
from yitong.domains.hospitals.contracts.things import Campus, Hospital
from yitong.domains.schedule.contracts import POOLS_OF_CHANNEL, Pool
from yitong.faces.common import charts, terms
from yitong.faces.common.charts import Bar, Chart
from yitong.faces.common.words import Reader
from yitong.faces.office.figures.cells import Cells

UNTOLD = "*"
NO_SHARE = "–"


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its name, and whether it holds figures."""

    name: str
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row names it."""

    caption: str
    heads: list[Head]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One question: what it counts, in words; a drawing; the numbers. Without a table: `empty` says why."""

    name: str  # of its place in the page
    title: str
    definition: str
    chart: Chart | None
    tables: list[Table]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    title: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Places:
    """Who is who in the city, as its reader calls them."""

    hospitals: Sequence[Hospital]
    campuses: Sequence[Campus]
    channel_names: Mapping[str, str]
    reader: Reader
    names: Mapping[UUID, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", {one.hospital_id: self.reader.name(one) for one in self.hospitals})

    def channel(self, code: str) -> str:
        """Our own word where there is one (it has English), else the channel's name."""
        return terms.term(terms.CHANNELS, code) if code in terms.CHANNELS else self.channel_names.get(code, code)


def cells(counts: Iterable[ChannelCount]) -> Cells:
    found = {(one.hospital_id, one.campus_id, one.channel): one.bookings for one in counts}
    return Cells(found, [channel for _hospital, _campus, channel in found if is_online(channel)])


def is_online(channel: str) -> bool:
    """Channels that draw from the online pool; the window and the phone draw from others."""
    return Pool.ONLINE in POOLS_OF_CHANNEL.get(channel, (Pool.ONLINE,))


def number(shown: Shown) -> str:
    if shown.is_small:
        return "<10"
    return UNTOLD if shown.value is None else f"{shown.value:,}"


def percent(share: float | None) -> str:
    return NO_SHARE if share is None else f"{share * 100:.1f}%"


def bar(label: str, shown: Shown) -> Bar:
    return Bar(label, shown.value, number(shown))


def spoken(what: str, bars: Sequence[Bar]) -> str:
    """A chart for those who hear it: what it draws, the largest, and where the rest stands."""
    told = [one for one in bars if one.value]
    if not told:
        return _("%(what)s。数字见表格。") % {"what": what}
    most = max(told, key=lambda one: one.value or 0)
    said = {"what": what, "label": most.label, "value": most.said}
    return _("%(what)s。最多的是%(label)s：%(value)s。全部数字见表格。") % said


def headlines(of: Cells) -> list[Headline]:
    return [
        Headline(_("预约数"), number(of.total()), _("就诊日期在这些天里、占用号源的预约")),
        Headline(_("线上占比"), percent(of.share()), _("线上渠道的预约数 ÷ 全部预约数")),
    ]


def by_hospital(of: Cells, places: Places) -> Figure:
    bars = [bar(places.names[one.hospital_id], of.total(hospital_id=one.hospital_id)) for one in places.hospitals]
    heads = [Head(_("医院"), is_number=False), *map(Head, (_("预约数"), _("线上"), _("线下"), _("线上占比")))]
    rows = [
        [
            places.names[one.hospital_id],
            number(of.total(hospital_id=one.hospital_id)),
            number(of.total(hospital_id=one.hospital_id, is_online=True)),
            number(of.total(hospital_id=one.hospital_id, is_online=False)),
            percent(of.share(hospital_id=one.hospital_id)),
        ]
        for one in places.hospitals
    ]
    title = _("按医院")
    return Figure(
        "hospitals",
        title,
        _("每家医院的预约数，和其中线上渠道的占比"),
        charts.rows(bars, spoken(_("每家医院的预约数"), bars)),
        [Table(title, heads, rows)],
    )


def by_campus(of: Cells, places: Places) -> Figure:
    open_ones = [one for one in places.campuses if one.hospital_id in places.names]
    totals = [of.total(hospital_id=one.hospital_id, campus_id=one.campus_id) for one in open_ones]
    names = [places.reader.name(one) for one in open_ones]
    bars = [bar(name, total) for name, total in zip(names, totals, strict=True)]
    heads = [Head(_("院区"), is_number=False), Head(_("医院"), is_number=False), Head(_("预约数")), Head(_("线上占比"))]
    rows = [
        [
            name,
            places.names[one.hospital_id],
            number(total),
            percent(of.share(hospital_id=one.hospital_id, campus_id=one.campus_id)),
        ]
        for one, name, total in zip(open_ones, names, totals, strict=True)
    ]
    title = _("按院区")
    return Figure(
        "campuses",
        title,
        _("每个院区的预约数"),
        charts.rows(bars, spoken(_("每个院区的预约数"), bars)),
        [Table(title, heads, rows)],
    )


def by_channel(of: Cells, places: Places) -> Figure:
    codes = sorted({key[2] for key in of.every()} | set(POOLS_OF_CHANNEL))
    bars = [bar(places.channel(code), of.total(channel=code)) for code in codes]
    heads = [Head(_("渠道"), is_number=False), Head(_("线上或线下"), is_number=False), Head(_("预约数"))]
    rows = [[one.label, _kind(code), one.said] for code, one in zip(codes, bars, strict=True)]
    title = _("按渠道")
    return Figure(
        "channels",
        title,
        _("每个渠道的预约数。线上从网上号源取号：网页、手机应用、自助机、合作渠道；线下是医院窗口和 114 电话。"),
        charts.rows(bars, spoken(_("每个渠道的预约数"), bars)),
        [Table(title, heads, rows)],
    )


def _kind(code: str) -> str:
    return _("线上") if is_online(code) else _("线下")


def rows_of_file(of: Cells, places: Places) -> list[list[str]]:
    """The file: one line for each hospital, campus and channel, with what each column means."""
    campus_names = {one.campus_id: places.reader.name(one) for one in places.campuses}
    head = [_("医院"), _("院区"), _("渠道"), _("线上或线下"), _("预约数")]
    return [
        head,
        *(
            [
                places.names.get(hospital_id, ""),
                campus_names.get(campus_id, ""),
                places.channel(code),
                _kind(code),
                number(of.cell((hospital_id, campus_id, code))).replace(",", ""),
            ]
            for hospital_id, campus_id, code in sorted(
                of.every(), key=lambda key: (places.names.get(key[0], ""), campus_names.get(key[1], ""), key[2])
            )
        ),
    ]
