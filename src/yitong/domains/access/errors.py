"""Refusals of access."""

from yitong.core.errors import Busy, Conflict, Forbidden, Missing, RuleBroken, Unidentified


class SignInFailed(Unidentified):
    """Login or password is wrong; which of them, nobody is told."""

    code = "SIGN_IN_FAILED"


class AccountLocked(Forbidden):
    """Too many failures in a row, whether or not the login exists (R-205)."""

    code = "ACCOUNT_LOCKED"
    rule = "R-205"


class MfaRequired(Unidentified):
    """The password was right; the second factor is still to come."""

    code = "MFA_REQUIRED"
    rule = "R-205"


class MfaWrong(Unidentified):
    """The code is wrong, was used before, or belongs to another time."""

    code = "MFA_WRONG"
    rule = "R-205"


class MfaNotBegun(Conflict):
    code = "MFA_NOT_BEGUN"


class MfaSetAlready(Conflict):
    code = "MFA_SET_ALREADY"


class SessionMissing(Unidentified):
    """There is no such session, or it has ended."""

    code = "STAFF_SESSION_ENDED"


class InviteInvalid(Unidentified):
    code = "INVITE_INVALID"


class PasswordWeak(RuleBroken):
    code = "PASSWORD_WEAK"


class LoginInvalid(RuleBroken):
    code = "LOGIN_INVALID"


class NameInvalid(RuleBroken):
    code = "STAFF_NAME_INVALID"


class LoginTaken(Conflict):
    code = "LOGIN_TAKEN"


class StaffMissing(Missing):
    code = "STAFF_NOT_FOUND"


class StaffHasLeft(Conflict):
    code = "STAFF_LEFT"


class StaffWorksElsewhere(Conflict):
    """Only the city's security officer ends the work of one who has roles at other hospitals too."""

    code = "STAFF_WORKS_ELSEWHERE"


class RoleMisplaced(RuleBroken):
    """A city role has no hospital; a hospital's role has one."""

    code = "ROLE_MISPLACED"


class RolesApart(RuleBroken):
    """三员分立: running, securing and auditing the system are three persons (R-205)."""

    code = "ROLES_APART"
    rule = "R-205"


class RoleOver(RuleBroken):
    """A role that would have ended before it began."""

    code = "ROLE_OVER"


class RoleOfOneself(Forbidden):
    """Nobody changes the own roles."""

    code = "ROLE_OF_ONESELF"
    rule = "R-205"


class RoleMissing(Missing):
    code = "ROLE_NOT_HELD"


class FileInvalid(RuleBroken):
    """A line of the file of joiners and leavers can't be read: `line` counts from 1, the heading included."""

    code = "STAFF_FILE_INVALID"


class TerminalMissing(Missing):
    code = "TERMINAL_NOT_FOUND"


class TerminalUnknown(Unidentified):
    """This browser is no shared desk, or the person has not signed in here today."""

    code = "TERMINAL_UNKNOWN"


class PinInvalid(RuleBroken):
    code = "PIN_INVALID"


class PinWrong(Unidentified):
    """Wrong, or withdrawn after five failures, or of another day: the password helps."""

    code = "PIN_WRONG"
    rule = "R-205"


class ChannelMissing(Missing):
    code = "CHANNEL_NOT_FOUND"


class ChannelKeyMissing(Missing):
    code = "CHANNEL_KEY_NOT_FOUND"


class ChannelCodeTaken(Conflict):
    code = "CHANNEL_CODE_TAKEN"


class ChannelInvalid(RuleBroken):
    """A field of the channel can't stand: `field` names it."""

    code = "CHANNEL_INVALID"


class ChannelEnded(Conflict):
    """A revoked channel stays revoked; a new contract is a new channel."""

    code = "CHANNEL_ENDED"


class ChannelStateSame(Conflict):
    """The channel is in that state already."""

    code = "CHANNEL_STATE_SAME"


class ChannelKeyUnknown(Unidentified):
    code = "CHANNEL_KEY_UNKNOWN"


class ChannelRevoked(Forbidden):
    """The kill switch was used, on the channel or on this key (S-14)."""

    code = "CHANNEL_REVOKED"


class ChannelSuspended(Forbidden):
    code = "CHANNEL_SUSPENDED"


class ChannelContractEnded(Forbidden):
    code = "CHANNEL_CONTRACT_ENDED"


class ScopeMissing(Forbidden):
    """The channel's contract does not hold this scope (S-14)."""

    code = "SCOPE_MISSING"


class ProviderMissing(Missing):
    code = "IDENTITY_PROVIDER_NOT_FOUND"


class ProviderInvalid(RuleBroken):
    code = "IDENTITY_PROVIDER_INVALID"


class ProviderDown(Busy):
    """The hospital's identity provider does not answer as it should; the password still works."""

    code = "IDENTITY_PROVIDER_DOWN"


class IdentityRefused(Unidentified):
    """The provider said no, or what it said does not hold: signature, audience, nonce, time, state."""

    code = "IDENTITY_REFUSED"


class IdentityUnknown(Unidentified):
    """The provider knows the person, but nobody here is bound to that subject."""

    code = "IDENTITY_UNKNOWN"


class IdentityTaken(Conflict):
    code = "IDENTITY_TAKEN"
