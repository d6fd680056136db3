"""What the tables of this package share."""

from enum import StrEnum

from django.db import models
from django.db.models import Q

LANGUAGES = ["zh", "en"]


def words(names: type[StrEnum]) -> list[str]:
    """The stored words of an enumeration, as constraints and migrations hold them."""
    return [name.value for name in names]


def known(name: str, field: str, names: type[StrEnum]) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__in": words(names)}))


def together(name: str, *fields: str) -> models.CheckConstraint:
    """Fields that are all null or all filled."""
    absent, present = Q(), Q()
    for field in fields:
        absent &= Q(**{f"{field}__isnull": True})
        present &= Q(**{f"{field}__isnull": False})
    return models.CheckConstraint(name=name, condition=absent | present)
