package store

import (
	"context"
	"database/sql"
)

// Seals make the MACs of rows that give rights. Each is given a row as it is,
// and returns false to leave it so.
type Seals struct {
	User       func(User) ([]byte, bool)
	Membership func(Membership) ([]byte, bool)
	TeamMember func(TeamMember) ([]byte, bool)
	Accessor   func(Accessor) ([]byte, bool)
	Key        func(ServiceKey) ([]byte, bool)
	Identity   func(Identity) ([]byte, bool)
	Resource   func(Resource) ([]byte, bool)
}

// Reseal gives every row that gives rights a new MAC. All sessions and links
// end.
func (t *Tx) Reseal(ctx context.Context, s Seals) error {
	for _, statement := range []string{`DELETE FROM session`, `DELETE FROM link`} {
		if _, err := t.tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	for _, table := range []func() error{
		func() error {
			return reseal(ctx, t, `SELECT `+userColumns+` FROM user_account u`, (*User).fields, s.User,
				`UPDATE user_account SET mac = $1 WHERE id = $2`, func(u User) []any { return []any{u.ID} })
		},
		func() error {
			return reseal(ctx, t, `SELECT `+membershipColumns+` FROM membership m`, (*Membership).fields, s.Membership,
				`UPDATE membership SET mac = $1 WHERE org = $2 AND account = $3`, func(m Membership) []any { return []any{m.Org, m.User} })
		},
		func() error {
			return reseal(ctx, t, `SELECT tm.team, tm.account, tm.admin <> 0, tm.created, tm.mac FROM team_member tm`,
				func(m *TeamMember) []any { return []any{&m.Team, &m.User, &m.Admin, &m.Created, &m.MAC} }, s.TeamMember,
				`UPDATE team_member SET mac = $1 WHERE team = $2 AND account = $3`, func(m TeamMember) []any { return []any{m.Team, m.User} })
		},
		func() error {
			return reseal(ctx, t, `SELECT `+accessorColumns+` FROM accessor a`,
				func(a *Accessor) []any { return []any{&a.Resource, &a.Kind, &a.Who, &a.Role, &a.Created, &a.MAC} }, s.Accessor,
				`UPDATE accessor SET mac = $1 WHERE resource = $2 AND kind = $3 AND who = $4`, func(a Accessor) []any { return []any{a.Resource, a.Kind, a.Who} })
		},
		func() error {
			return reseal(ctx, t, `SELECT `+keyColumns+` FROM service_key k`, (*ServiceKey).fields, s.Key,
				`UPDATE service_key SET mac = $1 WHERE id = $2`, func(k ServiceKey) []any { return []any{k.ID} })
		},
		func() error {
			return reseal(ctx, t, `SELECT issuer, subject, account, created, mac FROM identity`,
				func(i *Identity) []any { return []any{&i.Issuer, &i.Subject, &i.User, &i.Created, &i.MAC} }, s.Identity,
				`UPDATE identity SET mac = $1 WHERE issuer = $2 AND subject = $3`, func(i Identity) []any { return []any{i.Issuer, i.Subject} })
		},
		func() error { return t.resealResources(ctx, s.Resource) },
	} {
		if err := table(); err != nil {
			return err
		}
	}
	return nil
}

// reseal reads a table whole before it writes: one connection does not do both
// at once. The rows are few: they are about people.
func reseal[R any](ctx context.Context, t *Tx, query string, fields func(*R) []any, seal func(R) ([]byte, bool), update string, key func(R) []any) error {
	var all []R
	err := t.each(ctx, func(rows *sql.Rows) error {
		var r R
		err := rows.Scan(fields(&r)...)
		all = append(all, r)
		return err
	}, query)
	if err != nil {
		return err
	}
	for _, r := range all {
		mac, ok := seal(r)
		if !ok {
			continue
		}
		if _, err := t.tx.ExecContext(ctx, update, append([]any{mac}, key(r)...)...); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) resealResources(ctx context.Context, seal func(Resource) ([]byte, bool)) error {
	all, err := t.resources(ctx, "")
	if err != nil {
		return err
	}
	for _, r := range all {
		mac, ok := seal(r)
		if !ok {
			continue
		}
		if _, err := t.tx.ExecContext(ctx, `UPDATE resource SET mac = $2 WHERE id = $1`, r.ID, mac); err != nil {
			return err
		}
	}
	return nil
}
