"""Liquid, the template language of `<set-body template="liquid">`, as DotLiquid renders it.

API Management documents that its Liquid runs in "C# mode": filter names in Pascal case, date formats of .NET. The list
of filters in the documentation and the templates that Azure itself generates for SOAP services (`Replace` with regular
expressions) are those of DotLiquid 2.0, so the rules here are those of DotLiquid:

- names count exactly; an unknown variable is null and writes nothing; an unknown filter leaves the value as it is;
- `and` and `or` have one rank and group from the right; null and false are false, all else is true;
- whole numbers stay whole: `{{ 7 | DividedBy: 2 }}` is 3;
- an error while rendering becomes text in its place, `Liquid error: …`; one in the template's syntax ends the policy;
- `-` inside a tag removes blanks before it, and one line end or blanks behind it.

The language is written here rather than taken from a Liquid for Python: those refuse what DotLiquid skips (`{{ a b }}`,
`{{ a.b,c }}`, unknown filters), have other values (Python's numbers, no UTF-16), no .NET regular expressions, and none
of the gateway's limits.

Tags that came to DotLiquid later, or that change how it works, fail by name: addfilters, decrement, increment, param,
render; so does tablerow, which writes HTML.

`JSONArrayFor` is API Management's own: a loop with a comma between the texts of its items. Its `where` is mentioned in
Microsoft's documentation and explained nowhere: it is not simulated.

Our choices: quoted `}}` and `%}` do not end a tag; filters that Microsoft's list does not name, except Ceil and Floor,
are unknown; `include` and `extends` have DotLiquid's error, because there are no files.

`template` reads, `markup` writes, `binding` has the variables of a template. Nothing of Python can be
reached: values are those of `values`, and looking up a name is a look into them.

Sources: https://learn.microsoft.com/azure/api-management/set-body-policy and https://github.com/dotliquid/dotliquid
"""
