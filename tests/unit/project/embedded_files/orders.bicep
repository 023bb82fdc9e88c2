// it's <policies>
resource p 'Microsoft.ApiManagement/service/apis/policies@2022-08-01' = {
  properties: {
    format: 'rawxml'
    value: '''
<policies>
  <inbound>
    <base />
    <set-header nam="X" exists-action="override"><value>@(context.Request.Url.Pth)</value></set-header>
  </inbound>
</policies>
'''
  }
}
var q = '<policies><inbound><set-variable name="a" value="${b}" /><set-hedder name="it\'s" /></inbound></policies>'
