"""`System.Text.RegularExpressions`: .NET patterns, translated for the `regex` package."""
