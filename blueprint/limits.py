"""AWS's limits that more than one engine keeps to."""

MOST_REQUEST_BYTES = 25 * 1024 * 1024
"""Of one invocation of a real-time endpoint. "The payload limits are 25 MB for real-time endpoints":
https://docs.aws.amazon.com/sagemaker/latest/dg/hosting-faqs.html; 6 MB in older pages."""
