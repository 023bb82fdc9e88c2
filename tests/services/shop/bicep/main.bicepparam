using './main.bicep'

param environment = 'test'
param partnerKey = 'p4ss'
