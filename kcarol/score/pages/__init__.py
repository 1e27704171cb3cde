"""Engraved pages: SVG drawn as PDF."""
