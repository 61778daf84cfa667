"""How an endpoint configuration becomes a fleet, before anything is started."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.backends.prefix import PrefixBackend
from rehearsal.containers.container import Program
from rehearsal.endpoints.provisioning import Provisioning
from tests.archives import archive_of
from tests.rehearsal.endpoints.account import endpoint_config, model


@pytest.mark.parametrize(
    ("given", "seconds", "concurrency"),
    [
        ({}, 480.0, None),
        ({"ContainerStartupHealthCheckTimeoutInSeconds": 60}, 60.0, None),
        ({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}, 180.0, 5),
    ],
)
def test_a_serverless_variant_has_3_minutes_to_start_and_a_limit_of_requests_at_a_time(
    given: dict[str, Any], seconds: float, concurrency: int | None, tmp_path: Path
) -> None:
    provisioning = Provisioning(
        workdir=tmp_path,
        image_programs=lambda _: Program(tmp_path, ("python",)),
        backend=PrefixBackend(),
        fetch_artifact=lambda _, path: path.write_bytes(archive_of({"model.json": {}})) and None,
        on_log=lambda *_: None,
        speed=1.0,
    )
    (variant,) = provisioning.maker("shop", endpoint_config("blue", **given), model("blue"))().variants
    assert (variant.startup_seconds, variant.max_concurrency) == (seconds, concurrency)
