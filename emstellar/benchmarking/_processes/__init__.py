"""The processes that fit: workers that may die, what they measure, and where they begin."""
