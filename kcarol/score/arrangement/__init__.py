"""Carols on paper: the parts of an arrangement as a score for those who would play it."""
