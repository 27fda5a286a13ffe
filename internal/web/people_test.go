package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// linkHere is the link that the page shows once.
func (b *browser) linkHere() string {
	b.Helper()
	b.sees("It is shown once")
	return strings.TrimPrefix(run(b, chromedp.Evaluate[string](`document.querySelector('.notice code').innerText`)), b.url)
}

func TestAnInvitationLeadsToAPasswordAndItsSecretStaysOutOfTheLogAndTheHistory(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.agrees()
	b.signIn()
	b.open("/people")
	b.typed("full_name", "Grace Hopper")
	b.typed("email", "grace@example.com")
	b.press("Make an invitation")
	link := b.linkHere()
	b.shot("people-invited")
	b.open("/people")
	if strings.Contains(b.html(), link) {
		t.Error("the link is shown twice")
	}
	b.press("Grace Hopper")
	b.sees("invited")
	b.shot("person")

	g := s.browse(820, 900)
	g.open(link)
	g.until("the link is out of the address", `location.pathname === '/links' && location.hash === ''`)
	g.shot("link")
	g.typed("password", "short")
	g.press("Set it and sign in")
	g.sees("12 characters")
	_, secret, _ := strings.Cut(link, "#")
	g.open("/links")
	g.typed("link", g.url+link)
	g.typed("password", "a compiler for everybody")
	g.press("Set it and sign in")
	g.sees("you are signed in")
	if strings.Contains(s.log.String(), secret) {
		t.Error("the link's secret is in the log")
	}
	for _, address := range g.requests {
		if strings.Contains(address, secret) && !strings.Contains(address, "#") {
			t.Errorf("the link's secret is in a request: %s", address)
		}
	}
	g.open("/settings")
	g.sees("You may not do this")
	g.sees("Ask Ada Lovelace")

	b.press("Deactivate")
	b.sees("Deactivated")
	g.open("/")
	g.sees("Sign in")
	b.press("Activate")
	b.sees("Active again")
}

func TestATeamIsMadeAndHasMembers(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.open("/teams")
	b.typed("name", "Sales")
	b.press("Make the team")
	b.sees("The team is made")
	b.sees("Ada Lovelace")
	b.shot("team")
	b.press("Delete the team")
	b.sees("None yet.")
}

func TestTheSecondOfTwoWhoEditIsToldAndLosesNothing(t *testing.T) {
	s := settled(t)
	one, two := s.browse(1440, 1000), s.browse(1440, 1000)
	one.signIn()
	two.signIn()
	one.open("/settings")
	one.shot("settings")
	two.open("/settings")
	one.typed("about", "We sell anvils.")
	one.press("Save")
	one.sees("Saved.")
	two.typed("about", "We sell rockets.")
	two.press("Save")
	two.sees("Somebody else has changed it meanwhile")
	if typed := run(two, chromedp.Evaluate[string](`document.querySelector('[name="about"]').value`)); typed != "We sell rockets." {
		t.Errorf("what was typed is gone; there is %q", typed)
	}
	two.press("Save")
	two.sees("Saved.")
}

func TestAnExpiredSessionLeadsBackToWhereOneWas(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.open("/runs?status=failed")
	other := s.browse(820, 900)
	other.agrees()
	other.signIn()
	other.open("/account")
	other.press("Sign out everywhere")
	other.sees("You are signed out everywhere")
	b.open("/runs?status=failed")
	b.sees("Your session has ended")
	b.typed("email", adaEmail)
	b.typed("password", adaPassword)
	b.press("Sign in")
	b.sees("Nothing fits the filter")
	if at := b.where(); at != "/runs?status=failed" {
		t.Errorf("after the sign-in the browser is at %s", at)
	}
}

func TestAFailureIsToldInTheAppAndAChannelIsTried(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.open("/notifications")
	b.sees("Nothing to tell")
	b.open("/notifications/channels?kind=webhook")
	b.typed("name", "Ours")
	b.typed("url", "https://no-such-host.invalid/hook")
	b.press("Set it up")
	b.sees("signing secret, shown once")
	b.shot("channels")
	b.open("/notifications/channels")
	b.press("Test")
	b.until("the page says how the test went", `document.querySelector('.toast.tone-bad') !== null`)
	b.open("/notifications/rules")
	b.press("Make the rule")
	b.sees("The rule is made")
	b.shot("rules")
	b.press("Remove")
	b.sees("The rule is gone")
}
