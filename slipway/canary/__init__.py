"""Canary analysis: does the new fleet serve as well as the old one? Lambda functions ship it: standard library only."""
