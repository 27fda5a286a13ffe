package web

import (
	"fmt"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

const peopleTitle = "People"

func (w *Web) registerPeople() {
	admin := identity.InOrg(identity.RoleAdmin)
	w.show("/people", signedIn, (*visit).people)
	w.do("/people", admin, (*visit).invite)
	w.show("/people/{id}", signedIn, (*visit).person)
	w.do("/people/{id}/role", admin, (*visit).changeRole)
	w.do("/people/{id}/link", admin, (*visit).linkFor)
	w.do("/people/{id}/lock", admin, changePerson((*identity.Service).Lock, "Locked out, from the next request on."))
	w.do("/people/{id}/unlock", admin, changePerson((*identity.Service).Unlock, "Let in again."))
	w.do("/people/{id}/deactivate", admin, changePerson((*identity.Service).Deactivate, "Deactivated, from the next request on. Keys and flows stay."))
	w.do("/people/{id}/activate", admin, changePerson((*identity.Service).Activate, "Active again."))
	w.do("/people/{id}/transfer", admin, (*visit).transferFrom)
	w.do("/people/{id}/remove", admin, (*visit).removePerson)
}

func personPath(id int64) string { return fmt.Sprintf("/people/%d", id) }

// people are the members of the organization.
func (v *visit) people() error {
	return v.peopleShown(http.StatusOK, v.inviteFields(), nil, newLink{})
}

// newLink is a link that was just made, shown once.
type newLink struct {
	Email   string
	Address weir.Secret
}

// linkTo is the address of a link's page. What makes it good is after the #,
// which browsers send to nobody.
func (v *visit) linkTo(email string, value weir.Secret) newLink {
	scheme := "http"
	if v.r.TLS != nil || v.Cookies.HTTPS {
		scheme = "https"
	}
	return newLink{email, weir.NewSecret(scheme + "://" + v.r.Host + "/links#" + exposed(value))}
}

// roleOptions are the roles that the visitor may give.
func (v *visit) roleOptions() (all []ui.Option) {
	for _, r := range []identity.Role{identity.RoleCollaborator, identity.RoleOperator, identity.RoleAdmin, identity.RoleOwner} {
		if v.who.Role.AtLeast(r) {
			all = append(all, ui.Option{Value: string(r), Title: roleWords[r]})
		}
	}
	return all
}

func (v *visit) inviteFields() []ui.Field {
	return []ui.Field{
		{Name: "full_name", Title: "Name", Required: true, Long: 255},
		{Name: "email", Title: "E-mail", Kind: "email", Required: true, Long: 255},
		{Name: "role", Title: "May", Kind: "select", Required: true, Value: string(identity.RoleOperator), Options: v.roleOptions()},
	}
}

func (v *visit) peopleShown(status int, fields []ui.Field, problem *ui.Problem, made newLink) error {
	users, err := v.People.Users(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	t := ui.Table{ID: "people", Caption: "people", Path: "/people", Query: v.query(), Total: len(users), Export: true,
		Columns: []ui.Column{{Title: "Name"}, {Title: "E-mail"}, {Title: "Role"}, {Title: "State"}, {Title: "Since"}}}
	for _, u := range users {
		tone, state := personState(u)
		t.Rows = append(t.Rows, []ui.Cell{ui.Shown(u.FullName, ui.Link(personPath(u.ID), u.FullName)), ui.Words(u.Email), ui.Words(string(u.Role)), ui.Shown(state, ui.Badge(tone, state)),
			ui.At(u.Created)})
	}
	page := peoplePage(t, fields, problem, made, v.admin())
	if status == http.StatusOK {
		return v.list(peopleTitle, t, page)
	}
	return v.write(status, peopleTitle, page)
}

// personState is whether somebody is let in, in a word or two.
func personState(u identity.User) (ui.Tone, string) {
	switch {
	case u.Status != identity.Active:
		return ui.Plain, u.Status
	case u.Account != identity.Active:
		return ui.Plain, u.Account
	case u.Invited:
		return ui.Note, "invited"
	}
	return ui.Good, identity.Active
}

// invite adds somebody and shows the link with which they choose a password.
func (v *visit) invite() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	u, value, err := v.People.CreateUser(v.r.Context(), v.who, identity.NewUser{FullName: form.Get("full_name"), Email: form.Get("email"), Role: identity.Role(form.Get("role"))})
	if err != nil {
		fields := fill(v.inviteFields(), form)
		problem, err := blame(err, fields)
		if err != nil {
			return err
		}
		return v.peopleShown(http.StatusUnprocessableEntity, fields, problem, newLink{})
	}
	if value.IsZero() {
		return v.to("/people", ui.Good, u.FullName+" is a member now, and signs in as before.")
	}
	return v.peopleShown(http.StatusOK, v.inviteFields(), nil, v.linkTo(u.Email, value))
}
