package web

import (
	"errors"
	"net/url"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

const (
	signInTitle = "Sign in"
	proveTitle  = "Is it you?"
)

func (w *Web) registerSignIn() {
	w.show("/sign-in", everybody, (*visit).signInForm)
	w.do("/sign-in", everybody, (*visit).signIn)
	w.do("/sign-out", everybody, (*visit).signOut)
	w.show("/prove", signedIn, (*visit).proveForm)
	w.do("/prove", signedIn, (*visit).prove)
}

func signInFields() []ui.Field {
	return []ui.Field{
		{Name: "email", Title: "E-mail", Kind: "email", Required: true, Long: 255, Complete: "username", Focus: true},
		{Name: "password", Title: "Password", Kind: "password", Required: true, Long: 1000, Complete: "current-password"},
	}
}

// signInForm asks who somebody is. On a new server it leads to the setup.
func (v *visit) signInForm() error {
	if !v.who.Anonymous() {
		return v.to(v.query().Get("next"), "", "")
	}
	needed, err := v.People.SetupNeeded(v.r.Context())
	if err != nil {
		return err
	}
	if needed {
		return v.to("/setup", "", "")
	}
	ways, err := v.People.SignInWays(v.r.Context())
	if err != nil {
		return err
	}
	return v.shown(signInTitle, signInPage(signInFields(), here(v.query().Get("next")), v.rekeyed(), ways))
}

// rekeyed says why nobody gets in since the vault was rekeyed; nil when it was
// not, or when that cannot be found out.
func (v *visit) rekeyed() *ui.Problem {
	if stale, err := v.Vault.Rekeyed(v.r.Context()); err != nil || !stale {
		return nil
	}
	return &ui.Problem{Message: "This server's keys were replaced (weir vault rekey), and it still holds the ones from before: nobody can sign in", Remedy: "Whoever runs it must restart it"}
}

// signIn begins a session and goes on to where somebody wanted to be.
func (v *visit) signIn() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	session, err := v.begun(func() (identity.Session, error) {
		return v.People.SignIn(v.r.Context(), identity.SignIn{Email: form.Get("email"), Password: secret(form, "password"), Before: v.Cookies.Session(v.r), Client: v.client})
	})
	if err != nil {
		return v.signInAgain(form, err)
	}
	v.begin(session)
	return v.to(form.Get("next"), "", "")
}

// begun begins a session, where the browser may have one.
func (v *visit) begun(begin func() (identity.Session, error)) (identity.Session, error) {
	if err := v.Cookies.Allow(v.r); err != nil {
		return identity.Session{}, err
	}
	return begin()
}

func (v *visit) signInAgain(form url.Values, err error) error {
	fields := fill(signInFields(), form)
	problem, err := blame(v.patient(err), fields)
	if err != nil {
		return err
	}
	if why := v.rekeyed(); why != nil {
		problem = why
	}
	ways, err := v.People.SignInWays(v.r.Context())
	if err != nil {
		return err
	}
	return v.again(signInTitle, signInPage(fields, here(form.Get("next")), problem, ways))
}

// patient says how long somebody must wait who has tried too often.
func (v *visit) patient(err error) error {
	var wait *identity.Wait
	var e *weir.Error
	if !errors.As(err, &wait) || !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Remedy = strings.TrimSuffix(e.Remedy, ".") + ". The next try is possible " + ui.Since(wait.Until, v.Now())
	return &out
}

// signOut ends the session. It is no error when it has ended before.
func (v *visit) signOut() error {
	if !v.who.Anonymous() {
		if err := v.People.SignOut(v.r.Context(), v.who); err != nil {
			return err
		}
	}
	v.end()
	return v.to("/sign-in", ui.Good, "You are signed out.")
}

// proveForm asks again for the password, before something that a stolen
// session must not do.
func (v *visit) proveForm() error {
	return v.shown(proveTitle, provePage(v.who.Email, here(v.query().Get("next")), nil))
}

func (v *visit) prove() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	session, err := v.People.Reauthenticate(v.r.Context(), v.who, v.Cookies.Session(v.r), secret(form, "password"), v.client)
	if err != nil {
		problem, err := blame(v.patient(err), nil)
		if err != nil {
			return err
		}
		return v.again(proveTitle, provePage(v.who.Email, here(form.Get("next")), problem))
	}
	v.begin(session)
	return v.to(form.Get("next"), ui.Good, "Thank you. Now do again what you were about to do.")
}
