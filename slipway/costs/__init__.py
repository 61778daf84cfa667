"""What a plan costs, and which of AWS's quotas it needs."""
