"""Scores that other programs wrote: what is in them, and what a song's lead sheet makes of it."""
