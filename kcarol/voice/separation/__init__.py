"""The voice of a song, separated from its band by a network whose weights are fetched."""
