"""Which link is plugged into which port.

    YITONG_SMS_URL, YITONG_SMS_KEY, YITONG_SMS_SECRET                 the SMS gateway (links/sms/README.md)
    YITONG_IDENTITY_URL, YITONG_IDENTITY_KEY, YITONG_IDENTITY_SECRET  the identity authority (links/identity/README.md)
    YITONG_REGISTER_URL, YITONG_REGISTER_KEY, YITONG_REGISTER_SECRET  hospitals' registers (links/register/README.md)
    YITONG_BEACON_URL, YITONG_BEACON_CHAIN,
    YITONG_BEACON_GENESIS, YITONG_BEACON_PERIOD                       a public beacon (links/beacon/README.md)

Without an address nothing goes out: messages wait until they run out, levels stay as they are, a hospital's
number is made at its window, draws go without a beacon and say so.
"""

import os
from functools import partial

from django.conf import settings

from yitong.config import environment
from yitong.config.campus_use import PlannedSessions
from yitong.config.facts import DomainFacts
from yitong.config.personal_data import EveryDomain
from yitong.domains.access.ports import plug_identity_provider
from yitong.domains.draws.ports import beacon
from yitong.domains.hospitals.ports import campus_use
from yitong.domains.notify.ports import fact_source, sms_gateway
from yitong.domains.people.ports import hospital_register, identity_authority
from yitong.faces.common.rights import rights
from yitong.links.beacon.http import DrandBeacon
from yitong.links.identity.http import HttpIdentityAuthority
from yitong.links.oidc.provider import OidcProvider
from yitong.links.register.http import HttpHospitalRegister
from yitong.links.sms.http import HttpSmsGateway

SMS_REPORTS = "/hooks/sms/"


def plug_all(*, demo: bool) -> None:
    """Once, when Django is ready, in every process."""
    sms_gateway.plug(
        HttpSmsGateway(
            os.environ.get("YITONG_SMS_URL"),
            key_id=os.environ.get("YITONG_SMS_KEY", "yitong"),
            secret=os.environ.get("YITONG_SMS_SECRET", "").encode(),
            report_path=SMS_REPORTS,
            shows_texts=demo,
        )
    )
    identity_authority.plug(
        HttpIdentityAuthority(
            os.environ.get("YITONG_IDENTITY_URL"),
            key_id=os.environ.get("YITONG_IDENTITY_KEY", "yitong"),
            secret=os.environ.get("YITONG_IDENTITY_SECRET", "").encode(),
        )
    )
    hospital_register.plug(
        HttpHospitalRegister(
            os.environ.get("YITONG_REGISTER_URL"),
            key_id=os.environ.get("YITONG_REGISTER_KEY", "yitong"),
            secret=os.environ.get("YITONG_REGISTER_SECRET", "").encode(),
        )
    )
    beacon.plug(beacon_of_place())
    here = environment.is_loopback(settings.PUBLIC_URL)
    plug_identity_provider(partial(OidcProvider, asks_this_machine=here))  # its addresses are data of each hospital
    fact_source.plug(DomainFacts())
    campus_use.plug(PlannedSessions())
    rights.plug(EveryDomain())


def beacon_of_place() -> DrandBeacon:
    return DrandBeacon(
        os.environ.get("YITONG_BEACON_URL"),
        chain=os.environ.get("YITONG_BEACON_CHAIN", ""),
        genesis=environment.number("YITONG_BEACON_GENESIS", 0),
        period_s=environment.number("YITONG_BEACON_PERIOD", 30),
    )
