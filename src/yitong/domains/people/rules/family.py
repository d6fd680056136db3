"""R-103: age, guardians, and which relations are possible."""

from datetime import date

from yitong.domains.people.contracts.words import IdentityLevel, Relation

ACTS_WITH_CONSENT = 8  # 民法典 art. 19–20
OF_AGE = 18
GUARDIANS = (Relation.CHILD, Relation.WARD)
ADULTS_ONLY = (Relation.PARENT, Relation.SPOUSE)


def age_on(birth: date, day: date) -> int:
    """Whole years on that day; who is born on 29 February grows older on 1 March of a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def is_minor(birth: date, day: date) -> bool:
    return age_on(birth, day) < OF_AGE


def is_possible(relation: Relation, birth: date, day: date) -> bool:
    """Whether someone born then can be this to an account holder. An adult ward is a matter for a desk."""
    if relation in GUARDIANS:
        return is_minor(birth, day)
    if relation in ADULTS_ONLY:
        return not is_minor(birth, day)
    return True


def may_hold_account(birth: date, day: date) -> bool:
    """Under 8 nobody acts for himself."""
    return age_on(birth, day) >= ACTS_WITH_CONSENT


def may_act(
    *,
    relation: Relation,
    birth: date,
    has_consent: bool,
    holder_birth: date | None,
    holder_level: IdentityLevel | None,
    is_guarded_elsewhere: bool,
    day: date,
) -> bool:
    """Whether the account may act for a linked patient on that day.

    For a minor only a guardian does: a holder of full age, verified, who agreed to the notice. From 8 to 18 a minor
    acts for himself once a guardian's account has him too.
    """
    if not is_minor(birth, day):
        return True
    if relation is Relation.SELF:
        return may_hold_account(birth, day) and is_guarded_elsewhere
    if relation not in GUARDIANS or not has_consent or holder_birth is None:
        return False
    return not is_minor(holder_birth, day) and holder_level in (IdentityLevel.VERIFIED, IdentityLevel.SEEN)
