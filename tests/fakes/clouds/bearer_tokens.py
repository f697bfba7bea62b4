"""The short-lived tokens of a registry's token server: what each of them grants, and until when."""
import re
import secrets

SCOPE = re.compile(r"repository:([^:]+):((?:pull|push|delete|,)+)")


def wanted(request):
    """[(repository, {action})] of what a request to the token server asks for."""
    found = [SCOPE.fullmatch(scope).groups() for scope in request.query.get("scope", [])]
    return [(name, set(actions.split(","))) for name, actions in found]


class BearerTokens:
    """`now` is the cloud's clock.  Tokens are kept for ever, so that a test can look for them anywhere."""

    def __init__(self, now, prefix):
        self.given = []
        self._now, self._prefix, self._valid = now, prefix, {}

    def give(self, grants, life):
        """A token for {(repository, action)}."""
        text = self._prefix + secrets.token_hex(16)
        self.given.append(text)
        self._valid[text] = (frozenset(grants), self._now() + life)
        return text

    def grants_of(self, request):
        """What the request's token grants, or None without one that is valid."""
        grants, ends = self._valid.get(request.bearer(), (None, 0))
        return grants if self._now() <= ends else None

    def forget_all(self):
        """As if their time had come."""
        self._valid.clear()
