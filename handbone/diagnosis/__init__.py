"""Diagnosis of an installation: what is wrong with it, and the command that corrects it.

It needs nothing but Python, since any package may be what is missing or broken.
"""
