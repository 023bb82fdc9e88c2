"""The namespace `System` and its nearest neighbours: what every C# expression is made of.

    objects              ToString, Equals, GetHashCode and GetType of any value; System.Type
    strings              concatenation, Format, Join, interpolation
    string_search, string_edits, string_split, string_comparison    the members of `string`
    collation            the order of the invariant culture
    number_formats       numbers as text (custom_number_formats: `#,##0.00`); number_parsing the way back
    number_symbols, date_symbols    what a culture says about both; the cultures are in `globalization`
    arithmetic, decimals operators and explicit conversions of numbers
    conversions          unboxing and casts; nullables has `default(T)`
    datetimes, offsets, timespans, timezones    with date_formats and date_parsing
    encodings            with encoding_buffers
    memory_streams       MemoryStream, a part of it; text_readers and text_writers read and write strings
    interfaces           IComparable, IEquatable<T> and IFormattable of any value

and one module for each of the smaller types.
"""
