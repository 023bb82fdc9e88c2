class A {
    const string Verbatim = @"<policies>
        <inbound><set-hedder name=""a"" /></inbound>
    </policies>";
    string Raw => $"""
        <policies>
            <inbound><set-variable name="{Name}" value="@("x".Lenght)" /></inbound>
        </policies>
        """;
    string Joined = "<policies><inbound>\n" +
        $"<rate-limit calls=\"\u006dany\" renewal-period=\"{60}\" /></inbound></policies>";
    string Holes = $@"<policies><inbound><rate-limit calls=""{a}"" renewal-period=""{a}0"" />{a}</inbound></policies>";
}
