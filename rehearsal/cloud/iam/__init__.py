"""IAM's policy language: what a principal with these policies may do.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, for one account's
identity policies, permission boundaries, resource policies and trust policies. What is not understood is an error:
nothing is taken for true, or for harmless, unread.
"""

from rehearsal.cloud.iam.policy_conditions import Context
from rehearsal.cloud.iam.policy_document import Policy, PolicyError, Principal, Statement, parse_policy
from rehearsal.cloud.iam.policy_evaluation import AccessOutcome, AccessRequest, PolicyDecision, decide, may_assume

__all__ = [
    "AccessOutcome",
    "AccessRequest",
    "Context",
    "Policy",
    "PolicyDecision",
    "PolicyError",
    "Principal",
    "Statement",
    "decide",
    "may_assume",
    "parse_policy",
]
