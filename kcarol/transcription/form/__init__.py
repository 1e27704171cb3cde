"""Form of a song: how loud and busy its bars are, what is repeated, and its sections."""
