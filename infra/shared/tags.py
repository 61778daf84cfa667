"""Tags that policies select resources by."""

ENDPOINT_TAG = "slipway:endpoint"
"""On an endpoint's Model and EndpointConfig: CloudFormation chooses their names, so no ARN can select them."""
