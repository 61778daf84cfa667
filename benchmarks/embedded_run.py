"""Run a pipeline in the embedded AWS, as a user's own program would:  embedded_run REQUEST.json ANSWER.json

The counterpart of `tests/sdk/run_locally.py`: a Python that has nothing imported yet, and no AWS that runs already.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.sdk.embedded import embedded


def main(argv: list[str]) -> None:
    """Run the pipeline once for each set of parameters in the request."""
    request = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    with embedded(Path(request["workdir"]), backend=request["backend"]) as cloud:
        cloud.upload(Path(request["table"]))
        cloud.create("pipeline", request["definition"])
        runs = [asdict(cloud.run("pipeline", parameters)) for parameters in request["parameters"]]
    Path(argv[2]).write_text(json.dumps(runs), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv)
