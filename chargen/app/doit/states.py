"""Forwards to `chargen.doit_plugin.states`."""

from chargen.doit_plugin.states import RecordStates

__all__ = ["RecordStates"]
