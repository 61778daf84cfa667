"""`python -m slipway.cli`: the `slipway` command."""

import sys

from slipway.cli.main import main

sys.exit(main())
