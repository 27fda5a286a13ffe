package sqldb

// The Reasons of errors that say why a database cannot be used.
const (
	ReasonTLS        = "tls_failed"
	ReasonPassword   = "password_wrong"
	ReasonDatabase   = "database_unknown"
	ReasonPermission = "no_permission"
)
