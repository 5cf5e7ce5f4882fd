"""Running stacks: worker processes, the engine, journals and locks."""
