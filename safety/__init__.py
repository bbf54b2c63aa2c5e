"""Guards that several packages share: secrets, egress rule, sandbox, safe text. Imports none of ours."""
