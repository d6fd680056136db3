"""What joins accounts: a device, or the address from which they signed in (R-017)."""

from datetime import timedelta

ADDRESS = "session.address"  # names the blind index: not the one of quotas, so that neither table explains the other
ADDRESS_LIFE = timedelta(days=7)
