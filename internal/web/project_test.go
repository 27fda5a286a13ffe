package web_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestAProjectHoldsFlows(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	b.open("/projects")
	b.typed("name", "Sales")
	b.press("Make the project")
	b.sees("The project is made")
	b.press("Put flows into it")
	b.press("Put in")
	b.sees("Put into the project")
	b.sees("in it")
	b.press("Sales")
	b.shot("project")
	b.press("Take out")
	b.sees("The flow stays")
	b.press("Delete the project")
	b.sees("Its flows stay")
}

func TestAProjectShowsAllOfItsFlows(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	cal := s.made(token, "/data_credentials", map[string]any{"name": "Ours", "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key()}})
	const n = 205
	parts := make([]any, n)
	for i := range parts {
		source := s.made(token, "/data_sources", map[string]any{"name": fmt.Sprintf("Flow %03d", i), "source_type": "rest", "data_credentials_id": cal["id"], "endpoint": "bookings"})
		parts[i] = map[string]any{"data_source_id": source["id"]}
	}
	project := s.made(token, "/projects", map[string]any{"name": "Sales", "data_flows": parts})
	path := fmt.Sprintf("/projects/%v", project["id"])
	if page := s.page(token, path+"?page=5"); !strings.Contains(page, "Flow 204") || !strings.Contains(page, "205 in all") {
		t.Error("the last flow is not on the last page")
	}
	if page := s.page(token, path+"?q=flow+204"); !strings.Contains(page, "Flow 204") || strings.Contains(page, "Flow 203") {
		t.Error("a flow is not found by its name")
	}
}
