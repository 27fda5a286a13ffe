package flow

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/destination/s3"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/schedule"
	"github.com/weirhq/weir/internal/store"
)

// RejectExport copies what is set aside of a user's datasets into files, at its
// times. It is the owner's, and each user has one at most.
type RejectExport struct {
	store.Resource
	RejectExportSpec
}

// RejectExportSpec is what an export is besides its resource.
type RejectExportSpec struct {
	Cron string `json:"cron"`           // Quartz, in UTC
	Path string `json:"path,omitempty"` // before the names of its files

	After   int64  `json:"after,omitempty"`   // id of the newest record that was copied
	Next    int64  `json:"next"`              // µs, when the next copy is due
	Ran     int64  `json:"ran,omitempty"`     // µs, when the last one was over; 0 for never
	Problem string `json:"problem,omitempty"` // why the last one failed
}

// told is what the audit log says of a change.
func (spec *RejectExportSpec) told() map[string]any {
	return map[string]any{"cron": spec.Cron, "path": spec.Path, "after": spec.After}
}

// The fields that errors about exports name.
const (
	fieldCron = "config.start.cron"
	fieldPath = "config.path"
)

// pathPart is a name that every place takes.
var pathPart = regexp.MustCompile(`^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$`)

// Never is when what has no next time is due, in µs.
const Never = 1<<63 - 1

// check refuses times and a path that cannot be.
func (spec *RejectExportSpec) check() error {
	if _, err := schedule.Parse(spec.Cron, ""); err != nil {
		return about(fieldCron, err)
	}
	spec.Path = strings.Trim(spec.Path, "/")
	for part := range strings.SplitSeq(spec.Path, "/") {
		if spec.Path != "" && (len(spec.Path) > 200 || !pathPart.MatchString(part)) {
			return refuse(fieldPath, "it cannot be a path of files", "Use names of letters, digits, '.', '_', '-' and '=' with '/' between them, 200 characters at most")
		}
	}
	return nil
}

// due works out when the next copy is due after a time.
func (spec *RejectExportSpec) due(after time.Time) {
	spec.Next = Never
	if times, err := schedule.Parse(spec.Cron, ""); err == nil {
		if next, ok := times.Next(after); ok {
			spec.Next = next.UnixMicro()
		}
	}
}

// RejectExport gives a user's export; CodeNotFound when there is none.
func (s *Service) RejectExport(ctx context.Context, org, user int64) (*RejectExport, error) {
	found, _, err := s.Store.Resources(ctx, store.ResourceFilter{Org: org, Kind: store.KindRejectExport, Owner: user})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &weir.Error{Code: weir.CodeNotFound, Where: "quarantine settings", Message: "this user has none"}
	}
	e := &RejectExport{Resource: found[0]}
	return e, unpack(e.Resource, &e.RejectExportSpec)
}

// CreateRejectExport makes the export of a user, who may be another one than who
// asks. A second one is CodeConflict.
func (s *Service) CreateRejectExport(ctx context.Context, who Actor, user, place int64, in RejectExportSpec) error {
	spec := RejectExportSpec{Cron: in.Cron, Path: in.Path}
	if err := spec.check(); err != nil {
		return err
	}
	if err := s.holdsFiles(ctx, who.Org, place); err != nil {
		return err
	}
	spec.due(s.Now())
	r, err := Common{Name: "Quarantine export"}.resource(who, store.KindRejectExport, s.now())
	if err != nil {
		return err
	}
	r.Owner, r.Status = user, string(StatusActive)
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := s.holdExports(ctx, tx, who.Org, user); err != nil {
			return err
		}
		return s.put(ctx, tx, who, &r, &spec, store.Reference{Role: roleCredential, Target: place})
	})
}

// holdExports makes sure that a member has no export, and gets none from anybody
// else until the transaction ends.
func (s *Service) holdExports(ctx context.Context, tx *store.Tx, org, user int64) error {
	if _, err := tx.Member(ctx, org, user); err != nil {
		return err
	}
	found, err := tx.OwnedOf(ctx, org, user, store.KindRejectExport)
	if err == nil && len(found) > 0 {
		err = &weir.Error{Code: weir.CodeConflict, Where: "quarantine settings", Message: "this user has some", Remedy: "Change them with PUT, or delete them first"}
	}
	return err
}

