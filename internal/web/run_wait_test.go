package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/simulator"
)

// Who looks at a run that does not move sees why, how often it was tried and when
// it is tried again, and sees it go on.
func TestARunThatWaitsSaysWhyAndWhenItIsTriedAgain(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.credential("Our account")
	s.must(s.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/bookings"}, Do: simulator.FaultAction{Status: 500}}}))
	b.open("/flows/new?credential=1&endpoint=bookings")
	b.press("Create and run")
	b.sees("running")
	b.sees("Bookings waits for an answer")
	b.open("/runs")
	b.do(chromedp.Click(chromedp.CSS(`tbody td a`)))
	b.sees("Bookings waits for an answer")
	b.sees("The server answered 500")
	b.sees("of at most 8 times")
	b.sees("The next try is at")
	b.shot("run-waits")
	s.must(s.sim.SetFaults(nil))
	b.until("the run is over", `document.querySelector('#live')?.innerText.includes('succeeded') && !document.querySelector('#live').innerText.includes('waits for an answer')`)
	b.sees("Filtered by rules")
}

// The command line signs in for each command: that is in the audit log, and on
// the page for who asks for it.
func TestActivityLeavesOutTheSignInsOfKeysUntilSomebodyAsks(t *testing.T) {
	s := newSite(t)
	session := s.setUp()
	value, _, err := s.server.People().CreateKey(t.Context(), session.Principal, identity.NewKey{Name: "cli", Scope: identity.RoleOperator})
	s.must(err)
	with, err := s.server.People().ExchangeKey(t.Context(), value.Expose(), identity.Client{})
	s.must(err)
	s.must(s.server.People().SignOut(t.Context(), with.Principal))
	rows := func(query string) string {
		var all []string
		for _, line := range s.linesOf(s.page(session.Token.Expose(), "/activity?format=csv"+query)) {
			all = append(all, line[2])
		}
		return fmt.Sprint(all)
	}
	if got := rows(""); strings.Contains(got, "sign_in") || strings.Contains(got, "sign_out") || !strings.Contains(got, "service_key.create") {
		t.Errorf("by default there are %s", got)
	}
	if got := rows("&keys=shown"); !strings.Contains(got, "service_key.sign_in") || !strings.Contains(got, "service_key.sign_out") {
		t.Errorf("who asks sees %s", got)
	}
}
