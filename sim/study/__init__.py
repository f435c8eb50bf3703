"""Many runs of the market: run, summarise, compare, keep."""
