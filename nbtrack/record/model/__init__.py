"""Models: what they are made of, and what they learn."""
