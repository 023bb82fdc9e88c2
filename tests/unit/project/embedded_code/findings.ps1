$a = @'
<policies>
    <inbound><set-hedder name="a" /></inbound>
</policies>
'@
$b = @"
<policies>
    <inbound><set-variable name="$a" value="@("`$x".Lenght)" /><rate-limit calls="`many" renewal-period="60" /></inbound>
</policies>
"@
$c = @"
<policies><inbound><rate-limit calls="$a" renewal-period="$($a.x)" />$a</inbound></policies>
"@
