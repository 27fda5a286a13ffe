package web

import (
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

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
	if c.Budget != nil {
		if err := v.addUse([]*budgetView{c.Budget}); err != nil {
			return err
		}
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
