"""C# expressions as syntax trees: `parser.parse` reads one, `nodes` says what a tree looks like."""
