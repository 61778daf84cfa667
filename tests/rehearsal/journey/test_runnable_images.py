"""Images of the user's own are run by a command where there is no Docker: which, the settings must say."""

import json
from pathlib import Path

import pytest

from rehearsal.journey.runnable_images import OWN_IMAGES, write_own_images
from slipway.errors import InputError
from tests.slipway.settings.test_own_container import SERVER, SERVES, settings


def test_the_command_is_written_for_the_embedded_aws(tmp_path: Path) -> None:
    use_case = settings(endpoint=SERVES | {"local_command": "./serve"})
    remarks = list(write_own_images(use_case, tmp_path, "prefix"))
    assert json.loads((tmp_path / OWN_IMAGES).read_text()) == {SERVER: "./serve"}
    assert remarks == ["endpoint.image is run on this machine as `./serve`"]


def test_an_image_without_a_command_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"endpoint\.local_command must say what starts"):
        list(write_own_images(settings(), tmp_path, "prefix"))
