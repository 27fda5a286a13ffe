package cli

import (
	"net/http"
	"path/filepath"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// demoFlow is the flow that the demo ends with, made over the REST API as any
// program would make it.
type demoFlow struct {
	*demo
	session *session
	server  *client.Client
}

// play makes the flow, lets it run three times, and says what became of it.
func (f *demoFlow) play() (source int64, err error) {
	src, err := f.build()
	if err != nil {
		return 0, err
	}
	f.say("\n2. A flow reads bookings and event types each hour, into SQLite and, the bookings, into JSON Lines. Its first run:")
	if err := f.activated(src.ID); err != nil {
		return 0, err
	}
	f.say("\n3. In the account, people book, move, cancel and miss meetings; two bookings are deleted. The next run reads what changed:")
	f.sim.Mutate(demoChanges)
	if err := f.ran(src.ID, false); err != nil {
		return 0, err
	}
	f.say("\n4. Some changes never touch a booking's time of change. A sweep reads everything again and finds them:")
	if err := f.ran(src.ID, true); err != nil {
		return 0, err
	}
	path := filepath.Join(f.dir, demoData, "files", "1", "cal.db") // each organization has a directory of its own
	f.say("\nWhat lies in %s now:", path)
	if err := showTables(f.session.ctx, f.Stdout, path); err != nil {
		return 0, err
	}
	f.cost("three runs")
	return src.ID, nil
}

// build stores the credentials, the source, and where its datasets go.
func (f *demoFlow) build() (src client.Source, err error) {
	f.say("\n1. The account's key is shown to Cal.com, and stored, sealed, once that has accepted it:")
	cal, err := f.credential("Simulated account", "cal_com_api", map[string]string{"base_url": f.base}, map[string]weir.Secret{"api_key": weir.NewSecret(f.sim.Keys()[0].Key)})
	if err != nil {
		return src, err
	}
	if a := cal.Account; a != nil {
		f.say("   it is the key of %s <%s>", a.Name, a.Email)
	}
	tables, err := f.credential("Tables", "sqlite", map[string]string{"path": "cal.db"}, nil)
	if err != nil {
		return src, err
	}
	files, err := f.credential("Files", "file", map[string]string{"path": "cal", "format": "jsonl"}, nil)
	if err != nil {
		return src, err
	}
	body := map[string]any{"name": "Bookings of the demo", "source_type": "rest", "data_credentials_id": cal.ID, "endpoints": []string{"bookings", "event-types"}}
	if err := f.server.Call(f.session.ctx, http.MethodPost, "/"+sourcesNoun, body, &src); err != nil {
		return src, err
	}
	if _, err := client.Do[client.Schedule](f.session.ctx, f.server, http.MethodPut, sourcesNoun, src.ID, "schedule", map[string]any{"every": 1, "unit": "hour"}); err != nil {
		return src, err
	}
	for i, dataset := range src.DataSets {
		if err := f.destination(dataset, tables); err != nil {
			return src, err
		}
		if i > 0 {
			continue
		}
		if err := f.destination(dataset, files); err != nil {
			return src, err
		}
	}
	return src, nil
}

func (f *demoFlow) credential(name, kind string, settings map[string]string, secrets map[string]weir.Secret) (made client.Credential, err error) {
	err = f.server.Call(f.session.ctx, http.MethodPost, "/"+credentialsNoun, client.CredentialBody(name, kind, settings, secrets), &made)
	return made, err
}

// destination lets a dataset go where a credential leads.
func (f *demoFlow) destination(dataset client.Named, to client.Credential) error {
	body := map[string]any{"name": dataset.Name + " → " + to.Name, "data_set_id": dataset.ID, "data_credentials_id": to.ID, "sink_config": map[string]any{"mode": "upsert"}}
	return f.server.Call(f.session.ctx, http.MethodPost, "/"+destinationsNoun, body, nil)
}

// activated lets the flow run when it is due, and waits for the run that begins
// with that.
func (f *demoFlow) activated(source int64) error {
	if _, err := client.Do[client.Source](f.session.ctx, f.server, http.MethodPut, sourcesNoun, source, "activate?all=1", nil); err != nil {
		return err
	}
	runs, err := client.Do[[]client.Run](f.session.ctx, f.server, http.MethodGet, sourcesNoun, source, "runs", nil)
	if err != nil {
		return err
	}
	return f.over(source, runs[0])
}

// ran reads the source once more.
func (f *demoFlow) ran(source int64, full bool) error {
	run, err := client.Do[client.Run](f.session.ctx, f.server, http.MethodPost, sourcesNoun, source, "run_now", map[string]any{"full_refresh": full})
	if err != nil {
		return err
	}
	return f.over(source, run)
}

// over waits for the end of a run, and says what it did.
func (f *demoFlow) over(source int64, run client.Run) error {
	run, err := ended(f.session, f.server, source, run)
	if err != nil {
		return err
	}
	f.say("   %d read, %d written, %d unchanged, %d gone; %d requests, %.1f s", run.Read, run.Written, run.Unchanged, run.Deleted, run.Requests, float64(run.DurationMS)/1000)
	return outcomeOf(run)
}
