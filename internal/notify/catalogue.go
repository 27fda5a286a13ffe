package notify

import (
	"slices"

	"github.com/weirhq/weir/internal/store"
)

// Level says how much an event matters.
type Level string

// The levels.
const (
	LevelInfo      Level = "info"
	LevelWarn      Level = "warn"
	LevelError     Level = "error"
	LevelRecovered Level = "recovered"
)

// Type is what is known of a type of events. Its id never changes.
type Type struct {
	ID          int64
	Name        store.EventType
	Title       string // "Flow failed"
	Description string
	Level       Level
	Default     []Channel // over which the owner is told where no rule says otherwise
	InApp       bool      // it goes over no other channel: it is about those
}

// The usual ways: everything is in the app, and what somebody must look at is
// mailed besides, where the server can.
var (
	quiet = []Channel{App}
	loud  = []Channel{App, Email}
)

// Types lists the catalogue in the order of its ids.
func Types() []Type {
	return []Type{
		{ID: 1, Name: store.FlowFailed, Title: "Flow failed", Level: LevelError, Default: loud,
			Description: "A run could not read its source. It is told once, until the flow has recovered."},
		{ID: 2, Name: store.FlowRecovered, Title: "Flow recovered", Level: LevelRecovered, Default: loud,
			Description: "A flow that had failed was read to its end."},
		{ID: 3, Name: store.DeliveryFailed, Title: "Delivery failed", Level: LevelError, Default: loud,
			Description: "A destination did not take what was read. It is told once, until it has recovered."},
		{ID: 4, Name: store.DeliveryRecovered, Title: "Delivery recovered", Level: LevelRecovered, Default: loud,
			Description: "A destination that had failed has everything that was read."},
		{ID: 5, Name: store.DeletionsHeld, Title: "Deletions held back", Level: LevelError, Default: loud,
			Description: "A source no longer shows so many records that a lost permission is likelier than deletion. None was marked deleted."},
		{ID: 6, Name: store.RecordsQuarantined, Title: "Records in quarantine", Level: LevelWarn, Default: quiet,
			Description: "A run set records aside that could not be read or loaded. It is told once, until a run has none."},
		{ID: 7, Name: store.SchemaChanged, Title: "Schema changed", Level: LevelInfo, Default: loud,
			Description: "A dataset got new columns, or columns of a wider type."},
		{ID: 8, Name: store.DatasetDetected, Title: "Dataset detected", Level: LevelInfo, Default: quiet,
			Description: "A dataset has its first records, and so its schema."},
		{ID: 9, Name: store.CredentialFailed, Title: "Credential failing", Level: LevelError, Default: loud,
			Description: "A service no longer accepts a key or login. What uses it stands still."},
		{ID: 10, Name: store.CredentialVerified, Title: "Credential verified again", Level: LevelRecovered, Default: loud,
			Description: "A credential that had failed is accepted again."},
		{ID: 11, Name: store.CredentialExpiring, Title: "Key expiring", Level: LevelWarn, Default: loud,
			Description: "A key expires in 30, 14, 7, 3 days or 1 day, or has expired."},
		{ID: 12, Name: store.BudgetOvercommitted, Title: "Budget overcommitted", Level: LevelWarn, Default: quiet,
			Description: "The flows of a key need more requests than it may make."},
		{ID: 13, Name: store.ResourceShared, Title: "Shared with you", Level: LevelInfo, Default: loud,
			Description: "Somebody shared something with you, a team of yours or the organization."},
		{ID: 14, Name: store.MemberAdded, Title: "Added to the organization", Level: LevelInfo, Default: loud,
			Description: "Somebody added you to an organization."},
		{ID: 15, Name: store.MemberRoleChanged, Title: "Role changed", Level: LevelInfo, Default: quiet,
			Description: "Somebody changed what you may do in the organization."},
		{ID: 16, Name: store.NotificationsGivenUp, Title: "Notifications not delivered", Level: LevelError, Default: quiet, InApp: true,
			Description: "A channel took no message over two days, or is gone. What it did not take is kept and can be sent again."},
	}
}

// TypeOf gives a type by its name.
func TypeOf(name store.EventType) (t Type, known bool) {
	return typeWhere(func(t Type) bool { return t.Name == name })
}

// TypeByID gives a type by its id.
func TypeByID(id int64) (t Type, known bool) {
	return typeWhere(func(t Type) bool { return t.ID == id })
}

func typeWhere(is func(Type) bool) (Type, bool) {
	all := Types()
	i := slices.IndexFunc(all, is)
	if i < 0 {
		return Type{}, false
	}
	return all[i], true
}
