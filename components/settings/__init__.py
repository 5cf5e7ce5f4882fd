"""The settings of a stack: its config, typed and checked before any call to AWS."""

from components.settings.findings import Finding, SettingsError
from components.settings.load import NAMESPACE, load
from components.settings.model import AccessKey, Delivery, Grant, Role, Stack, Trust, User
from components.settings.warnings import warnings

__all__ = [
    "NAMESPACE",
    "AccessKey",
    "Delivery",
    "Finding",
    "Grant",
    "Role",
    "SettingsError",
    "Stack",
    "Trust",
    "User",
    "load",
    "warnings",
]
