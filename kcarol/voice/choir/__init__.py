"""A choir made of the song's own voice, by WORLD."""
