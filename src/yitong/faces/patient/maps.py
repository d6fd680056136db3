"""Where a campus lies, for a map: a plain link that tells the map nothing but the hospital's own name and address."""

from urllib.parse import urlencode

from yitong.domains.hospitals.contracts.things import Campus, Hospital
from yitong.faces.common.words import Reader

# By name and address and not by coordinates: those may be known to a kilometre only.
IN_CHINESE = "https://uri.amap.com/search"
IN_ENGLISH = "https://www.openstreetmap.org/search"


def link(hospital: Hospital, campus: Campus, reader: Reader) -> str:
    """An address of somebody else's: pages give it `rel="noreferrer"`, so that it isn't told who comes from where."""
    if reader.is_english:
        return f"{IN_ENGLISH}?{urlencode({'query': campus.address})}"
    return f"{IN_CHINESE}?{urlencode({'keyword': f'{hospital.name} {campus.address}'})}"
