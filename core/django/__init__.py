"""Exports of Django projects: the records of their models, and how these become rows of the tables that are there."""
