"""The booking window under a flash crowd. Empty until its issue is taken: `booking.commands.hold_slot` holds the claim."""
