"""From what the model plays to the sound of a carol: texture, time, dynamics."""
