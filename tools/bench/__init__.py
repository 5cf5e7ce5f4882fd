"""Measures the rollout against what people would write without it, side by side in one run.

`python -m tools.bench` (`make bench`) starts a sandbox of its own, makes a project of fifty stacks
in fifty accounts, and prints ratios; `--stacks` and `--repeats` make it shorter. Absolute times say
little on a busy machine; the two sides of a ratio take turns, so that both meet the same load. moto
answers in place of AWS, in a millisecond or so: on AWS, where each call takes longer, stacks at
once gain more over a loop than here.

Seen on two cores that others used too (goals in brackets): fifty stacks take 0.16 to 0.22 of a
loop's time (0.33), one stack 0.93 to 1.01 of plain pulumi's (1.1), fifty stacks 1.02 to 1.04 of ten
stacks' memory (1.1). Worker processes take 0.74 to 0.89 of the time of threads in one process.
Users against a component program written by hand (1.05): 200 users, preview 0.95 and `up` 0.95; one
user, preview 1.04 and `up` 1.06, medians of the pairs. Most of what one user costs more is the
import of pydantic and of the settings. A call that the sandbox decides takes 0.2 ms more than one
of plain moto (2).
"""
