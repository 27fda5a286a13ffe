package web

import (
	"net/url"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

const setupTitle = "Set up Weir"

func (w *Web) registerSetup() {
	w.show("/setup", everybody, (*visit).setup)
	w.do("/setup", everybody, (*visit).setUp)
}

// setupFields is what the first start asks for.
func setupFields() []ui.Field {
	return []ui.Field{
		{Name: "setup_token", Title: "Setup token", Help: "The server printed it when it started. It is good once.", Required: true, Mono: true, Focus: true, Long: 200},
		{Name: "organization", Title: "Organization", Help: "Whose data this server will hold, such as your company.", Required: true, Long: 255, Complete: "organization"},
		{Name: "full_name", Title: "Your name", Required: true, Long: 255, Complete: "name"},
		{Name: "email", Title: "E-mail", Kind: "email", Required: true, Long: 255, Complete: "username"},
		{Name: "password", Title: "Password", Kind: "password", Help: "At least 12 characters; a sentence is good.", Required: true, Long: 1000, Complete: "new-password"},
	}
}

// setup asks for the first user, once.
func (v *visit) setup() error {
	needed, err := v.People.SetupNeeded(v.r.Context())
	if err != nil {
		return err
	}
	if !needed {
		return v.to("/", "", "")
	}
	fields := setupFields()
	if token := v.query().Get("token"); token != "" {
		return v.to("/setup", "", "") // a token in an address stays in the browser's history
	}
	return v.shown(setupTitle, setupPage(fields, nil))
}

// setUp makes the organization and its owner, and goes on to the first credential.
func (v *visit) setUp() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	session, err := v.begun(func() (identity.Session, error) {
		return v.People.Setup(v.r.Context(), form.Get("setup_token"), identity.FirstUser{
			Organization: form.Get("organization"), Email: form.Get("email"), FullName: form.Get("full_name"), Password: secret(form, "password"), Client: v.client,
		})
	})
	if err != nil {
		return v.setupAgain(form, err)
	}
	v.begin(session)
	return v.to("/credentials/new", ui.Good, "Weir is set up. Add the first credential: the Cal.com key that flows shall use.")
}

func (v *visit) setupAgain(form url.Values, err error) error {
	fields := fill(setupFields(), form)
	problem, err := blame(at(err, "setup", "setup_token"), fields)
	if err != nil {
		return err
	}
	return v.again(setupTitle, setupPage(fields, problem))
}
