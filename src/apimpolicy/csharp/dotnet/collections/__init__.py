"""Arrays, collections, comparers and tuples: `System.Array`, `System.Collections.*`, `System.Tuple`."""
