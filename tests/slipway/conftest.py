import copy
import tomllib
from pathlib import Path

import pytest

from slipway.settings import load_settings
from slipway.training import training_pipeline

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"


@pytest.fixture(scope="session")
def config_path():
    return CONFIG


@pytest.fixture(scope="session")
def settings():
    return load_settings(CONFIG, "dev")


@pytest.fixture(scope="session")
def shoppers():
    document = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    del document["stages"]
    return document | {"stage": "dev"}


@pytest.fixture
def document(shoppers):
    """The settings of one stage as plain data, to be broken at will."""
    return copy.deepcopy(shoppers)


@pytest.fixture(scope="session")
def compose():
    def build(settings, **changes):
        given = {
            "bucket": "artifacts",
            "kms_key_arn": "arn:aws:kms:us-east-1:000000000000:key/k",
            "image_uri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:0123456789abcdef",
            "use_case_uri": "s3://assets/use_case.json",
            "processing_role_arn": "arn:aws:iam::000000000000:role/processing",
            "training_role_arn": "arn:aws:iam::000000000000:role/training",
            "evaluation_role_arn": "arn:aws:iam::000000000000:role/evaluation",
        }
        return training_pipeline(settings, **(given | changes))

    return build


@pytest.fixture(scope="session")
def definition(compose, settings):
    return compose(settings)


@pytest.fixture(scope="session")
def steps(definition):
    """Every step by its name, those of the branches too."""
    found = {step["Name"]: step for step in definition["Steps"]}
    for branch in ("IfSteps", "ElseSteps"):
        found |= {step["Name"]: step for step in found["Gate"]["Arguments"][branch]}
    return found
