"""One module a subcommand of `slipway`: `add_parser` tells its arguments, `run` does it and gives the exit code."""
