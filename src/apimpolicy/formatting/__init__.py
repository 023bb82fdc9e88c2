"""Layout of policies: white space between tags, attributes and C# tokens becomes what `apimpolicy format` writes.

No tree is rewritten: the layout is a list of edits of white space. White space that is data, text, comments, strings
and the order of everything stay as they are, and `equality` compares the result with the original before it is used.
"""

from __future__ import annotations
