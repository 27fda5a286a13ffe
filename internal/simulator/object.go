package simulator

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object whose members keep their order, as the real
// server's do.
type object []field

type field struct {
	name  string
	value any
}

// list is a JSON array; nil is [].
type list []any

// raw is JSON text that is spliced in as it is.
type raw = jsontext.Value

// MarshalJSONTo implements json.MarshalerTo.
func (o object) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, f := range o {
		if err := enc.WriteToken(jsontext.String(f.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(enc, f.value); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

// clockLayout is how the API writes times: UTC with milliseconds.
const clockLayout = "2006-01-02T15:04:05.000Z"

// clockText writes milliseconds since the Unix epoch as the API does.
func clockText(ms int64) string { return string(appendClock(nil, ms)) }

func appendClock(b []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(b, clockLayout)
}
