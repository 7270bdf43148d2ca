"""A GitHub App that checks new issues against their templates and asks once, kindly, for what is missing."""
