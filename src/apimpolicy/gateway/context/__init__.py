"""The `context` object, as the engine fills it and as expressions see it.

    records           Request and Response: what goes into the simulated gateway and what comes out (public)
    headers           Headers: those of a Request or Response (public)
    header_fields     HeaderCollection: those inside the gateway, for policies and C#; also the parameters of a query
    urls              IUrl
    bodies            IMessageBody: read once, unless asked to preserve
    messages          RequestMessage and ResponseMessage: the state that policies change; IRequest and IResponse
    entities          what is configured in a service: API, operation, product, subscription, user, deployment …
    execution         Context: IContext itself; ILastError, IGraphQL …
    tokens            Jwt, BasicAuthCredentials, Authorization
    extension_methods ContextExtensions: GetValueOrDefault, AsJwt, AsBasic, Encrypt, ToQueryString …
    moments           points and spans of time from Python's to .NET's
    loading           contexts from JSON files, for `apimpolicy eval` and the conformance rows

C# properties are plain Python attributes with the name in snake case: `context.Request.IpAddress` is
`context.request.ip_address`. Strings inside are .NET's (UTF-16 code units); `records` convert on the way in and out.
"""
