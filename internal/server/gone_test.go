package server_test

import (
	"strings"
	"testing"
)

func TestTheHealthOfAFlowThatIsGoneIsNotFound(t *testing.T) {
	w := newWorld(t, 5)
	objects := w.objects()
	path := "/health/flow/" + id(objects["flows"])
	w.call(200, "GET", path, nil)
	w.exec(`DELETE FROM flow_health WHERE resource = ` + id(objects["data_sources"])) // as it is between two looks of one request
	w.call(404, "GET", path, nil)
}

func TestASampleOfAnUnknownEndpointNamesTheField(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()
	refused := string(w.raw(400, "POST", "/data_credentials/"+id(cred["id"])+"/probe/sample", m{"endpoint": "bokings"}))
	if !strings.Contains(refused, `"endpoint"`) || !strings.Contains(refused, "bookings") {
		t.Errorf("refused with %s", refused)
	}
}
