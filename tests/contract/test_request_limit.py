"""How large a request may be: the model's server, the embedded AWS and the estimate of costs go by one figure."""

import pytest

from pipeline_steps.artifact.contract import MAX_PAYLOAD_BYTES
from slipway.cli.main import main
from slipway.settings.limits import MOST_REQUEST_BYTES


def test_the_server_takes_what_sagemaker_takes() -> None:
    assert MAX_PAYLOAD_BYTES == MOST_REQUEST_BYTES == 25 * 1024**2


def test_no_larger_request_is_costed(capsys: pytest.CaptureFixture[str]) -> None:
    def error_of(size: float) -> str:
        with pytest.raises(SystemExit):
            main(["cost", "--request-kilobytes", f"{size}", "--no-such-flag"])
        return capsys.readouterr().err.splitlines()[-1]

    most = MOST_REQUEST_BYTES / 1000
    assert "--request-kilobytes" not in error_of(most)
    assert f"--request-kilobytes: must be in 0.001..{most:g}" in error_of(most + 1)
