package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/simulator"
)

// source makes a credential, and a source that reads bookings with it.
func (s *site) source(token, name string) (id any) {
	s.Helper()
	cal := s.made(token, "/data_credentials", map[string]any{"name": name + "'s key", "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key()}})
	return s.made(token, "/data_sources", map[string]any{"name": name, "source_type": "rest", "data_credentials_id": cal["id"], "endpoint": "bookings"})["id"]
}

// chooses puts a value into a field as somebody who chooses it would.
func (b *browser) chooses(name, value string) {
	b.Helper()
	run(b, chromedp.Evaluate[bool](fmt.Sprintf(`(e => { e.value = %q; return e.dispatchEvent(new Event('change', {bubbles: true})) })(document.querySelector('[name=%q]'))`, value, name)))
}

// saves presses Save where it is by then: what was chosen brings a plan, which moves
// the button while a mouse is on its way.
func (b *browser) saves() {
	b.Helper()
	run(b, chromedp.Evaluate[bool](`[...document.querySelectorAll('main button')].find((x) => x.innerText === 'Save').click() === undefined`))
}

// keepsNobodyOut holds the page against axe-core.
func (b *browser) keepsNobodyOut(script string) {
	b.Helper()
	run(b, chromedp.Evaluate[bool](script+"; true"))
	if found := run(b, chromedp.Evaluate[string](findings, chromedp.EvalAwaitPromise)); found != "" {
		b.Errorf("%s:\n%s", b.where(), found)
	}
}

func TestAFlowsScheduleAndNameAreChangedOnItsPage(t *testing.T) {
	script := axe(t)
	s := newSite(t)
	token := s.setUp().Token.Expose()
	path := fmt.Sprintf("/flows/%v", s.source(token, "Bookings"))
	first := s.source(token, "Teams")
	b := s.browse(1280, 900)
	b.signIn()
	b.open(path)
	b.sees("when it is told to")
	b.press("Change the schedule")
	b.sees("not known before the first run")
	b.until("what belongs to other choices is not there", `getComputedStyle(document.querySelector('.field-of-cron')).display === 'none' && getComputedStyle(document.querySelector('.field-of-at')).display === 'none'`)
	b.chooses("often", "1d")
	b.chooses("at", "02:30")
	b.chooses("time_zone", "Europe/Berlin")
	b.until("the plan is of what is chosen", `document.querySelector('#plan').innerText.includes('every day at 02:30, Europe/Berlin')`)
	b.press("Show what it costs")
	b.until("it was asked what a run costs", `document.querySelector('#plan').innerText.includes('requests, about')`)
	b.chooses("often", "hours")
	b.chooses("count", "5")
	b.until("the plan says what is wrong", `document.querySelector('#plan').innerText.includes('A day does not divide into 5 hours')`)
	b.press("Save")
	b.until("the field says what is wrong", `document.querySelector('.field-of-count.field-bad') !== null`)
	b.chooses("often", "1d")
	b.until("the plan still knows what a run costs", `document.querySelector('#plan').innerText.includes('every day at 02:30') && document.querySelector('#plan').innerText.includes('requests, about')`)
	b.keepsNobodyOut(script)
	b.shot("flow-schedule")
	b.press("Save")
	b.sees("It is read every day at 02:30, Europe/Berlin.")
	b.until("the expression is in the title", `document.querySelector('#live [title="0 30 2 1/1 * ? *"]')?.innerText === 'every day at 02:30, Europe/Berlin'`)
	b.press("Change the schedule")
	b.until("the form shows the times that it has", `document.querySelector('[name=often]').value === '1d' && document.querySelector('[name=at]').value === '02:30' && document.querySelector('[name=time_zone]').value === 'Europe/Berlin'`)
	b.chooses("often", "after")
	b.chooses("run_after", fmt.Sprint(first))
	b.saves()
	b.sees("It is read after «Teams».")
	b.press("Rename")
	b.typed("name", "All bookings")
	b.keepsNobodyOut(script)
	b.press("Save")
	b.sees("All bookings")
	b.keepsNobodyOut(script)
	b.open("/flows")
	b.sees("after «Teams»")
	b.open("/activity?kind=source")
	b.sees("Before: when it is told to; now: every day at 02:30, Europe/Berlin")
	b.sees("Before: every day at 02:30, Europe/Berlin; now: after «Teams»")
	b.sees("name before: Bookings")
}

func TestAScheduleThatSomebodyElseHasChangedIsNotWrittenOver(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	id := s.source(token, "Bookings")
	path := fmt.Sprintf("/flows/%v", id)
	b := s.browse(1280, 900)
	b.signIn()
	b.open(path + "/schedule")
	s.puts(token, fmt.Sprintf("/data_sources/%v/schedule", id), map[string]any{"every": 1, "unit": "hour"})
	b.chooses("often", "15m")
	b.saves()
	b.sees("Somebody else has changed it meanwhile")
	b.sees("Now it is read every hour.")
	b.until("what was chosen is still there", `document.querySelector('[name=often]').value === '15m'`)
	b.press("Save")
	b.sees("It is read every 15 minutes.")
	b.press("Rename")
	b.typed("name", "Mine")
	s.puts(token, fmt.Sprintf("/data_sources/%v", id), map[string]any{"name": "Theirs"})
	b.press("Save")
	b.sees("Somebody else has changed it meanwhile")
	b.press("Save")
	b.sees("Saved.")
	if page := s.page(token, path); !strings.Contains(page, "<h1>Mine</h1>") {
		t.Error("the name that was saved last is not there")
	}
}

func TestAScheduleIsChangedWithoutScripts(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	path := fmt.Sprintf("/flows/%v", s.source(token, "Bookings"))
	form := url.Values{"often": {"1w"}, "on": {"5"}, "at": {"07:15"}, "time_zone": {"Europe/Berlin"}}
	if status := s.posts(token, path+"/plan", form); status != http.StatusOK {
		t.Errorf("the plan answers %d", status)
	}
	if status := s.posts(token, path+"/schedule", form); status != http.StatusSeeOther {
		t.Errorf("the form answers %d", status)
	}
	if page := s.page(token, path); !strings.Contains(page, "every Friday at 07:15, Europe/Berlin") {
		t.Error("the page does not say when it is read")
	}
	for name, bad := range map[string]url.Values{"no choice": {}, "no expression": {"often": {"cron"}}, "no zone": {"often": {"1h"}, "time_zone": {"Berlin"}}, "itself": {"often": {"after"}, "run_after": {strings.TrimPrefix(path, "/flows/")}}, "no flow": {"often": {"after"}, "run_after": {"4711"}}} {
		if status := s.posts(token, path+"/schedule", bad); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: it answers %d", name, status)
		}
	}
}

func TestWhoMayNotChangeAFlowIsToldWhomToAsk(t *testing.T) {
	s := newSite(t)
	owner := s.setUp()
	token := owner.Token.Expose()
	source, hidden := s.source(token, "Bookings"), s.source(token, "Salaries")
	id, bob := s.member(owner.Principal, "bob", identity.RoleOperator)
	path := fmt.Sprintf("/flows/%v", source)
	s.puts(token, fmt.Sprintf("/data_sources/%v/schedule", source), map[string]any{"run_after": hidden})
	share := func(role string) {
		s.puts(token, fmt.Sprintf("/data_sources/%v/accessors", source), map[string]any{"accessors": []any{map[string]any{"type": "USER", "id": id, "access_roles": []string{role}}}})
	}
	share("collaborator")
	page := s.page(bob, path)
	if !strings.Contains(page, "To change it or when it is read, ask Ada Lovelace") || strings.Contains(page, path+"/schedule") || strings.Contains(page, path+"/edit") {
		t.Error("who may look at it is not told whom to ask, or is offered to change it")
	}
	if strings.Contains(page, "Salaries") || !strings.Contains(page, "after another flow") {
		t.Error("the name of a flow that is not shared with them is shown")
	}
	api := fmt.Sprintf("/data_sources/%v/schedule", source)
	if said := s.answer(http.MethodGet, bob, api); !strings.Contains(said, "after another flow") || strings.Contains(said, "Salaries") {
		t.Errorf("the API tells the name, too: %s", said)
	}
	if said := s.answer(http.MethodGet, token, api); !strings.Contains(said, `"words":"after «Salaries»"`) {
		t.Errorf("the API does not say it in words: %s", said)
	}
	later := url.Values{"often": {"1d"}, "at": {"05:00"}}
	if status := s.posts(bob, path+"/schedule", later); status != http.StatusForbidden {
		t.Errorf("who may look at it reschedules it: %d", status)
	}
	share("operator")
	if page := s.page(bob, path); !strings.Contains(page, path+"/schedule") || !strings.Contains(page, "To rename, copy or delete it, ask Ada Lovelace") {
		t.Error("who operates it is not offered its schedule, or not told whom to ask for the rest")
	}
	if status := s.posts(bob, path+"/edit", url.Values{"name": {"Mine"}}); status != http.StatusForbidden {
		t.Errorf("who operates it renames it: %d", status)
	}
	if status := s.posts(bob, path+"/schedule", later); status != http.StatusSeeOther {
		t.Errorf("who operates it cannot reschedule it: %d", status)
	}
	if status := s.posts(bob, path+"/schedule", url.Values{"often": {"after"}, "run_after": {fmt.Sprint(hidden)}}); status != http.StatusUnprocessableEntity {
		t.Errorf("it follows a flow that is not theirs: %d", status)
	}
}

func TestAPlanThatDoesNotFitSaysWhatWould(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	path := fmt.Sprintf("/flows/%v", s.source(token, "Bookings"))
	plan := s.form(token, path+"/plan", url.Values{"often": {"15m"}, "per_run": {"2500"}})
	for _, words := range []string{"2 500 requests, about 20 min", "139 % of the key's budget", "do not fit into its budget", "Every 30 minutes it would fit."} {
		if !strings.Contains(strings.ReplaceAll(plan, "\u202f", " "), words) {
			t.Errorf("the plan does not say %q:\n%s", words, plan)
		}
	}
}

func TestWhatWentWrongCanBeReadOnEveryScreen(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	id := s.source(token, "Bookings")
	s.must(s.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/bookings"}, Do: simulator.FaultAction{Status: http.StatusBadRequest}}}))
	s.made(token, fmt.Sprintf("/data_sources/%v/run_now", id), nil)
	b := s.browse(1280, 900)
	b.signIn()
	b.open(fmt.Sprintf("/flows/%v", id))
	b.until("the run has failed", `document.querySelector('#live .under') !== null`)
	for _, width := range []int64{390, 820, 1280, 1440} {
		b.do(chromedp.EmulateViewport(width, 900))
		for _, path := range []string{fmt.Sprintf("/flows/%v", id), "/runs"} {
			b.open(path)
			b.until(fmt.Sprintf("all of what went wrong is seen at %s, %d pixels wide", path, width), `(e => { const r = e.getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth && e.scrollWidth <= e.clientWidth && r.width > 250 })(document.querySelector('.under div'))`)
			b.sees("by hand")
			b.shot(fmt.Sprintf("wrong-%s-%d", strings.Trim(strings.ReplaceAll(path, "/", "-"), "-"), width))
		}
	}
}
