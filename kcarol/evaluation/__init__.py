"""Evaluation: metrics, baselines, tables, and the pairs to evaluate on."""
