package web

import (
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/web/ui"
)

const teamsTitle = "Teams"

func (w *Web) registerTeams() {
	w.show("/teams", signedIn, (*visit).teams)
	w.do("/teams", identity.InOrg(identity.RoleOperator), (*visit).makeTeam)
	w.show("/teams/{id}", signedIn, (*visit).team)
	w.do("/teams/{id}", signedIn, (*visit).renameTeam)
	w.do("/teams/{id}/add", signedIn, (*visit).addToTeam)
	w.do("/teams/{id}/take", signedIn, (*visit).takeFromTeam)
	w.do("/teams/{id}/delete", signedIn, (*visit).deleteTeam)
}

// What may be done with a team is decided by the service: it knows who
// administers it.

func teamPath(id int64) string { return fmt.Sprintf("/teams/%d", id) }

func teamFields(t identity.Team) []ui.Field {
	return []ui.Field{{Name: "name", Title: "Name", Required: true, Long: 255, Value: t.Name}, {Name: "description", Title: "Description", Kind: "textarea", Rows: 2, Long: 10_000, Value: t.Description}}
}

// teamView is a team as its page shows it.
type teamView struct {
	identity.Team
	Names  map[int64]string
	Others []ui.Option // members of the organization who are not in it
	Fields []ui.Field
	May    bool
}

func (v *visit) teams() error { return v.teamsShown(http.StatusOK, teamFields(identity.Team{}), nil) }

func (v *visit) teamsShown(status int, fields []ui.Field, problem *ui.Problem) error {
	all, err := v.People.Teams(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	return v.write(status, teamsTitle, teamsPage(all, fields, problem, v.who.Role.AtLeast(identity.RoleOperator)))
}

func (v *visit) makeTeam() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	t, err := v.People.CreateTeam(v.r.Context(), v.who, form.Get("name"), form.Get("description"))
	if err != nil {
		fields := fill(teamFields(identity.Team{}), form)
		problem, err := blame(err, fields)
		if err != nil {
			return err
		}
		return v.teamsShown(http.StatusUnprocessableEntity, fields, problem)
	}
	return v.to(teamPath(t.ID), ui.Good, "The team is made. Add people.")
}

func (v *visit) team() error {
	ctx := v.r.Context()
	t, err := v.People.Team(ctx, v.who, v.number("id"))
	if err != nil {
		return err
	}
	users, err := v.People.Users(ctx, v.who)
	if err != nil {
		return err
	}
	view := &teamView{Team: t, Names: map[int64]string{}, Fields: teamFields(t), May: v.admin() || t.Owner == v.who.User}
	in := map[int64]bool{}
	for _, m := range t.Members {
		in[m.User] = true
		view.May = view.May || m.Admin && m.User == v.who.User
	}
	for _, u := range users {
		if view.Names[u.ID] = u.FullName; !in[u.ID] && u.Status == identity.Active {
			view.Others = append(view.Others, ui.Option{Value: fmt.Sprint(u.ID), Title: u.FullName})
		}
	}
	return v.shown(t.Name, teamPage(view))
}

func (v *visit) renameTeam() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id, name, description := v.number("id"), form.Get("name"), form.Get("description")
	return v.told(teamPath(id), "Saved.", v.People.UpdateTeam(v.r.Context(), v.who, id, identity.ChangeTeam{Name: &name, Description: &description}))
}

func (v *visit) addToTeam() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id := v.number("id")
	err = v.People.AddTeamMembers(v.r.Context(), v.who, id, identity.TeamMember{User: numberIn(form, "user"), Admin: form.Has("admin")})
	return v.told(teamPath(id), "Added.", err)
}

func (v *visit) takeFromTeam() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id, user := v.number("id"), numberIn(form, "user")
	if user == 0 {
		return nothingThere() // nobody would mean everybody
	}
	return v.told(teamPath(id), "Taken out.", v.People.RemoveTeamMembers(v.r.Context(), v.who, id, user))
}

func (v *visit) deleteTeam() error {
	id := v.number("id")
	if err := v.People.DeleteTeam(v.r.Context(), v.who, id); err != nil {
		return v.told(teamPath(id), "", err)
	}
	return v.to("/teams", ui.Good, "Deleted. What was shared with it is not any more.")
}
