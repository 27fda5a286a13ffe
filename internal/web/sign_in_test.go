package web_test

import (
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/server"
)

func TestASetupTokenMakesTheFirstUserAndLeadsToTheFirstCredential(t *testing.T) {
	s := newSite(t)
	b := s.browse(1440, 900)
	b.open("/")
	b.sees("Set up Weir")
	b.shot("setup")
	b.typed("setup_token", s.setupToken())
	b.typed("organization", "Acme")
	b.typed("full_name", "Ada Lovelace")
	b.typed("email", adaEmail)
	b.typed("password", adaPassword)
	b.press("Set up")
	b.sees("Weir is set up")
	if at := b.where(); at != "/credentials/new" {
		t.Errorf("after the setup the browser is at %s", at)
	}
}

func TestAWrongPasswordIsSaidAndIsNotSentBack(t *testing.T) {
	s := settled(t)
	b := s.browse(820, 900)
	b.open("/sign-in")
	b.typed("email", adaEmail)
	b.typed("password", "not the right horse")
	b.press("Sign in")
	b.sees("wrong")
	b.shot("sign-in-wrong")
	if strings.Contains(b.html(), "not the right horse") {
		t.Error("the password is in the page")
	}
	b.typed("password", adaPassword)
	b.press("Sign in")
	b.sees("Overview")
	b.shot("overview")
}

func TestComponentsAreShown(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 900)
	b.signIn()
	b.open("/_components")
	b.shot("components")
	b.press("Theme: system")
	b.sees("Theme: light")
	b.press("Theme: light")
	b.sees("Theme: dark")
	b.shot("components-dark")
}

func TestTheSignInPageHasAButtonForEachProviderThatIsOn(t *testing.T) {
	s := newSite(t, func(c *server.Config) {
		c.Provider = &identity.ProviderConfig{Issuer: "https://login.example.com", ClientID: "weir", Secret: weir.NewSecret("of the client"), Domains: []string{"example.com"}, Org: 1}
		c.ProviderName, c.PublicURL = "Acme login", "http://localhost"
	})
	owner := s.setUp().Principal
	text := func(v string) *string { return &v }
	on, role := true, identity.RoleCollaborator
	_, err := s.server.People().AddProvider(s.Context(), owner, identity.ChangeProvider{Name: text("Other login"), Issuer: text("https://other.example.com"), ClientID: text("weir"),
		Secret: weir.NewSecret("of the client"), Domains: &[]string{"example.com"}, Users: &[]string{}, CreateUsers: new(bool), Enabled: &on, Role: &role})
	s.must(err)
	b := s.browse(1440, 1000)
	b.open("/sign-in")
	b.sees("Sign in with Acme login")
	b.sees("Sign in with Other login")
	b.shot("sign-in-providers")
	b.signIn()
	b.open("/settings")
	b.press("Switch off")
	b.sees("Nobody signs in with it any more")
	b.press("Sign out")
	b.sees("Sign in with Acme login")
	if strings.Contains(b.text(), "Other login") {
		t.Error("a provider that is off has a button")
	}
}

func TestASiteWithoutProvidersAsksForAPasswordAlone(t *testing.T) {
	s := settled(t)
	b := s.browse(390, 900)
	b.open("/sign-in")
	b.sees("Password")
	if strings.Contains(b.text(), "Sign in with") {
		t.Error("there is a button of a provider that nobody has configured")
	}
}

func TestWhoIsInTwoOrganizationsGoesFromOneToTheOther(t *testing.T) {
	s := newSite(t)
	owner := s.setUp()
	_, err := s.server.People().CreateOrganization(s.Context(), owner.Principal, identity.Organization{Name: "Other Ltd"})
	s.must(err)
	s.made(owner.Token.Expose(), "/data_maps", map[string]any{"name": "Of Acme", "data_type": "string", "map_primary_key": "k"})
	b := s.browse(1440, 1000)
	b.signIn()
	b.open("/lookups")
	b.sees("Of Acme")
	b.open("/account")
	b.press("Go there")
	b.sees("You are in another organization now")
	b.until("the navigation names the organization", `document.querySelector('.account-who').innerText.includes('Other Ltd')`)
	b.open("/lookups")
	b.sees("No lookup yet")
	b.open("/account")
	b.press("Go there")
	b.until("the navigation names the organization", `document.querySelector('.account-who').innerText.includes('Acme')`)
	b.open("/lookups")
	b.sees("Of Acme")
}
