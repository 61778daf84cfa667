"""The subcommands of `slipway` that need the repository."""
