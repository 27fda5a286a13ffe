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

// KeyPurpose is what a key of the keyring is for.
type KeyPurpose string

// The purposes.
const (
	KeyWraps   KeyPurpose = "wrap"   // wraps the keys of secrets
	KeyDerives KeyPurpose = "derive" // keys for MACs and fingerprints are derived from it
)

// KeyState is what a key of the keyring may still do.
type KeyState string

// The states, in the order of a key's life.
const (
	KeyActive      KeyState = "active"       // new values go under it
	KeyDecryptOnly KeyState = "decrypt_only" // opens; what is under it is re-wrapped
	KeyCompromised KeyState = "compromised"  // opens; what is under it is sealed anew
	KeyRetired     KeyState = "retired"      // opens nothing any more
)

// StoredKey is a key of the keyring as it is stored: sealed under the root
// key, which is not in the database.
type StoredKey struct {
	ID       string // follows from the key itself
	Purpose  KeyPurpose
	State    KeyState
	Created  int64  // µs
	Root     string // id of the root key that it is sealed under
	Sealed   []byte
	Sentinel []byte // a known value sealed under the key, to be opened at each start
}

// KeyUse is how much of a key is in use.
type KeyUse struct {
	Key     string
	Secrets int64 // that lie under it now
	Wraps   int64 // how often it has sealed those that do
}
