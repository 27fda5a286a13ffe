package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerAccount() {
	w.show("/account", signedIn, (*visit).account)
	w.do("/account/password", signedIn, (*visit).changePassword)
	w.do("/account/sessions/{id}/end", signedIn, (*visit).endSession)
	w.do("/account/organization", signedIn, (*visit).switchOrganization)
	w.do("/account/sign-out-everywhere", signedIn, (*visit).signOutEverywhere)
}

func passwordFields() []ui.Field {
	return []ui.Field{
		{Name: "old", Title: "Present password", Kind: "password", Required: true, Long: 1000, Complete: "current-password"},
		{Name: "password", Title: "New password", Kind: "password", Help: "At least 12 characters; a sentence is good.", Required: true, Long: 1000, Complete: "new-password"},
	}
}

// account is one's own: password and sessions.
func (v *visit) account() error { return v.accountShown(http.StatusOK, passwordFields(), nil) }

func (v *visit) accountShown(status int, fields []ui.Field, problem *ui.Problem) error {
	sessions, err := v.People.Sessions(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	others, err := v.People.Organizations(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(o identity.Organization) bool { return o.ID == v.who.Org })
	return v.write(status, "Your account", accountPage(v.shownAs(), others, sessions, fields, problem, v.Now()))
}

// changePassword sets a new password. All other sessions end.
func (v *visit) changePassword() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	session, err := v.People.ChangePassword(v.r.Context(), v.who, secret(form, "old"), secret(form, "password"), v.client)
	if err != nil {
		fields := passwordFields()
		problem, err := blame(v.patient(oldOrNew(err)), fields)
		if err != nil {
			return err
		}
		return v.accountShown(http.StatusUnprocessableEntity, fields, problem)
	}
	v.begin(session)
	return v.to("/account", ui.Good, "The password is changed, and all other sessions have ended.")
}

// oldOrNew says which of the two passwords an error is about: only the old
// one is ever forbidden.
func oldOrNew(err error) error {
	var e *weir.Error
	if errors.As(err, &e) && e.Code == weir.CodeForbidden {
		return at(err, "password", "old")
	}
	return err
}

func (v *visit) endSession() error {
	err := v.People.EndSession(v.r.Context(), v.who, v.number("id"))
	return v.told("/account", "The session has ended.", err)
}

// switchOrganization goes on in another of one's organizations.
func (v *visit) switchOrganization() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	session, err := v.People.Switch(v.r.Context(), v.who, numberIn(form, "organization"), v.client)
	if err != nil {
		return err
	}
	v.begin(session)
	return v.to("/", ui.Good, "You are in another organization now.")
}

// signOutEverywhere ends all sessions, this one included.
func (v *visit) signOutEverywhere() error {
	if err := v.People.SignOutEverywhere(v.r.Context(), v.who); err != nil {
		return err
	}
	v.end()
	return v.to("/sign-in", ui.Good, "You are signed out everywhere.")
}
