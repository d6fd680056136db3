"""Implements hospitals' CampusUse by asking the schedule, which stands above it."""

from datetime import datetime
from uuid import UUID

from yitong.domains.hospitals.contracts.things import StillPlanned
from yitong.domains.schedule.commands.campuses import leave_campus


class PlannedSessions:
    def leave(self, hospital_id: UUID, campus_id: UUID, now: datetime) -> StillPlanned | None:
        return leave_campus(hospital_id, campus_id, now=now)
