"""A gateway that real clients can call: sockets, certificates, backends, and state that several gateways share."""
