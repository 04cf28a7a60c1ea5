"""Keep DNSSEC as YAML in git: plan, prove, approve and apply every key and DS change."""

__version__ = "0.1.0"
