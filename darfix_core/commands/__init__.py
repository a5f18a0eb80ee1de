"""The commands of ``darfix-core``, one file each; `darfix_core.cli` holds their options."""
