"""The rollout as a Lambda durable function; start reading at `rollout.py`."""
