"""A server of the user's own is promoted as it is: nobody builds it anew for the next stage."""

from types import SimpleNamespace
from typing import Any

import pytest

from slipway.operations.aws_errors import RefusedError
from slipway.operations.target_image import TargetImage, target_image
from tests.slipway.settings.test_own_container import ECR, QUIET, SERVER, SERVES, settings


def stage(**endpoint: Any) -> Any:
    found = settings(endpoint=endpoint, rollout=QUIET)
    return SimpleNamespace(settings=found, names=found.names)


def test_the_package_keeps_its_image_whatever_tag_the_next_stage_names() -> None:
    newer = stage(**SERVES | {"image": f"{ECR}/team/my-server:2"})
    assert target_image(SERVER, stage(**SERVES), newer) == TargetImage(SERVER, "", "")


@pytest.mark.parametrize("endpoint", [{}, SERVES | {"image": f"{ECR}/another:1"}])
def test_a_stage_whose_endpoint_may_not_pull_it_is_refused(endpoint: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match=r"endpoint\.image of stage \w+ must be in the repository"):
        target_image(SERVER, stage(**SERVES), stage(**endpoint))
