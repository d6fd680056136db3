"""Where the pages that choose follow what is left: the booking window, where one is served."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.conf import settings

from yitong.domains.schedule.contracts import Session
from yitong.faces.patient.hospitals.presenters import Live
from yitong.faces.patient.hospitals.ways import Way

NO_SLOT = UUID(int=0)  # where the script puts a free slot's id


def of_department(hospital_id: UUID, department_id: UUID, chosen: object) -> Live | None:
    """`chosen`: the day that the page shows."""
    if not settings.YITONG_COUNTER:
        return None
    day = chosen.isoformat() if isinstance(chosen, date) else ""
    return Live(f"/counter/departments/{hospital_id}/{department_id}", chosen=day)


def of_sessions(sessions: Sequence[Session], way: Way) -> Live | None:
    """Sessions that are one offer; the windows lead to whichever slot is free."""
    if not settings.YITONG_COUNTER:
        return None
    hospital_id = sessions[0].hospital_id
    ids = ",".join(str(one.session_id) for one in sessions)
    return Live(f"/counter/sessions/{hospital_id}/{ids}", slot=way.slot(hospital_id, NO_SLOT))