// holdsFiles refuses a credential that leads to no place for files.
func (s *Service) holdsFiles(ctx context.Context, org, id int64) error {
	c, err := s.usable(ctx, org, id)
	if err != nil {
		return err
	}
	if c.Kind.Connection != "file" && c.Kind.Connection != "s3" {
		return refuse("data_credentials_id", "it leads to no place for files", "Choose a credential of files or of a bucket")
	}
	return nil
}

// RejectExportEdit is what a user changes of an export. Nil fields stay.
type RejectExportEdit struct {
	Cron, Path *string
	Place      *int64 // the credential
}

// UpdateRejectExport changes a user's export. What was copied is not copied again,
// wherever the rest goes.
func (s *Service) UpdateRejectExport(ctx context.Context, who Actor, user int64, edit RejectExportEdit) error {
	e, err := s.RejectExport(ctx, who.Org, user)
	if err != nil {
		return err
	}
	if edit.Place != nil {
		if err := s.holdsFiles(ctx, who.Org, *edit.Place); err != nil {
			return err
		}
	}
	spec := &RejectExportSpec{}
	return s.change(ctx, who, store.KindRejectExport, e.ID, "update", spec, func(tx *store.Tx, r *store.Resource) error {
		if edit.Cron != nil {
			spec.Cron = *edit.Cron
		}
		if edit.Path != nil {
			spec.Path = *edit.Path
		}
		if err := spec.check(); err != nil {
			return err
		}
		spec.due(s.Now())
		if edit.Place == nil {
			return nil
		}
		uses := store.Reference{Role: roleCredential, Target: *edit.Place}
		if err := hold(ctx, tx, r.Org, []store.Reference{uses}); err != nil {
			return err
		}
		return tx.Refer(ctx, r.ID, uses)
	})
}

// DropRejectExport ends a user's export. The files stay.
func (s *Service) DropRejectExport(ctx context.Context, who Actor, user int64) error {
	e, err := s.RejectExport(ctx, who.Org, user)
	if err != nil {
		return err
	}
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		r, err := tx.Resource(ctx, who.Org, store.KindRejectExport, e.ID)
		if err != nil {
			return err
		}
		r.Status = string(StatusPaused)
		return s.remove(ctx, tx, who, &r)
	})
}

// Bounds of an export.
const (
	exportAtOnce = 500              // records in one file
	exportAfter  = 10 * time.Minute // how long one is set aside before it is copied: what is written at the same time is there then, in whatever order it came
)

// keepExport enqueues the copy of an export whose time has come.
func (r *Runner) keepExport(ctx context.Context, row store.Resource) error {
	var spec RejectExportSpec
	if err := unpack(row, &spec); err != nil || spec.Next > r.flows.now() {
		return err
	}
	return r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		_, err := r.jobs.Enqueue(ctx, tx, job.Export, job.When{Priority: 4}, job.Subject{Org: row.Org, ID: row.ID})
		return err
	})
}

// exportTime is how long a slice of an export may take: longer than a slice
// lasts, so that only a place which does not answer takes so long.
const exportTime = 3 * time.Minute

// export copies what is due of one export for as long as a slice may be, and
// notes how that went. One that failed is due until it succeeds: upkeep asks
// for it again.
func (r *Runner) export(ctx context.Context, j *job.Job) error {
	row, err := r.flows.Store.Resource(ctx, j.Org, store.KindRejectExport, j.ID)
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil // its user has no more of it
	}
	e := &RejectExport{Resource: row}
	if err == nil {
		err = unpack(row, &e.RejectExportSpec)
	}
	if err != nil || e.Next > r.flows.now() {
		return err
	}
	if refused := r.flows.mayExport(ctx, e); refused != nil {
		return r.pauseExport(ctx, j, e, refused)
	}
	left, failed := r.exportFor(ctx, e, j.Over)
	if ctx.Err() != nil {
		return ctx.Err() // the process stops: what is copied already has names, and is not copied again
	}
	if failed != nil {
		r.flows.Logger.Warn("records in quarantine could not be copied", "export", e.ID, "org", e.Org, "error", failed)
	}
	over := !left || failed != nil
	if err := r.noteExport(ctx, j, e, over, failed); err != nil || over {
		return err
	}
	return job.Again{}
}

