package web

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

// personView is a member as their page shows them.
type personView struct {
	identity.User
	LockedOut bool
	Owns      int
	Heirs     []ui.Option // active members to whom what they own can go
	Link      newLink
	Roles     ui.Field
	Self      bool
}

// Path is where their page lies.
func (p *personView) Path() string { return personPath(p.ID) }

func (v *visit) person() error { return v.personShown(newLink{}) }

func (v *visit) personShown(made newLink) error {
	ctx := v.r.Context()
	u, err := v.People.User(ctx, v.who, v.number("id"))
	if err != nil {
		return err
	}
	p := &personView{User: u, Link: made, Self: u.ID == v.who.User}
	p.Roles = ui.Field{Name: "role", Title: "May", Kind: "select", Required: true, Value: string(u.Role), Options: v.roleOptions()}
	if p.LockedOut, err = v.People.LockedOut(ctx, u); err != nil {
		return err
	}
	if v.admin() {
		if err := v.addOwned(p); err != nil {
			return err
		}
	}
	return v.shown(u.FullName, personPage(p, v.admin() && !p.Self))
}

// addOwned counts what somebody owns, and names who could have it.
func (v *visit) addOwned(p *personView) error {
	ctx := v.r.Context()
	owned, err := v.People.Transferable(ctx, v.who, p.ID)
	if err != nil {
		return err
	}
	for _, n := range owned {
		p.Owns += n
	}
	users, err := v.People.Users(ctx, v.who)
	for _, u := range users {
		if u.ID != p.ID && u.Status == identity.Active {
			p.Heirs = append(p.Heirs, ui.Option{Value: fmt.Sprint(u.ID), Title: u.FullName})
		}
	}
	return err
}

func (v *visit) changeRole() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	err = v.People.SetRole(v.r.Context(), v.who, v.number("id"), identity.Role(form.Get("role")))
	return v.told(personPath(v.number("id")), "The role is changed. It counts from their next sign-in.", err)
}

// linkFor makes a link that sets a new password, and shows it once.
func (v *visit) linkFor() error {
	ctx, id := v.r.Context(), v.number("id")
	u, err := v.People.User(ctx, v.who, id)
	if err != nil {
		return err
	}
	value, err := v.People.NewLink(ctx, v.who, id)
	if err != nil {
		return v.told(personPath(id), "", err)
	}
	return v.personShown(v.linkTo(u.Email, value))
}

// changePerson makes a form of one button of what the service does to a member.
func changePerson(do func(*identity.Service, context.Context, identity.Principal, int64) error, done string) func(*visit) error {
	return func(v *visit) error {
		id := v.number("id")
		return v.told(personPath(id), done, do(v.People, v.r.Context(), v.who, id))
	}
}

// transferFrom gives all that somebody owns to another member.
func (v *visit) transferFrom() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id := v.number("id")
	n, err := v.People.Transfer(v.r.Context(), v.who, id, numberIn(form, "to"))
	return v.told(personPath(id), ui.Plural(n, "thing")+" handed on.", err)
}

func (v *visit) removePerson() error {
	id := v.number("id")
	if err := v.People.Remove(v.r.Context(), v.who, id); err != nil {
		return v.told(personPath(id), "", err)
	}
	return v.to("/people", ui.Good, "Removed, with their service keys.")
}
