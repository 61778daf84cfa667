"""The code of this capability's Lambda functions."""
