"""Many stacks: preview, rollout and reports.

`choosing` selects the stacks of a command, `execution` runs them, `access` tells how a change
affects access, `reporting` prints the results; `asking` answers questions without a run.
"""
