"""Codecs of published formats: words of others, no business."""
