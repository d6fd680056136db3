"""The booking window under a flash crowd. Empty for now: `booking.commands.claim.hold_slot` holds the claim."""
