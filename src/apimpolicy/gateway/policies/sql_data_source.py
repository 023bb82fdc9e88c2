"""sql-data-source: resolve a field of a GraphQL schema with a statement for a SQL database.

```xml
<sql-data-source>
    <connection-info><connection-string use-managed-identity="true">Server=tcp:…;</connection-string></connection-info>
    <request single-result="true">
        <sql-statement>SELECT [Id] AS [id], [Name] AS [name] FROM [Family] WHERE [Id] = @familyId</sql-statement>
        <parameters><parameter name="@familyId">@(context.GraphQL.Arguments["id"])</parameter></parameters>
    </request>
</sql-data-source>
```

The policy is the root of a resolver's document. A stand-in for the database responds, and records its requests:

```python
database = RecordedSql([{"id": 1, "name": "Smith"}])
Gateway(sql=database).resolve(policy, arguments={"id": 1})
database.requests[0].statement
```

Simulated: the request, and the response as JSON: `{"items": [row, …]}`, which is the form that the documentation's
template reads, and with `single-result` the first row, or null. The statement is recorded and not run or checked.
`set-body` in `request` fails by name, because no document says what becomes of the body of a SQL request. Our choices:
parameters are texts; a database that raises OSError is the error BackendConnectionFailure; `scope` and `client-id` of
`connection-string`, which only the editor's schema knows, have no effect.

Source: https://learn.microsoft.com/azure/api-management/sql-data-source-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.policies.conversions import boolean, trimmed
from apimpolicy.gateway.policies.data_source_parts import (
    ConnectionString,
    DataAnswer,
    QueryParameters,
    answer_with,
    query_parameters,
    unreachable,
)
from apimpolicy.gateway.policies.data_sources import SqlParameter, SqlRequest
from apimpolicy.gateway.policies.effects import DataRequested, Effect
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    child,
    child_texts,
    expression_attribute,
    part,
    policies,
    policy,
)


@part("connection-info")
class SqlConnection:
    connection_string: PolicyStep | None = child(ConnectionString, required=True)
    steps: list[PolicyStep] = policies("get-authorization-context", "include-fragment", "authentication-certificate")


@part("request")
class SqlCall:
    single_result: bool = expression_attribute(boolean, default=False)
    statements: list[str] = child_texts("sql-statement", trimmed, required=True)
    parameters: PolicyStep | None = child(QueryParameters)
    steps: list[PolicyStep] = policies("include-fragment", "set-body")


@policy(
    "sql-data-source",
    sections="",
    left_out="running the statement, which is recorded, and `set-body` in `request`, which fails by name",
    traits="responds",
)
class SqlDataSource:
    connection_info: PolicyStep | None = child(SqlConnection, required=True)
    request: PolicyStep | None = child(SqlCall, required=True)
    response: PolicyStep | None = child(DataAnswer)
    fragments: list[PolicyStep] = policies("include-fragment")

    def run(self, exchange: PolicyExchange) -> Effect:
        assert self.connection_info is not None
        assert self.request is not None
        connection: SqlConnection = exchange.evaluate(self.connection_info)
        exchange.execute(connection.steps)
        assert connection.connection_string is not None
        target: ConnectionString = exchange.evaluate(connection.connection_string)
        exchange.execute(self.fragments)
        call: SqlCall = exchange.evaluate(self.request)
        if any(step.name == "set-body" for step in call.steps):
            raise NotSimulatedError("sql-data-source with set-body in its request", "it is undocumented")
        exchange.execute(call.steps)
        request = SqlRequest(
            from_utf16(call.statements[0]),
            tuple(
                SqlParameter(
                    from_utf16(parameter.name),
                    from_utf16(parameter.value),
                    None if parameter.sql_type is None else from_utf16(parameter.sql_type),
                )
                for parameter in query_parameters(exchange, call.parameters)
            ),
            from_utf16(target.text),
            target.use_managed_identity,
            call.single_result,
        )
        database = exchange.services.sql
        if database is None:
            raise ConfigurationError("the gateway has no SQL database; give it one: Gateway(sql=RecordedSql([…]))")
        try:
            rows = [dict(row) for row in database.execute(request)]
        except OSError as error:
            raise unreachable(error) from None
        answer_with(exchange, (rows[0] if rows else None) if call.single_result else {"items": rows}, self.response)
        return DataRequested(f"SQL: {len(rows)} rows", source="sql", count=len(rows))
