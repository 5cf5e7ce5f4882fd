"""From settings to policy documents, their layout, and trust policies."""