// mayExport makes sure that the owner of an export may still send records to its
// place. What could not be found out is an error of another code.
func (s *Service) mayExport(ctx context.Context, e *RejectExport) error {
	if s.MayUse == nil {
		return nil
	}
	return s.MayUse(ctx, e.Org, e.Owner, e.Credential)
}

// pauseExport ends an export whose owner has lost the right to it, and says so to
// whoever looks at it, until somebody chooses its place again.
func (r *Runner) pauseExport(ctx context.Context, j *job.Job, e *RejectExport, refused error) error {
	switch weir.CodeOf(refused) {
	case weir.CodeNotFound, weir.CodeForbidden, weir.CodeAuth:
	default:
		return refused
	}
	spec := &RejectExportSpec{}
	return r.flows.change(ctx, Actor{Org: e.Org}, e.Kind, e.ID, "pause", spec, func(tx *store.Tx, _ *store.Resource) error {
		spec.Next, spec.Ran = Never, r.flows.now()
		spec.Problem = "its owner is no active member any more, or may not use the credential of its files: choose one that they may operate"
		return j.Complete(ctx, tx)
	})
}

// exportFor is one slice of an export, in the time that it has. left says that
// there is more to copy.
func (r *Runner) exportFor(ctx context.Context, e *RejectExport, over func() bool) (left bool, err error) {
	inside, cancel := context.WithTimeout(ctx, cmp.Or(r.flows.ExportTime, exportTime))
	defer cancel()
	left, err = r.flows.export(inside, e, over)
	if err != nil && inside.Err() != nil && ctx.Err() == nil {
		err = &weir.Error{Code: weir.CodeTransient, Where: "quarantine export", Message: "the place of its files does not answer in time", Remedy: "See whether it works; what is left is copied within an hour of that", Err: err}
	}
	return left, err
}

// noteExport writes down how far an export has come, and when it is over, when it
// is due next; then the job is over with that.
func (r *Runner) noteExport(ctx context.Context, j *job.Job, e *RejectExport, over bool, failed error) error {
	spec := &RejectExportSpec{}
	return r.flows.change(ctx, Actor{Org: e.Org}, e.Kind, e.ID, "export", spec, func(tx *store.Tx, _ *store.Resource) error {
		spec.After, spec.Ran, spec.Problem = max(spec.After, e.After), r.flows.now(), ""
		if !over {
			return nil
		}
		if failed != nil {
			spec.Problem = store.ForUsers(failed).Error()
		} else {
			spec.due(r.flows.Now())
		}
		return j.Complete(ctx, tx)
	})
}

// export copies what was set aside since the last copy, file by file, and moves
// After on with each, until there is no more or the slice is over.
func (s *Service) export(ctx context.Context, e *RejectExport, over func() bool) (left bool, err error) {
	put, done, err := s.shelf(ctx, e)
	if err != nil {
		return false, err
	}
	defer done()
	owned, err := s.Store.ResourceIDs(ctx, store.ResourceFilter{Org: e.Org, Kind: store.KindDataset, Owner: e.Owner})
	if err != nil || len(owned) == 0 {
		return false, err
	}
	ids := make([]int64, len(owned))
	for i, r := range owned {
		ids[i] = r.ID
	}
	logs, err := s.Store.LogsOf(ctx, e.Org, ids, nil)
	if err != nil || len(logs) == 0 {
		return false, err
	}
	origins, err := s.Store.Origins(ctx, logs...)
	if err != nil {
		return false, err
	}
	f := store.QuarantineFilter{Org: e.Org, Datasets: logs, To: s.Now().Add(-exportAfter).UnixMicro()}
	for !over() {
		some, err := s.Store.QuarantinedAfter(ctx, f, e.After, exportAtOnce)
		if err != nil || len(some) == 0 {
			return false, err
		}
		for _, log := range logs {
			if err := e.copyTo(ctx, put, origins[log].Dataset, ofLog(some, log)); err != nil {
				return false, err
			}
		}
		e.After = some[len(some)-1].ID
	}
	return true, nil
}

