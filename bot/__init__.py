"""A GitHub App that checks new issues against their templates and asks once, kindly, for what is missing."""

__version__ = "0.1.0"
