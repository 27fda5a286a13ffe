package web

import (
	"strings"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

const linkTitle = "Choose your password"

func (w *Web) registerLinks() {
	w.show("/links", everybody, (*visit).linkForm)
	w.do("/links", everybody, (*visit).acceptLink)
}

// linkFields ask for the link, which a script takes from behind the # of the
// address: no server sees it before the form is sent.
func linkFields() []ui.Field {
	return []ui.Field{
		{Name: "link", Title: "Link", Kind: "secret", Help: "The link that you were given, or what is behind its #.", Required: true, Long: 500},
		{Name: "password", Title: "New password", Kind: "password", Help: "At least 12 characters; a sentence is good.", Required: true, Long: 1000, Complete: "new-password"},
	}
}

// linkForm lets somebody who was invited, or has forgotten it, choose a password.
func (v *visit) linkForm() error { return v.shown(linkTitle, linkPage(linkFields(), nil)) }

// acceptLink sets the password and signs in.
func (v *visit) acceptLink() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	value := strings.TrimSpace(form.Get("link"))
	if i := strings.LastIndexByte(value, '#'); i >= 0 {
		value = value[i+1:]
	}
	session, err := v.begun(func() (identity.Session, error) {
		return v.People.AcceptLink(v.r.Context(), value, secret(form, "password"), v.client)
	})
	if err != nil {
		fields := linkFields()
		problem, err := blame(v.patient(err), fields)
		if err != nil {
			return err
		}
		return v.again(linkTitle, linkPage(fields, problem))
	}
	v.begin(session)
	return v.to("/", ui.Good, "The password is set, and you are signed in.")
}
