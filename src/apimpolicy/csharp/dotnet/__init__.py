"""The simulated .NET.

    surface/        data: every member of every type that a policy may meet, as C# signatures
    types           .NET types as values: named, constructed, arrays, type parameters, tuples
    signatures      reads the C# signatures of the surface
    metadata        loads one type's surface on first use
    registry        binds Python implementations to exact C# signatures
    casts           type tests and casts at run time
    implementations which module implements which type (loaded on first use)
    values          run-time values: boxing, run-time types, text for people
    exceptions      what C# code throws
    environment     what a running expression may ask of its surroundings: clock, trust, limits

and the implementations by namespace: system/  collections/ linq/ regex/ json/ xml/ cryptography/

A .NET string is a Python `str` in which each character is one UTF-16 code unit: `Length`, indexes, comparisons and
regular expressions are then .NET's own, at no cost. Text that comes in from outside passes `values.to_utf16`, text that
goes out passes `values.from_utf16`.
"""
