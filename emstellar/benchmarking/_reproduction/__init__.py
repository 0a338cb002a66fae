"""The Python code that makes a call again."""
