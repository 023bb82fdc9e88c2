"""`System.Globalization`: the cultures that an IFormatProvider can be.

culture_data         ten cultures, and what Windows says about their numbers
cultures             CultureInfo
"""
