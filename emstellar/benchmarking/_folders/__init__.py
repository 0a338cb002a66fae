"""Folders of maps and masks made elsewhere, as a benchmark."""
