"""`System.Xml.Linq`: XML trees as C# sees them."""
