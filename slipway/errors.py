"""Every error a user can meet; the command line and the job boundary turn them into exit codes."""

import errno

EXHAUSTED = {
    errno.ENOSPC: "the disk is full: free some space, or set TMPDIR and --out to folders on another disk",
    errno.EDQUOT: "the disk quota is used up: free some space, or set TMPDIR and --out to folders on another disk",
    errno.EMFILE: "too many open files: raise this shell's limit (ulimit -n 1024)",
    errno.ENFILE: "too many open files on this machine: end other programs",
}
"""By errno: what this machine ran out of, and the next step."""


class SlipwayError(Exception):
    """An error that Slipway itself reports; its text is for the user."""

    exit_code = 1


class InputError(SlipwayError):
    """The user's settings, data or arguments are not acceptable; nothing has been changed yet."""

    exit_code = 2


class LaunchError(SlipwayError):
    """Something that was started on AWS or on the laptop did not end well."""
