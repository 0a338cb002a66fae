"""Records as tables, and what is summed up of them."""
