package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/identity"
)

// place adds a SQLite file of another name to write to.
func (b *browser) place(name, file string) {
	b.Helper()
	b.open("/credentials/new?kind=sqlite")
	b.typed("name", name)
	b.typed("path", file)
	b.press("Save")
	b.sees("is stored")
}

// pick chooses the option of a radio field by its words.
func (b *browser) pick(words string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.Search(`//label[contains(@class, "choice")][.//strong[normalize-space()="` + words + `"]]`)))
}

func TestADestinationIsAddedChangedPausedAndDeletedWithAWayBack(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	dataset := fmt.Sprintf("/datasets/%d", b.idHere()+1)
	b.open(dataset)
	b.press("Add a destination")
	b.press("Add")
	b.sees("fills the table bookings there already")
	b.place("Second", "second.db")
	b.open(dataset + "/destinations/new")
	b.pick("Second")
	b.pick("Every version of each record")
	b.typed("description", "For the auditors")
	b.shot("destination-new")
	b.press("Add")
	b.sees("It is made")
	b.sees("up to date")
	b.sees("For the auditors")
	b.sees("every version of each record")
	b.shot("destination")
	b.press("Change")
	b.typed("name", "Auditors")
	b.press("Save")
	b.sees("Saved.")
	b.sees("Auditors")
	b.press("Pause")
	b.sees("It is paused.")
	b.press("Activate")
	b.sees("gets what it lacks")
	b.press("Deliver now")
	b.sees("asked what it lacks")
	b.agrees()
	b.open(b.where())
	b.press("Delete this destination")
	b.sees("Auditors is deleted")
	b.shot("destination-deleted")
	b.press("Undo")
	b.sees("It is back, and active.")
	b.sees("up to date")
}

func TestADestinationThatFailsIsSeenInTheDrawingTheListsAndTheOverview(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	flow := b.where()
	dataset := fmt.Sprintf("/datasets/%d", b.idHere()+1)
	b.place("Second", "second.db")
	blocked := filepath.Join(s.dir, "files", "1", "second.db")
	b.open(dataset + "/destinations/new")
	b.pick("Second")
	s.must(os.MkdirAll(blocked, 0o700)) // where the file should be
	b.press("Add")
	b.sees("could not be looked up")
	b.do(chromedp.Click(chromedp.CSS(`[name="unseen"]`)))
	b.press("Add")
	b.until("it fails", `document.querySelector('#live')?.innerText.includes('failing')`)
	b.shot("destination-failing")
	b.open(flow)
	b.until("the drawing marks it", `document.querySelectorAll('.tree-box[data-tone="bad"]').length === 1`)
	if hint := run(b, chromedp.Evaluate[string](`document.querySelector('.tree-box[data-tone="bad"]').title`)); !regexp.MustCompile(`It has taken nothing since .* wait for it\. .*Name another`).MatchString(hint) {
		t.Errorf("the drawing says %q", hint)
	}
	b.sees("up to date")
	b.shot("flow-failing")
	b.open("/")
	b.sees("It has taken nothing since")
	b.open(flow)
	s.must(os.Remove(blocked))
	b.press("Run now")
	b.until("the drawing says that it is mended, by itself", `document.querySelector('.tree') && document.querySelectorAll('.tree-box[data-tone]').length === 0`)
}

func TestACredentialThatCannotLeadElsewhereSaysWhoseTableItIs(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	dataset := fmt.Sprintf("/datasets/%d", b.idHere()+1)
	b.place("Second", "second.db")
	var second int64
	if _, err := fmt.Sscanf(b.where(), "/credentials?fresh=%d", &second); err != nil {
		t.Fatal(b.where(), err)
	}
	b.open(dataset + "/destinations/new")
	b.pick("Second")
	b.press("Add")
	b.sees("It is made")
	b.open(fmt.Sprintf("/credentials/%d/replace", second))
	b.typed("path", "cal.db")
	b.press("Check and replace")
	b.sees("It cannot lead there: destination ")
}

func TestTheWizardTellsOfATableThatIsTakenBeforeAnythingIsMade(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	b.open("/flows/new?credential=1&endpoint=bookings&endpoint=event-types")
	b.press("Create and run")
	b.sees("fills the table bookings there already")
	b.shot("flow-conflict")
	b.open("/flows")
	if n := run(b, chromedp.Evaluate[int](`document.querySelectorAll('tbody tr').length`)); n != 1 {
		t.Errorf("there are %d flows", n)
	}
}

var seenField = regexp.MustCompile(`name="seen" value="(\d+)"`)

func TestOfTwoPeopleWhoChangeADestinationTheSecondIsToldAndLosesNothing(t *testing.T) {
	s := newSite(t)
	owner := s.setUp()
	token := owner.Token.Expose()
	id := s.delivers(token)
	path := fmt.Sprintf("/destinations/%v", id)
	seen := seenField.FindStringSubmatch(s.page(token, path+"/edit"))[1]
	s.puts(token, fmt.Sprintf("/data_sinks/%v", id), map[string]any{"name": "Renamed by somebody"})
	form := url.Values{"name": {"Mine"}, "description": {"typed"}, "mode": {"upsert"}, "data_credentials_id": {"2"}, "seen": {seen}}
	if status := s.posts(token, path+"/edit", form); status != http.StatusUnprocessableEntity {
		t.Errorf("the second one is answered %d", status)
	}
	form.Set("seen", seenField.FindStringSubmatch(s.page(token, path+"/edit"))[1])
	if status := s.posts(token, path+"/edit", form); status != http.StatusSeeOther {
		t.Errorf("with the newest state it is answered %d", status)
	}
}

// delivers makes a source, its dataset and a destination, without a run.
func (s *site) delivers(token string) (destination any) {
	s.Helper()
	key := s.made(token, "/data_credentials", map[string]any{"name": "Cal", "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key()}})
	lake := s.made(token, "/data_credentials", map[string]any{"name": "Lake", "credentials_type": "sqlite", "credentials": map[string]any{"path": "cal.db"}})
	src := s.made(token, "/data_sources", map[string]any{"name": "Bookings", "source_type": "rest", "data_credentials_id": key["id"], "endpoint": "bookings"})
	dataset := src["data_sets"].([]any)[0].(map[string]any)["id"]
	return s.made(token, "/data_sinks", map[string]any{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": dataset})["id"]
}

func TestWhoMayNotChangeADestinationCannotDoSoOnItsPagesEither(t *testing.T) {
	s := newSite(t)
	owner := s.setUp()
	token := owner.Token.Expose()
	id := s.delivers(token)
	path := fmt.Sprintf("/destinations/%v", id)
	_, bob := s.member(owner.Principal, "bob", identity.RoleOperator)
	for _, p := range []string{path, path + "/edit", "/datasets/4/destinations/new"} {
		if status := s.gets(bob, p); status != http.StatusNotFound {
			t.Errorf("GET %s as somebody else answers %d", p, status)
		}
	}
	for _, p := range []string{"/edit", "/activate", "/pause", "/fill", "/delete", "/restore"} {
		if status := s.posts(bob, path+p, url.Values{}); status != http.StatusNotFound {
			t.Errorf("POST %s as somebody else answers %d", p, status)
		}
	}
	if status := s.posts(token, path+"/delete", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("its owner deletes it and is answered %d", status)
	}
	if status := s.posts(bob, path+"/restore", url.Values{}); status != http.StatusNotFound {
		t.Errorf("somebody else brings it back and is answered %d", status)
	}
}
