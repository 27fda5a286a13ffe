package web

import (
	"strconv"

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

// visible is what of a kind somebody may see: everything, for administrators;
// what is their own or shared with them, for others.
func (v *visit) visible(kind store.Kind) (store.ResourceFilter, error) {
	f := store.ResourceFilter{Org: v.who.Org, Kind: kind, Text: v.query().Get("q"), Page: pageNumber(v), Number: tilesOnAPage}
	if v.admin() {
		return f, nil
	}
	var err error
	f.Sharing, err = v.People.Sharing(v.r.Context(), v.who, true, identity.RoleOwner, identity.RoleAdmin, identity.RoleOperator, identity.RoleCollaborator)
	return f, err
}

// pageNumber is the page of a list that the query names, from 1.
func pageNumber(v *visit) int {
	n, err := strconv.Atoi(v.query().Get("page"))
	if err != nil {
		return 1
	}
	return min(max(1, n), 1_000_000)
}

// credentials are the tiles.
func (v *visit) credentials() error {
	ctx := v.r.Context()
	f, err := v.visible(store.KindCredential)
	if err != nil {
		return err
	}
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
