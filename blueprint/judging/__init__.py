"""One look at a rollout under way: what is asked of AWS, what is remembered, when a verdict is due.

All of it plain data and rules without any package, so that it runs in a bare Lambda function.
"""
