package web

import (
	"fmt"
	"net/url"

	"github.com/weirhq/weir/internal/credential"
)

const newCredentialTitle = "Add New Credential" // #nosec G101 -- a title

func (w *Web) registerCredentialNew() {
	w.show("/credentials/new", maker, (*visit).newCredential)
	w.do("/credentials/new", maker, (*visit).createCredential)
}

// kindOf is the kind that the query or the form names; Cal.com's when none is.
func (v *visit) kindOf(q url.Values) (*credential.Kind, error) {
	name := q.Get(fieldKind)
	if name == "" {
		name = credential.KindCalcom
	}
	return v.Credentials.Kind(name)
}

// newCredential is the form, as a page of its own.
func (v *visit) newCredential() error {
	kind, err := v.kindOf(v.query())
	if err != nil {
		return err
	}
	form := v.newCredentialForm(kind)
	form.Next = v.query().Get("next")
	return v.shown(newCredentialTitle, credentialNewPage(v.Credentials.Kinds(), form))
}

// createCredential validates what was typed and stores it, in this order.
func (v *visit) createCredential() error {
	typed, err := v.form()
	if err != nil {
		return err
	}
	kind, err := v.kindOf(typed)
	if err != nil {
		return err
	}
	form := v.newCredentialForm(kind)
	form.Next = typed.Get("next")
	in := credential.Input{Kind: kind.Name, Name: typed.Get(fieldName), Description: typed.Get(fieldText), Values: form.values(typed, v.Now())}
	return v.staged(func(tell func(string)) (outcome, error) {
		in.Watch = func(s credential.Step) { tell(string(s)) }
		made, err := v.Credentials.Create(v.r.Context(), v.actor(), in)
		if err != nil {
			return outcome{title: newCredentialTitle, form: credentialFields(form), page: credentialNewPage(v.Credentials.Kinds(), form)}, form.wrong(err, typed)
		}
		return outcome{to: after(form.Next, "/credentials", made.ID), said: fmt.Sprintf("%s is stored. Nobody can read its secret back.", made.Name)}, nil
	})
}
