"""The commands of `slipway` that need the repository."""
