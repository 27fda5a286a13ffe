package web

import (
	"cmp"
	"net/http"
	"strings"
	"unicode"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/vault"
	"github.com/weirhq/weir/internal/web/ui"
)

const settingsTitle = "Settings"

func (w *Web) registerSettings() {
	admin, owner := identity.InOrg(identity.RoleAdmin), identity.InOrg(identity.RoleOwner)
	w.show("/settings", admin, (*visit).settings)
	w.do("/settings", admin, (*visit).changeOrganization)
	// Whoever configures a provider lets it say who people are: the password is
	// asked for before anything is typed.
	w.show("/settings/providers/new", owner.Fresh(), (*visit).newProvider)
	w.do("/settings/providers/new", owner.Fresh(), (*visit).addProvider)
	w.do("/settings/providers/{provider}/on", owner, switchProvider(true))
	w.do("/settings/providers/{provider}/off", owner, switchProvider(false))
	w.do("/settings/providers/{provider}/drop", owner, (*visit).dropProvider)
}

// settingsView is what the page of settings shows.
type settingsView struct {
	Organization identity.Organization
	Fields       []ui.Field
	Problem      *ui.Problem
	Providers    []identity.StoredProvider
	Vault        *vault.Status // nil for those who do not own the organization
	Owner        bool
	Version      string
	Commands     string // that make a backup and a recovery kit
}

func (v *visit) settings() error { return v.settingsShown(http.StatusOK, nil, nil) }

func (v *visit) settingsShown(status int, fields []ui.Field, problem *ui.Problem) error {
	ctx := v.r.Context()
	view := &settingsView{Problem: problem, Owner: v.who.Role.AtLeast(identity.RoleOwner), Version: v.Version, Fields: fields}
	all, err := v.People.Organizations(ctx, v.who)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.ID == v.who.Org {
			view.Organization = o
		}
	}
	if view.Fields == nil {
		view.Fields = organizationFields(view.Organization)
	}
	if view.Providers, err = v.People.StoredProviders(ctx, v.who); err != nil {
		return err
	}
	if view.Owner && v.Vault != nil {
		s, err := v.Vault.Status(ctx)
		if err != nil {
			return err
		}
		view.Vault = &s
		view.Commands = backupCommands(v.Data, v.Postgres)
	}
	return v.write(status, settingsTitle, settingsPage(view))
}

// backupCommands are what an owner types on the server, with the store that the
// server uses: without it a command would take the one of who types it.
func backupCommands(data string, postgres bool) string {
	store := "--data " + shellWord(cmp.Or(data, "DIR"))
	kit := store
	if postgres {
		store = "--database-url URL"
		kit += " " + store
	}
	return "weir backup create weir-backup.age " + store + " --encrypt-to age1…\nweir vault recovery-kit " + kit + " --out kit"
}

// shellWord is a path as a shell takes it for one word.
func shellWord(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+@:", r)
	}) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func organizationFields(o identity.Organization) []ui.Field {
	return []ui.Field{
		{Name: "name", Title: "Name", Required: true, Long: 255, Value: o.Name},
		{Name: "domain", Title: "E-mail domain", Holder: "example.com", Long: 255, Value: o.Domain},
		{Name: "about", Title: "About", Kind: "textarea", Rows: 3, Long: 10_000, Value: o.About},
	}
}

func (v *visit) changeOrganization() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	err = v.People.UpdateOrganization(v.r.Context(), v.who, identity.Organization{Name: form.Get("name"), Domain: form.Get("domain"), About: form.Get("about"), Updated: micros(numberIn(form, "seen"))})
	if err == nil {
		return v.to("/settings", ui.Good, "Saved.")
	}
	fields := fill(organizationFields(identity.Organization{}), form)
	problem, err := blame(stillThere(err), fields)
	if err != nil {
		return err
	}
	return v.settingsShown(http.StatusUnprocessableEntity, fields, problem)
}

func providerFields() []ui.Field {
	return []ui.Field{
		{Name: "name", Title: "Name", Help: "As it stands on the button of the sign-in page.", Required: true, Long: 255},
		{Name: "issuer", Title: "Issuer", Kind: "url", Help: "As the provider's documentation has it, such as https://accounts.google.com", Required: true, Holder: "https://", Long: 500},
		{Name: "client_id", Title: "Client id", Required: true, Long: 500},
		{Name: "client_secret", Title: "Client secret", Kind: "secret", Required: true, Long: 1000},
		{Name: "domains", Title: "E-mail domains that may sign in", Help: "Separated by commas. The provider vouches for every address of these.", Long: 5000},
		{Name: "users", Title: "Addresses that may sign in besides", Help: "Separated by commas.", Long: 10_000},
		{Name: "create_users", Kind: "checkbox", Title: "Who is unknown becomes a member, as a collaborator"},
	}
}

func (v *visit) newProvider() error {
	return v.shown("New identity provider", providerPage(providerFields(), nil))
}

func (v *visit) addProvider() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	text := func(name string) *string { s := strings.TrimSpace(form.Get(name)); return &s }
	list := func(name string) *[]string {
		all := strings.FieldsFunc(form.Get(name), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
		return &all
	}
	creates, on, role := form.Has("create_users"), true, identity.RoleCollaborator
	p, err := v.People.AddProvider(v.r.Context(), v.who, identity.ChangeProvider{Name: text("name"), Issuer: text("issuer"), ClientID: text("client_id"), Secret: secret(form, "client_secret"),
		Domains: list("domains"), Users: list("users"), CreateUsers: &creates, Enabled: &on, Role: &role})
	if err != nil {
		fields := fill(providerFields(), form)
		problem, err := blame(err, fields)
		if err != nil {
			return err
		}
		return v.again("New identity provider", providerPage(fields, problem))
	}
	return v.to("/settings", ui.Good, "Stored. Register its address at the provider: "+p.RedirectURL)
}

// switchProvider makes a form of one button that switches a provider on or off.
func switchProvider(on bool) func(*visit) error {
	said := map[bool]string{true: "It is on the sign-in page.", false: "Nobody signs in with it any more."}
	return func(v *visit) error {
		_, err := v.People.UpdateProvider(v.r.Context(), v.who, v.number("provider"), identity.ChangeProvider{Enabled: &on})
		return v.told("/settings", said[on], err)
	}
}

func (v *visit) dropProvider() error {
	err := v.People.DropProvider(v.r.Context(), v.who, v.number("provider"))
	return v.told("/settings", "Removed, with its secret.", err)
}
