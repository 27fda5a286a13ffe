package simulator

import "math"

// row is one booking, kept small so that a million fit in memory: what is not
// here (uid, names, e-mail addresses, seats) is derived from tag and person.
type row struct {
	tag     uint64 // unique; the uid is written from it
	start   int64  // times are milliseconds since the Unix epoch
	created int64
	updated int64 // noTime for null
	from    int32 // row that this one was rescheduled from, or none
	to      int32 // row that this one was rescheduled to, or none
	series  int32 // recurring series, or none
	person  uint32
	traits  traits
	minutes uint16
	event   uint32 // id of the event type, which may be deleted
	user    uint8  // the host
	status  status
	guests  uint8
	seats   uint8
	absent  uint8 // bit i: attendee i did not come
	rating  uint8 // 0 for null
	reason  uint8 // of the cancellation: index into reasons
}

const none = int32(-1)

// noTime stands for a null updatedAt. It sorts where the server puts nulls:
// last in ascending order, first in descending (observed 2026-11-23).
const noTime = int64(math.MaxInt64)

// firstID is the id of row 0.
const firstID = 10_000

func (r *row) end() int64 { return r.start + int64(r.minutes)*60_000 }

type status uint8

const (
	accepted status = iota
	cancelled
	pending
	rejected
	erased // hard-deleted: the row is a hole
)

// statusNames are how version 2024-08-13 writes them; 2024-04-15 in capitals.
var statusNames = [...]string{"accepted", "cancelled", "pending", "rejected", ""}

type traits uint16

const (
	hostAbsent      traits = 1 << iota
	listsGuests            // guests is [] when there are none, rather than absent
	nameInParts            // bookingFieldsResponses.name is an object
	oddMetadata            // stored metadata fails the server's schema: {} and location "unknown"
	campaign               // metadata of a campaign
	byPhone                // the attendee's phone number is the location
	cancelledByHost        // cancelledByEmail is the host's
	movedByHost            // rescheduledByEmail is the host's, else the attendee's
	hasMoveReason          // reschedulingReason is given
	keepsCalendar          // icsUid stays that of the booking it was rescheduled from
	newPlace               // the location was changed
)

func (t traits) has(one traits) bool { return t&one != 0 }

// sortKey names the columns that a list can be sorted by.
type sortKey int

const (
	byStart sortKey = iota
	byEnd
	byCreated
	byUpdated
	sortKeys // how many there are
)

func (r *row) key(by sortKey) int64 {
	switch by {
	case byEnd:
		return r.end()
	case byCreated:
		return r.created
	case byUpdated:
		return r.updated
	}
	return r.start
}

// mix scatters a number over all 64 bits, one to one (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
