X = 1
RAW = r"""<policies>
    <inbound><set-hedder name="a" /></inbound>
</policies>"""
JOINED = (
    "<policies><inbound>\n<set-variable name='\u0061' value='@(\"x\".Lenght)' />"
    f"<set-hedder name='{X}' /></inbound>"
    "</policies>"
)
DECODED = '\n\n<policies><inbound><rate-limit calls="\x6dany" renewal-period="60" /></inbound></policies>'
HOLES = f"""<policies><inbound><rate-limit calls="{X}" renewal-period="{X}0" />{X}</inbound></policies>"""
