"""What a policy can be wrong in."""

from slipway.errors import SlipwayError


class PolicyError(SlipwayError):
    """A policy holds something that is not understood here, so nobody can say what it allows."""
