package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

const keysTitle = "Keys"

func (w *Web) registerKeys() {
	w.show("/keys", signedIn, (*visit).keys)
	w.do("/keys", signedIn.Fresh(), (*visit).makeKey)
	w.do("/keys/{id}/revoke", signedIn, (*visit).revokeKey)
	w.do("/keys/{id}/confirm", signedIn.Fresh(), (*visit).confirmKey)
}

// keys are the service keys with which programs sign in.
func (v *visit) keys() error {
	return v.keysShown(http.StatusOK, v.keyFields(), nil, weir.Secret{})
}

func (v *visit) keyFields() []ui.Field {
	scope := ui.Field{Name: "scope", Title: "It may", Kind: "select", Required: true, Value: string(identity.RoleOperator)}
	for _, r := range []identity.Role{identity.RoleCollaborator, identity.RoleOperator, identity.RoleAdmin, identity.RoleOwner} {
		if v.who.Role.AtLeast(r) {
			scope.Options = append(scope.Options, ui.Option{Value: string(r), Title: roleWords[r]})
		}
	}
	return []ui.Field{
		{Name: "name", Title: "Name", Help: "After the program that will have it.", Required: true, Long: 255},
		scope,
		{Name: "days", Title: "It ends", Kind: "select", Required: true, Value: "365", Options: []ui.Option{{Value: "30", Title: "in 30 days"}, {Value: "90", Title: "in 90 days"}, {Value: "365", Title: "in a year"}}},
	}
}

// roleWords says what a role may do.
var roleWords = map[identity.Role]string{
	identity.RoleCollaborator: "see what is shared (collaborator)", identity.RoleOperator: "make and run flows (operator)",
	identity.RoleAdmin: "manage people and all flows (admin)", identity.RoleOwner: "do everything (owner)",
}

// makeKey makes a key and shows it, once.
func (v *visit) makeKey() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil {
		return v.keysAgain(form, &weir.Error{Code: weir.CodeUsage, Where: "days", Message: "it is not a number of days", Remedy: "Choose one of those there are"})
	}
	value, _, err := v.People.CreateKey(v.r.Context(), v.who, identity.NewKey{Name: form.Get("name"), Scope: identity.Role(form.Get("scope")), Expires: time.Duration(days) * 24 * time.Hour})
	if err != nil {
		return v.keysAgain(form, at(err, "service key", "name"))
	}
	return v.keysShown(http.StatusOK, v.keyFields(), nil, value)
}

func (v *visit) keysAgain(form url.Values, err error) error {
	fields := fill(v.keyFields(), form)
	problem, err := blame(err, fields)
	if err != nil {
		return err
	}
	return v.keysShown(http.StatusUnprocessableEntity, fields, problem, weir.Secret{})
}

func (v *visit) keysShown(status int, fields []ui.Field, problem *ui.Problem, made weir.Secret) error {
	all, err := v.People.Keys(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	return v.write(status, keysTitle, keysPage(all, fields, problem, made, v.Now()))
}

func (v *visit) revokeKey() error {
	err := v.People.RevokeKey(v.r.Context(), v.who, v.number("id"))
	return v.told("/keys", "Revoked. Its next request is refused.", err)
}

// confirmKey lets a key work that waits since the server was restored.
func (v *visit) confirmKey() error {
	err := v.People.ConfirmKey(v.r.Context(), v.who, v.number("id"))
	return v.told("/keys", "Confirmed. Programs that have it can sign in again.", err)
}

// waiting counts the keys that wait to be confirmed.
func waiting(all []identity.ServiceKey) (n int) {
	for _, k := range all {
		if k.Waits {
			n++
		}
	}
	return n
}
