package web_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/simulator"
)

// unread is what the badge beside the bell says, as an expression.
const unread = `(e => e.hidden ? 0 : Number(e.querySelector('[data-unread-count]').textContent))(document.querySelector('[data-unread]'))`

func TestTheNumberOfUnreadNotificationsChangesWhileAPageIsOpen(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	told := s.server.Notify().Start()
	t.Cleanup(func() { s.must(told.Stop(context.Background())) })
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	flow := b.idHere()
	b.open("/credentials")
	before := run(b, chromedp.Evaluate[int](unread))
	s.must(s.sim.SetFaults([]simulator.Fault{{Do: simulator.FaultAction{Status: 401}}}))
	s.send(http.MethodPut, token, fmt.Sprintf("/api/data_sources/%d/activate", flow), nil)
	b.until("the badge tells of it on the open page", fmt.Sprint(unread, " > ", before))
	if at := b.where(); at != "/credentials" {
		t.Errorf("the page was left for %s", at)
	}
	other := s.browse(820, 900)
	other.signIn()
	other.open("/notifications")
	other.press("Mark all as read")
	other.sees("All is marked as read")
	b.until("the badge goes once it was read elsewhere", unread+` === 0`)
}
