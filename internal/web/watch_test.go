package web_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// database opens the site's store a second time.
func (s *site) database() *store.DB {
	s.Helper()
	db, err := store.Open(s.Context(), "sqlite:"+filepath.Join(s.dir, "weir.db"), store.Options{})
	s.must(err)
	s.Cleanup(func() { s.must(db.Close()) })
	return db
}

// setAside puts records of a dataset into quarantine.
func (s *site) setAside(dataset int64, all ...weir.Reject) {
	s.Helper()
	db := s.database()
	logs, err := db.LogsOf(s.Context(), 1, []int64{dataset}, nil)
	s.must(err)
	if len(logs) != 1 {
		s.Fatalf("dataset %d has %d logs", dataset, len(logs))
	}
	_, err = db.Quarantine(s.Context(), logs[0], 0, "run", time.Now().UnixMicro(), all)
	s.must(err)
}

// idHere is the id at the end of the page's address.
func (b *browser) idHere() (id int64) {
	b.Helper()
	if _, err := fmt.Sscanf(b.where()[strings.LastIndex(b.where(), "/")+1:], "%d", &id); err != nil {
		b.Fatalf("there is no id in %s", b.where())
	}
	return id
}

func TestTheOverviewSaysHowItGoesAndWhatNeedsAPerson(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	flow := b.idHere()
	b.open("/")
	b.sees("Nothing needs you")
	b.sees("1 healthy")
	b.sees("Budget of each key")
	s.setAside(flow+1, weir.Reject{Stage: "decode", Reason: "odd", Original: []byte("{}")})
	s.must(s.sim.SetFaults([]simulator.Fault{{Do: simulator.FaultAction{Status: 401}}}))
	b.open(fmt.Sprintf("/flows/%d", flow))
	b.press("Run now")
	b.until("the run has failed", `document.querySelector('#live')?.innerText.includes('failed')`)
	b.open("/")
	b.sees("What needs a person")
	b.sees("Its newest run failed")
	b.sees("1 record could not be taken")
	b.shot("overview-needs")
	b.press("Quarantine")
	b.sees("odd")
	b.open("/quarantine?run=run&state=all")
	b.sees("odd")
	b.sees("Counted by run")
	b.open("/quarantine?run=another&state=all")
	b.sees("Nothing fits the filter")
}

func TestARunSaysWhatItDidAndWhatToDoNext(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	flow := b.where()
	b.open("/runs")
	b.sees("succeeded")
	b.shot("runs")
	b.open("/runs?status=failed")
	b.sees("Nothing fits the filter")
	b.open("/runs")
	b.do(chromedp.Click(chromedp.CSS(`tbody td a`)))
	b.sees("Endpoint by endpoint")
	b.sees("Records read")
	b.shot("run")
	s.must(s.sim.SetFaults([]simulator.Fault{{Do: simulator.FaultAction{Status: 401}}}))
	b.open(flow)
	b.press("Run now")
	b.until("the run has failed", `document.querySelector('#live')?.innerText.includes('failed')`)
	b.open("/runs?status=failed")
	b.do(chromedp.Click(chromedp.CSS(`tbody td a`)))
	b.sees("To the credential")
	b.shot("run-failed")
}

func TestARunIsStoppedFromItsPage(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.credential("Our account")
	s.must(s.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/bookings"}, Do: simulator.FaultAction{Delay: 2 * time.Second}}}))
	b.open("/flows/new?credential=1&endpoint=bookings")
	b.press("Create and run")
	b.sees("running")
	b.open("/runs")
	b.sees("running")
	b.do(chromedp.Click(chromedp.CSS(`tbody td a`)))
	b.press("Stop this run")
	b.sees("stops after the request under way")
	b.until("the run is over", `!document.querySelector('#live .badge').innerText.includes('running')`)
}

func TestABudgetShowsWhoSpendsIt(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	b.open("/credentials")
	b.sees("In the last 1 min")
	b.open("/budgets")
	b.sees("Our account")
	b.sees("Planned requests in each hour")
	b.shot("budgets")
	if run(b, chromedp.Evaluate[int](`document.querySelectorAll('.chart svg rect').length`)) < 60 {
		t.Error("the minutes of the last hour are not drawn")
	}
}

func TestARecordInQuarantineIsMendedAndSentOn(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	dataset := b.idHere() + 1
	db := s.database()
	logs, err := db.LogsOf(s.Context(), 1, []int64{dataset}, nil)
	s.must(err)
	oldest, err := db.ReadLog(s.Context(), logs[0], 0, 1, 1<<20)
	s.must(err)
	key := oldest.Records[0].Key
	s.setAside(dataset, weir.Reject{Stage: "load", Reason: "It is too long", Key: key, Original: []byte(`{"uid":"x"}`)},
		weir.Reject{Stage: "decode", Reason: "odd one", Original: []byte(`{}`)}, weir.Reject{Stage: "decode", Reason: "odd two", Original: []byte(`[]`)})
	b.open(fmt.Sprintf("/datasets/%d", dataset))
	b.sees("3 records in quarantine")
	b.press("See why, mend them, send them on")
	b.sees("It is too long")
	b.shot("quarantine")
	b.press("It is too long")
	b.shot("quarantine-record")
	b.typed("data", `{"uid":`)
	b.press("Replay it mended")
	b.sees("It is not JSON")
	if typed := run(b, chromedp.Evaluate[string](`document.querySelector('[name="data"]').value`)); typed != `{"uid":` {
		t.Errorf("what was typed is gone; there is %q", typed)
	}
	b.press("Replay as it is")
	b.sees("Sent on: 1 record.")
	b.do(chromedp.Click(chromedp.CSS(`[name="reject"]`)))
	b.press("Drop those chosen")
	b.sees("Dropped: 1 record.")
	b.press("Drop all 1")
	b.sees("Nothing in quarantine")
	b.open(fmt.Sprintf("/datasets/%d/quarantine?state=dropped", dataset))
	b.sees("odd one")
	b.sees("odd two")
}
