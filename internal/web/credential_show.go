package web

import (
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// historyShown is how many lines of what was done a page shows.
const historyShown = 20

// credentialHere is the credential that the path names.
func (v *visit) credentialHere() (*credentialView, error) {
	ctx := v.r.Context()
	c, err := v.Credentials.Credential(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	views, err := v.credentialViews(ctx, c)
	if err != nil {
		return nil, err
	}
	return views[0], nil
}

// credential is everything about one, but its secret.
func (v *visit) credential() error {
	ctx := v.r.Context()
	c, err := v.credentialHere()
	if err != nil {
		return err
	}
	uses, err := v.Credentials.Users(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := v.hideUnseen(uses); err != nil {
		return err
	}
	if err := v.addBudgets([]*credentialView{c}); err != nil {
		return err
	}
	history, err := v.history(store.KindCredential, c.ID)
	if err != nil {
		return err
	}
	role, err := v.People.RoleOn(ctx, v.who, store.KindCredential, c.ID)
	if err != nil {
		return err
	}
	return v.shown(c.Name, credentialPage(c, useViews(uses), history, v.Now(), role.AtLeast(identity.RoleAdmin)))
}

// history is what was done to one thing, newest first.
func (v *visit) history(kind store.Kind, id int64) ([]eventView, error) {
	ctx := v.r.Context()
	entries, _, err := v.Store.AuditPage(ctx, store.AuditFilter{Org: v.who.Org, Kind: string(kind), Object: id, Page: 1, Number: historyShown})
	if err != nil {
		return nil, err
	}
	users, err := v.People.Users(ctx, v.who)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{0: "Weir"}
	for _, u := range users {
		names[u.ID] = u.FullName
	}
	events := make([]eventView, len(entries))
	for i, e := range entries {
		events[i] = eventView{Title: actionWords(e.Action), Detail: eventDetail(e, names[e.Actor]), At: micros(e.At)}
	}
	return events, nil
}
