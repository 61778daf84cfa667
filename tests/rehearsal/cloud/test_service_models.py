"""The descriptions of the services are read once, whoever asks for them."""

import pytest
from botocore.exceptions import UnknownServiceError
from ministack.core import responses

from rehearsal.access_key import AccessKey
from rehearsal.cloud.clients import Clients
from rehearsal.cloud.ministack.json_services import share_models
from rehearsal.cloud.service_models import service_model


@pytest.fixture
def _shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_service_model", None)
    share_models(service_model)


def test_clients_of_any_role_and_the_service_itself_read_the_same_description() -> None:
    ours = service_model("application-autoscaling").operation_model("PutScalingPolicy").input_shape
    for _ in ("one", "other"):
        client = Clients("http://127.0.0.1:1", AccessKey.random())("application-autoscaling")
        theirs = client.meta.service_model.operation_model("PutScalingPolicy").input_shape
        assert theirs._shape_model is ours._shape_model


@pytest.mark.usefixtures("_shared")
def test_ministack_reads_it_too_under_its_own_names() -> None:
    assert responses._service_model("states") is service_model("stepfunctions")
    assert responses._service_model("no-such-service") is None


def test_what_botocore_does_not_know_is_told() -> None:
    with pytest.raises(UnknownServiceError):
        service_model("no-such-service")
