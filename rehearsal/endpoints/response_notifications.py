"""What SageMaker publishes at the end of an asynchronous request.

See https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html
"""

import json
from datetime import UTC, datetime
from typing import Any

from rehearsal.access_key import REGION
from rehearsal.endpoints.invocation import Invocation
from rehearsal.endpoints.queued_request import QueuedRequest


def success_notice(endpoint: str, request: QueuedRequest, answer: Invocation) -> str:
    """Of a response that lies in S3."""
    content_type = answer.headers.get("content-type", "")
    responded = {"contentType": content_type, "outputLocation": request.output_location}
    return _notice(endpoint, request, invocationStatus="Completed", responseParameters=responded)


def failure_notice(endpoint: str, request: QueuedRequest, reason: str) -> str:
    """Of a request without a response."""
    return _notice(endpoint, request, invocationStatus="Failed", failureReason=reason)


def _notice(endpoint: str, request: QueuedRequest, **more: Any) -> str:
    asked = {
        "contentType": request.content_type,
        "endpointName": endpoint,
        **({"inputLocation": request.input_location} if request.input_location else {}),
    }
    return json.dumps(
        {
            "awsRegion": REGION,
            "eventTime": _stamp(datetime.now(UTC)),
            "receivedTime": _stamp(datetime.fromtimestamp(request.received, UTC)),
            "requestParameters": asked,
            "inferenceId": request.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
            **more,
        }
    )


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
