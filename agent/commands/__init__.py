"""The commands, one file each; `agent.cli` finds them."""
