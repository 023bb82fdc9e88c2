"""What editors ask for: completion, hover, navigation, a language server, a debug adapter, tools for assistants."""
