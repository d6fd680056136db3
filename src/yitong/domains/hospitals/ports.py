"""What domains above must do for hospitals."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from yitong.core.plugs import Plug
from yitong.domains.hospitals.contracts.things import StillPlanned


class CampusUse(Protocol):
    """Who plans at campuses."""

    def leave(self, hospital_id: UUID, campus_id: UUID, now: datetime) -> StillPlanned | None:
        """What is over or was stopped there needs the campus no longer. Joins the caller's command, which holds the
        campus. What is still planned is returned; None: nothing, so that it may close."""
        ...


campus_use: Plug[CampusUse] = Plug("hospitals.CampusUse")
