"""Many stacks: preview, rollout and reports."""
