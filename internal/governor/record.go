package governor

import (
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// recordVersion is the ledger document's format. A process refuses newer ones.
const recordVersion = 1

// record is a key's document in the ledger. All stamps are Unix milliseconds
// of the ledger's time. It holds no secret: the document's name is a keyed
// hash of origin and API key.
type record struct {
	Version int                    `json:"v"`
	Newest  int64                  `json:"at"`              // newest stamp of any writer
	Known   bool                   `json:"known,omitempty"` // an answer has told how full the server's window was
	Owners  map[string]ownerRecord `json:"owners,omitempty"`

	Limit   stamped `json:"limit,omitzero"`   // the server's own limit, when it said one
	Room    room    `json:"room,omitzero"`    // what the server said is left of its window
	Foreign stamped `json:"foreign,omitzero"` // use of the key by others; the stamp is when to forget it
	Cut     stamped `json:"cut,omitzero"`     // places left unused since a refusal
	Blocked int64   `json:"blocked,omitempty"`
	Urgent  int64   `json:"urgent,omitempty"` // until when a reserve is kept for interactive requests
	Strict  bool    `json:"strict,omitempty"` // the server refuses when any of its limits is exceeded
	Refused int     `json:"refused,omitempty"`
}

// ownerRecord is one Governor's part of a record; only it writes there.
type ownerRecord struct {
	Revision int64   `json:"rev"`
	At       int64   `json:"at"`
	Waiting  int     `json:"waiting,omitempty"`
	Free     []int64 `json:"free,omitempty"` // when each of its places is free again, ascending
}

// stamped is a number with a stamp.
type stamped struct {
	N  int   `json:"n,omitempty"`
	At int64 `json:"at,omitempty"`
}

// room is how many requests the server would still take before it resets.
type room struct {
	Left  int   `json:"left,omitempty"`
	Reset int64 `json:"reset,omitempty"`
}

// unlikely is longer than any place is occupied; lastStamp is the year 2200,
// beyond which no clock goes and stamps would overflow a duration.
const (
	unlikely  = 10 * time.Minute
	lastStamp = 7_258_118_400_000
)

// trim bounds stamps that a damaged document may hold, so that none blocks
// the key for ever.
func (r *record) trim(most time.Duration) {
	last := r.Newest + most.Milliseconds()
	for id, o := range r.Owners {
		o.At = min(max(o.At, 0), r.Newest)
		r.Owners[id] = o
		for i := range o.Free {
			o.Free[i] = min(max(o.Free[i], 0), last)
		}
	}
	for _, stamp := range []*int64{&r.Blocked, &r.Urgent, &r.Room.Reset, &r.Limit.At, &r.Foreign.At, &r.Cut.At} {
		*stamp = min(max(*stamp, 0), last)
	}
}

// errUnreadable says that a document is not a record.
var errUnreadable = errors.New("unreadable record")

// decodeRecord reads a document; nil is the empty record.
func decodeRecord(document []byte) (record, error) {
	if document == nil {
		return record{Version: recordVersion, Owners: map[string]ownerRecord{}}, nil
	}
	var r record
	if err := json.Unmarshal(document, &r); err != nil || r.Version < 1 || r.Newest < 0 || r.Newest > lastStamp {
		r, _ = decodeRecord(nil)
		return r, errUnreadable
	}
	if r.Version > recordVersion {
		return record{}, &weir.Error{
			Code: weir.CodeLocal, Where: "budget",
			Message: "the key's record in the store was written by a newer Weir",
			Remedy:  "Upgrade this Weir, or use another store",
		}
	}
	if r.Owners == nil {
		r.Owners = map[string]ownerRecord{}
	}
	return r, nil
}

// encode writes the document, without owners that no longer occupy anything.
func (r *record) encode() ([]byte, error) {
	for id, o := range r.Owners {
		o.Free = slices.DeleteFunc(o.Free, func(t int64) bool { return t <= r.Newest })
		if len(o.Free) == 0 && o.Waiting == 0 || len(o.Free) == 0 && r.Newest-o.At > activeFor.Milliseconds() {
			delete(r.Owners, id)
			continue
		}
		slices.Sort(o.Free)
		r.Owners[id] = o
	}
	return json.Marshal(r, json.Deterministic(true))
}
