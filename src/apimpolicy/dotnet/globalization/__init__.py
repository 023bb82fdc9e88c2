"""`System.Globalization`: the cultures that an IFormatProvider can be.

culture_data         ten cultures, and what Windows says about their numbers and dates
cultures             CultureInfo
number_format_info   NumberFormatInfo
date_format_info     DateTimeFormatInfo
"""
