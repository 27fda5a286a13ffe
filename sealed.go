package weir

// Binding is what a stored secret is bound to: opened under any other
// organization, credential, field, version, kind or origin, it does not open.
// Whoever can write the database cannot make one secret serve another's host.
type Binding struct {
	Org        int64
	Credential int64
	Field      string // "api_key", "password"
	Version    int64  // of the credential's secret: each replacement is a new one
	Kind       string // "cal_com_api", "postgres"
	Origin     string // the only server that may be sent it: scheme, host, port; "" for a value that goes to no server
}

// SealedSecret is a secret as it is stored.
type SealedSecret struct {
	Binding
	Key    string // id of the key that wraps its own key
	Sealed []byte
}
