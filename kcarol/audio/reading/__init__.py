"""Parts of reading sound files: channels, and what containers tell beside the sound."""
