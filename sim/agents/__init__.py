"""Who is there, and how one of them decides."""
