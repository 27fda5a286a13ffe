package weir

import (
	"crypto/sha256"
	"strings"
)

// Hash is the first 16 bytes of the SHA-256 of a record's canonical JSON.
type Hash [16]byte

// HashOf hashes canonical JSON.
func HashOf(canonical []byte) Hash {
	sum := sha256.Sum256(canonical)
	return Hash(sum[:16])
}

// Record is one object of a dataset as it was read.
type Record struct {
	Key     string // canonical primary key (KeyOf); unique within the dataset
	Version int64  // the source's time of change in µs since the Unix epoch, 0 when the source gives none
	Data    []byte // canonical JSON object: sorted keys, exact numbers; empty when Deleted
	Hash    Hash   // HashOf(Data)
	Deleted bool   // a tombstone: the source no longer has this record
}

// keySeparator cannot occur in JSON text unescaped, so joined keys cannot collide.
const keySeparator = "\x1f"

// KeyOf joins the parts of a primary key.
func KeyOf(parts ...string) string { return strings.Join(parts, keySeparator) }

// KeyParts is the inverse of KeyOf.
func KeyParts(key string) []string { return strings.Split(key, keySeparator) }

// Reject is something that could not become or stay a record. Every reject is
// kept in quarantine: read = loaded + filtered + quarantined.
type Reject struct {
	Stage    string // "decode", "schema", "transform", "load"
	Reason   string // plain words, without the record's values
	Key      string // when it is known
	Original []byte // the bytes as they came
}

// Page is what one exchange with a source yielded, with the checkpoint from
// which reading continues once the page is durable.
type Page struct {
	Records    []Record
	Rejects    []Reject
	Checkpoint Checkpoint
	// Complete says that with this page the reader has shown every record
	// the source has: what a sweep did not show is gone.
	Complete bool
}
