package simulator

import (
	"net/http"
	"slices"
	"sort"
	"strings"
)

// sentHook is a delivery that the simulator made while it was replayed to.
type sentHook struct {
	path   string
	header http.Header
	body   any
}

// deliver remembers a delivery.
func (p *replayer) deliver(r *http.Request) (*http.Response, error) {
	var body any
	readJSON(p.t, r.Body, &body)
	p.sentHooks = append(p.sentHooks, sentHook{r.URL.Path, r.Header, body})
	return nil, errNowhere
}

// differentDelivery holds a recorded delivery against the most similar one
// that was made to the same address.
func (p *replayer) differentDelivery(d recordedDelivery) []string {
	best := []string{"nothing was sent there"}
	for _, sent := range p.sentHooks {
		if !strings.HasSuffix(d.Request.Path, sent.path) || triggerOf(sent.body) != triggerOf(d.Request.Body) {
			continue
		}
		var found []string
		compareValues("", d.Request.Body, sent.body, &found)
		for _, pair := range d.Request.Headers {
			name := http.CanonicalHeaderKey(pair[0])
			if got := sent.header.Get(name); sameDeliveryHeaders[name] && got != pair[1] {
				found = append(found, name+" is "+got+", recorded "+pair[1])
			}
		}
		if len(found) < len(best) || best[0] == "nothing was sent there" {
			sort.Strings(found)
			best = slices.Clip(found)
			if len(best) == 0 {
				return nil
			}
		}
	}
	return best
}

var sameDeliveryHeaders = map[string]bool{
	"Content-Type": true, "X-Cal-Webhook-Version": true, "User-Agent": true, "Accept": true, "Accept-Language": true, "Sec-Fetch-Mode": true,
}

func triggerOf(body any) any {
	o, _ := body.(map[string]any)
	return o["triggerEvent"]
}
