"""Policy and trust documents: wishes in, documents out, and what documents allow."""
