"""The namespace `System` and its nearest neighbours: what every C# expression is made of."""
