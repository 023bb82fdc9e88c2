environment = "test"
partner_key = "p4ss"
