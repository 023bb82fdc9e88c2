"""The namespace `System` and its nearest neighbours: what every C# expression is made of.

    objects         ToString, Equals, GetHashCode and GetType of any value; System.Type
    strings         concatenation, Format, Join, interpolation
    string_…        the members of `string` by topic: search, split, edit, comparison
    collation       the order of the invariant culture
    number_formats  numbers as text; number_parsing the way back
    arithmetic      operators and explicit conversions of numbers; decimals the ones of `decimal`
    conversions     unboxing and casts
    date_…, datetimes, timespans, timezones     points and spans of time, 100 ns ticks

and one module for each of the smaller types.
"""
