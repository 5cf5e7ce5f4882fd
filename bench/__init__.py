"""Measures the rollout against what people would write without it, side by side in one run.

`python -m bench` (`make bench`) starts a sandbox of its own, makes a project of fifty stacks in
fifty accounts, and prints ratios. Absolute times say little on a busy machine; the two sides of a
ratio take turns, so that both meet the same load. moto answers in place of AWS, in a millisecond or
so: on AWS, where each call takes longer, stacks at once gain more over a loop than here.
"""
