"""`MusicTransformer`: its layers, its logits, the content between its halves, weights files."""
