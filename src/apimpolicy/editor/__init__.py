"""Support for editors: completion, hover, navigation, a language server, a debug adapter, tools for assistants."""
