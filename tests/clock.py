"""Time that passes when a test says so."""


class FakeClock:
    """A clock to hand to ``record``: ``clock()`` gives nanoseconds, ``clock.pass_(n)`` lets n pass."""

    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now

    def pass_(self, nanoseconds: int) -> None:
        self.now += nanoseconds
