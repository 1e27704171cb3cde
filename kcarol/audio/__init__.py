"""Sound files in and out, loudness, clips, features and log-mel, chunks, and buffers on disk."""
