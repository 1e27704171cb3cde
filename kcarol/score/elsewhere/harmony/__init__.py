"""Key and chords of a written song: read from its voices, or made for its tune."""
