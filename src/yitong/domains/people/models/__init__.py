"""The tables of people. Django looks for them here."""

from yitong.domains.people.models.accounts import (
    AbuseLock,
    Account,
    AccountPatient,
    AccountPhone,
    AccountSession,
    AccountState,
    Device,
    Quota,
    SignInCode,
)
from yitong.domains.people.models.patients import (
    BookingLimits,
    Carrier,
    CarrierIndex,
    MergeCandidate,
    OpenEpisode,
    Patient,
    PatientIdentity,
    PatientMerge,
    QrUse,
    ReadLog,
    Verification,
)

__all__ = [
    "AbuseLock",
    "Account",
    "AccountPatient",
    "AccountPhone",
    "AccountSession",
    "AccountState",
    "BookingLimits",
    "Carrier",
    "CarrierIndex",
    "Device",
    "MergeCandidate",
    "OpenEpisode",
    "Patient",
    "PatientIdentity",
    "PatientMerge",
    "QrUse",
    "Quota",
    "ReadLog",
    "SignInCode",
    "Verification",
]
