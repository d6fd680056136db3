"""Figures of the city as tables that explain themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from yitong.domains.booking.contracts import ChannelCount
from yitong.domains.hospitals.contracts import Campus, Hospital
from yitong.domains.schedule.contracts import POOLS_OF_CHANNEL, Pool
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.office.figures.cells import Cells, Shown

UNTOLD = "*"


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    total: str
    online: str
    offline: str
    share: str
    percent: int | None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    total: str
    share: str
    hospitals: list[Line]
    campuses: list[Line]
    channels: list[Line]
    has_untold: bool


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
    return "–" if share is None else f"{share * 100:.1f}%"


def figures(
    of: Cells,
    hospitals: Sequence[Hospital],
    campuses: Sequence[Campus],
    channel_names: Mapping[str, str],
    reader: Reader,
) -> Figures:
    names = {one.hospital_id: reader.name(one) for one in hospitals}
    by_hospital = [_line(of, names[one.hospital_id], one.hospital_id, None) for one in hospitals]
    by_campus = [
        _line(of, reader.name(one), one.hospital_id, one.campus_id, names[one.hospital_id])
        for one in campuses
        if one.hospital_id in names
    ]
    by_channel = [
        Line(channel_name(code, channel_names), number(of.total(channel=code)), "", "", "", None, _kind(code))
        for code in sorted({key[2] for key in of.every()} | set(POOLS_OF_CHANNEL))
    ]
    lines = [*by_hospital, *by_campus, *by_channel]
    told = [line.total for line in lines] + [line.online for line in lines] + [line.offline for line in lines]
    return Figures(
        number(of.total()),
        percent(of.share()),
        by_hospital,
        by_campus,
        by_channel,
        UNTOLD in told or number(of.total()) == UNTOLD,
    )


def _line(of: Cells, name: str, hospital_id: UUID, campus_id: UUID | None, place: str = "") -> Line:
    share = of.share(hospital_id=hospital_id, campus_id=campus_id)
    return Line(
        name,
        number(of.total(hospital_id=hospital_id, campus_id=campus_id)),
        number(of.total(hospital_id=hospital_id, campus_id=campus_id, is_online=True)),
        number(of.total(hospital_id=hospital_id, campus_id=campus_id, is_online=False)),
        percent(share),
        None if share is None else round(share * 100),
        place,
    )


def channel_name(code: str, names: Mapping[str, str]) -> str:
    """Our own word where there is one (it has English), else the channel's name."""
    return terms.term(terms.CHANNELS, code) if code in terms.CHANNELS else names.get(code, code)


def _kind(code: str) -> str:
    return _("线上") if is_online(code) else _("线下")


def rows_of_file(
    of: Cells,
    hospitals: Sequence[Hospital],
    campuses: Sequence[Campus],
    channel_names: Mapping[str, str],
    reader: Reader,
) -> list[list[str]]:
    """The file: one line for each hospital, campus and channel, with what each column means."""
    names = {one.hospital_id: reader.name(one) for one in hospitals}
    places = {one.campus_id: reader.name(one) for one in campuses}
    head = [_("医院"), _("院区"), _("渠道"), _("线上或线下"), _("预约数")]
    return [
        head,
        *(
            [
                names.get(hospital_id, ""),
                places.get(campus_id, ""),
                channel_name(code, channel_names),
                _kind(code),
                number(of.cell((hospital_id, campus_id, code))).replace(",", ""),
            ]
            for hospital_id, campus_id, code in sorted(
                of.every(), key=lambda key: (names.get(key[0], ""), places.get(key[1], ""), key[2])
            )
        ),
    ]
