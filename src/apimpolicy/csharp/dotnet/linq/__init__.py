"""`System.Linq.Enumerable`: the query operators, by what they do."""
