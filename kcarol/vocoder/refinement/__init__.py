"""Phase refinement: passes that make a wave agree better with its log-mel."""
