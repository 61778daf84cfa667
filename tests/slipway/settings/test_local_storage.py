"""Which machines have disks of their own, over every family that SageMaker knows."""

import botocore.session
import pytest

from slipway.settings.local_storage import has_local_storage, volume_key

WITH_DISKS = {
    *("c5d", "c6gd", "m5d", "m6gd", "r5d", "r6gd", "r7gd"),
    *("g4dn", "g5", "g6", "g6e", "g7", "g7e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en"),
    *("p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2", "dl1"),
}
"""From EC2's pages of each family: "NVMe SSD" among the instance's storage."""


@pytest.mark.parametrize("use", ["Training", "Processing", "Transform", "ProductionVariant"])
def test_the_families_with_disks_of_their_own_are_known_and_no_others(use: str) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    types = model.shape_for(f"{use}InstanceType").enum
    assert {each.split(".")[1] for each in types if has_local_storage(each)} == WITH_DISKS & {
        each.split(".")[1] for each in types
    }


def test_a_key_is_asked_for_where_there_is_a_volume() -> None:
    assert volume_key("ml.m5.large", "key") == {"VolumeKmsKeyId": "key"}
    assert volume_key("ml.m5d.large", "key") == {}