// ofLog are those of the records that are of one log.
func ofLog(all []store.Quarantined, log store.DatasetID) (of []store.Quarantined) {
	for _, q := range all {
		if q.Dataset == log {
			of = append(of, q)
		}
	}
	return of
}

// exportedRecord is a record as the contract has it in such a file.
type exportedRecord struct {
	Meta struct {
		Type     string `json:"resourceType"`
		ID       int64  `json:"resourceId"`
		Run      string `json:"runId"`
		At       string `json:"ingestTime"`
		Original int64  `json:"quarantineId"`
	} `json:"nexlaMetaData"`
	Error struct {
		Stage   string `json:"stage"`
		Message string `json:"message"`
	} `json:"error"`
	Raw jsontext.Value `json:"rawMessage"`
}

// copyTo writes records of one dataset into a file that is named by them: the same
// records have the same name, so that a copy which broke off doubles no file.
func (e *RejectExport) copyTo(ctx context.Context, put shelf, dataset int64, all []store.Quarantined) error {
	if len(all) == 0 {
		return nil
	}
	out := make([]exportedRecord, len(all))
	for i, q := range all {
		HideRule(&q) // whose rules they are the owner of the log may not see
		one := &out[i]
		one.Meta.Type, one.Meta.ID, one.Meta.Run, one.Meta.Original = "DATASET", dataset, string(q.Run), q.ID
		one.Meta.At = time.UnixMicro(q.At).UTC().Format(time.RFC3339)
		one.Error.Stage, one.Error.Message = q.Stage, q.Reason
		if one.Raw = jsontext.Value(q.Original); !one.Raw.IsValid() {
			one.Raw, _ = jsontext.AppendQuote(nil, strings.ToValidUTF8(string(q.Original), "\uFFFD")) // it is valid now
		}
	}
	content, err := json.Marshal(out, json.Deterministic(true), jsontext.Multiline(true))
	if err != nil {
		return err
	}
	first := all[0]
	name := path.Join(e.Path, "data_sets", fmt.Sprint(dataset), time.UnixMicro(first.At).UTC().Format("2006/01/02"), fmt.Sprintf("%d-%d.json", first.ID, all[len(all)-1].ID))
	return put(ctx, name, content)
}

// shelf puts a file where there is none of its name; one that is there stays.
type shelf func(ctx context.Context, name string, content []byte) error

// shelf opens the place of an export's files, through its credential's door.
func (s *Service) shelf(ctx context.Context, e *RejectExport) (put shelf, done func(), err error) {
	place, err := s.Credentials.Place(ctx, credential.Use{Actor: Actor{Org: e.Org}, Credential: e.Credential, Purpose: "quarantine", For: e.ID})
	if err != nil {
		return nil, nil, err
	}
	switch place.Credential.Kind.Connection {
	case "s3":
		bucket, err := s3.Open(ctx, place.Bucket)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context, name string, content []byte) error {
			if there, err := bucket.Exists(ctx, name); there || err != nil {
				return err
			}
			return bucket.Create(ctx, name, bytes.NewReader(content), int64(len(content)))
		}, func() {}, nil
	case "file":
		if err := os.MkdirAll(place.Target, 0o700); err != nil {
			return nil, nil, noShelf(err)
		}
		root, err := os.OpenRoot(place.Target)
		if err != nil {
			return nil, nil, noShelf(err)
		}
		return func(_ context.Context, name string, content []byte) error {
			return noShelf(putFile(root, name, content))
		}, func() { _ = root.Close() }, nil
	}
	return nil, nil, leadsSomewhere(place.Credential)
}

func noShelf(err error) error {
	if err == nil {
		return nil
	}
	return &weir.Error{Code: weir.CodeLocal, Where: "quarantine export", Message: "a file cannot be written: " + err.Error(), Remedy: "Look at the server's disk", Err: err}
}

// putFile writes a file that is there as a whole or not at all.
func putFile(root *os.Root, name string, content []byte) error {
	if _, err := root.Lstat(name); err == nil {
		return nil
	}
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	half := name + ".half"
	f, err := root.OpenFile(half, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return root.Rename(half, name)
}
