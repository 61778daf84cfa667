"""Every error a user can meet; `cli.py` and the job boundary turn them into exit codes."""


class SlipwayError(Exception):
    """Anything Slipway itself reports; its text is for the user."""

    exit_code = 1


class InputError(SlipwayError):
    """What the user brought (settings, data, arguments) is not acceptable; nothing has been changed yet."""

    exit_code = 2


class LaunchError(SlipwayError):
    """Something that was started on AWS or on the laptop did not end well."""
