package web_test

import (
	"strings"
	"testing"
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
