"""What both fleets report: SageMaker's metrics, captured requests, and their outcomes."""
