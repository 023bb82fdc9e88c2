"""The exact meaning of single members. A form that is only partly exact uses `exact_where`, or raises Unsupported."""
