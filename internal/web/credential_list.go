package web

import (
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// tilesOnAPage is how many tiles a page shows.
const tilesOnAPage = 60

func (w *Web) registerCredentials() {
	w.show("/credentials", signedIn, (*visit).credentials)
	w.show("/credentials/{id}", identity.Access(store.KindCredential, identity.RoleCollaborator), (*visit).credential)
}

// credentials are the tiles.
func (v *visit) credentials() error {
	ctx := v.r.Context()
	f, err := v.searched(store.KindCredential)
	if err != nil {
		return err
	}
	f.Page, f.Number = pageNumber(v), tilesOnAPage
	all, total, err := v.Credentials.List(ctx, f)
	if err != nil {
		return err
	}
	views, err := v.credentialViews(ctx, all...)
	if err != nil {
		return err
	}
	if err := v.addBudgets(views); err != nil {
		return err
	}
	table := ui.Table{Caption: "credentials", Path: "/credentials", Query: v.query(), Total: total, Page: f.Page, PerPage: f.Number}
	var form *credentialForm
	if v.who.Role.AtLeast(identity.RoleOperator) {
		kind, err := v.Credentials.Kind(credential.KindCalcom)
		if err != nil {
			return err
		}
		form = v.newCredentialForm(kind)
	}
	return v.shown("Credentials", credentialsPage(views, table, form, v.Now()))
}
