"""The monotonic clock of a sweep's turn, for tests that don't wait."""


class Watch:
    """Stands in for the module `time`: it goes on only when a test says so."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at
