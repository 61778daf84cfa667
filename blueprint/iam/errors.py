"""What a policy can be wrong in."""

from blueprint.errors import SlipwayError


class PolicyError(SlipwayError):
    """A policy holds something that is not understood here, so nobody can say what it allows."""
