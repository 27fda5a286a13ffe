package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stands is how a destination stands.
func (w *world) stands(sink any) m {
	w.Helper()
	all := w.list("/deliveries?data_sink_id=" + id(sink))
	if len(all) != 1 {
		w.Fatalf("destination %v stands %v", sink, all)
	}
	return all[0]
}

// One destination that fails beside a healthy one is seen over the API and in
// the metrics, with what to do next, until it is mended.
func TestADestinationThatFailsBesideAHealthyOneIsSeen(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w = w.inside(t)
		d := deliver(w)
		if s := w.stands(d.sink); s["state"] != "current" || s["behind"] != 0.0 || s["took_at"] == nil || s["failing_since"] != nil {
			t.Errorf("the healthy one: %v", s)
		}
		bad := w.call(200, "POST", "/data_credentials", m{"name": "Bad", "credentials_type": "sqlite", "credentials": m{"path": "bad.db"}})
		blocked := filepath.Join(w.dir, "files", "1", "bad.db")
		w.must(os.MkdirAll(blocked, 0o700))
		sink := w.call(200, "POST", "/data_sinks", m{"name": "Broken", "sink_type": "rest", "data_credentials_id": bad["id"], "data_set_id": d.dataset})["id"]
		if s := w.stands(sink); s["state"] != "new" {
			t.Errorf("before it is activated: %v", s)
		}
		w.call(200, "PUT", "/data_sinks/"+id(sink)+"/activate", nil)
		w.until("it fails", func() bool { return w.stands(sink)["state"] == "failing" })
		s := w.stands(sink)
		if s["failing_since"] == nil || s["behind"] == 0.0 || s["lacks_since"] == nil || !strings.Contains(s["problem"].(string), "Name another") {
			t.Errorf("the broken one: %v", s)
		}
		text := w.measured()
		for _, line := range []string{`weir_destinations{state="failing"} 1`, `weir_destinations{state="current"} 1`, `weir_destinations{state="behind"} 0`} {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("the metrics do not say %s", line)
			}
		}
		w.must(os.Remove(blocked))
		w.quiet(d.src)
		w.call(200, "POST", "/data_sinks/"+id(sink)+"/deliver_now", nil)
		w.until("it is up to date", func() bool { s := w.stands(sink); return s["state"] == "current" && s["behind"] == 0.0 })
		w.call(200, "PUT", "/data_sinks/"+id(sink)+"/pause", nil)
		w.call(409, "POST", "/data_sinks/"+id(sink)+"/deliver_now", nil)
		if all := w.list("/deliveries?data_set_id=" + id(d.dataset)); len(all) != 2 {
			t.Errorf("of the dataset's two destinations %d are told", len(all))
		}
	})
}

func TestADestinationToWhichNothingGoesIsCountedAsWaiting(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w = w.inside(t)
		d := deliver(w)
		w.quiet(d.src)
		counts := func(when, state string) {
			w.Helper()
			if s := w.stands(d.sink)["state"]; s != state {
				t.Errorf("%s it is %v", when, s)
			}
			text := w.measured()
			for _, one := range []string{"current", "waiting"} {
				n := 0
				if one == state {
					n = 1
				}
				if line := fmt.Sprintf("\nweir_destinations{state=%q} %d\n", one, n); !strings.Contains(text, line) {
					t.Errorf("%s the metrics do not say %s", when, line)
				}
			}
		}
		w.call(200, "PUT", "/data_sets/"+id(d.dataset)+"/pause?all=0", nil)
		counts("while its dataset is paused", "waiting")
	})
}
