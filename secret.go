package weir

import (
	"fmt"
	"log/slog"
)

// redacted is what every printed form of a Secret says.
const redacted = "[redacted]"

// Secret holds a value that must never be printed: an API key, a database
// password. Every formatting, logging and marshalling path yields
// "[redacted]". The zero Secret is empty.
type Secret struct{ value string }

// NewSecret wraps a value. The caller should drop its own copy.
func NewSecret(value string) Secret { return Secret{value} }

// Expose returns the value. Only the last hop may call it (the transport that
// sets a header, the driver that opens a database); internal/archtest lists
// the files that do.
func (s Secret) Expose() string { return s.value }

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == "" }

// String implements fmt.Stringer without revealing the value.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer without revealing the value.
func (s Secret) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb reaches the field.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText implements encoding.TextMarshaler without revealing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements json.Marshaler without revealing the value.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue implements slog.LogValuer without revealing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
