"""Switches of an emulated cloud: what it does otherwise than usual, for one test."""


class Quirks:
    """Declared once, with what they are when nobody touches them: Quirks(throttled=False, latency=0).
    A switch that was never declared cannot be set."""

    def __init__(self, **switches):
        self.__dict__.update(switches)

    def __setattr__(self, name, value):
        if name not in self.__dict__:
            raise AttributeError(f"no switch is called {name}")
        self.__dict__[name] = value
