"""A scenario file of one's own: a plan to fill in, or a market from a dozen answers."""
