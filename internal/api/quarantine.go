package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Reject is one record in quarantine.
type Reject struct {
	ID           int64    `json:"id"`
	DataSourceID *int64   `json:"data_source_id"`
	DataSetID    *int64   `json:"data_set_id" doc:"The dataset on whose way it was set aside: of rules, the one that has them; null when it was deleted"`
	DataSet      string   `json:"data_set"`
	DataSinkID   *int64   `json:"data_sink_id" doc:"The destination that refused it; null when it came to none"`
	Stage        string   `json:"stage" doc:"decode, schema, transform, load"`
	Reason       string   `json:"reason"`
	Key          []string `json:"key" nullable:"false" doc:"The parts of the record's key, as far as it is known"`
	RunID        string   `json:"run_id"`
	At           string   `json:"at"`
	Size         int      `json:"size" doc:"Bytes of the original"`
	State        string   `json:"state" doc:"open, replayed, dropped"`
	SettledAt    *string  `json:"settled_at"`
	SettledBy    *int64   `json:"settled_by" doc:"The user who replayed or dropped it"`
}

// RejectDetail is one record in quarantine with its bytes.
type RejectDetail struct {
	Reject
	Original       string `json:"original" doc:"As it came; of stage load, the row that the destination refused"`
	OriginalBase64 string `json:"original_base64,omitzero" doc:"Instead of original, when it is no text"`
	Record         object `json:"record,omitzero" doc:"The record as it lies in the log now: what a replay would send"`
}

func (a *API) registerQuarantine() {
	const tag = "quarantine"
	register(a, Route{Method: http.MethodGet, Path: "/quarantine", Tag: tag, Summary: "Records that failed, newest first", Policy: signedIn}, a.listRejects)
	register(a, Route{Method: http.MethodGet, Path: "/quarantine/{id}", Tag: tag, Summary: "One record that failed, with its bytes", Policy: signedIn}, a.oneReject)
	register(a, Route{Method: http.MethodPost, Path: "/quarantine/{id}/replay", Tag: tag, Summary: "Send a record on its way again, as it is or as data says", Policy: signedIn,
		Detail: "It passes the stage that refused it, goes into the log, and from there to each destination exactly once. What is refused again stays here with the new reason. While its source is being read: 409."}, a.replayReject)
	register(a, Route{Method: http.MethodPost, Path: "/quarantine/{id}/drop", Tag: tag, Summary: "Decide that nobody needs a record", Policy: signedIn,
		Detail: "Its bytes stay, and the same record with the same reason does not come back."}, a.dropReject)
	register(a, Route{Method: http.MethodPost, Path: "/quarantine/bulk/replay", Tag: tag, Summary: "Replay all that a filter chooses, up to a thousand", Policy: signedIn}, a.replayMany)
	register(a, Route{Method: http.MethodPost, Path: "/quarantine/bulk/drop", Tag: tag, Summary: "Drop all that a filter chooses, up to a thousand", Policy: signedIn}, a.dropMany)
}

// rejectFilter chooses records in quarantine.
type rejectFilter struct {
	dataset, source, destination int64
	stage, reason, state, since  string
	run                          string
	ids                          []int64
}

// within makes a store's filter of it, within what the caller may do at least
// as the role says. A dataset that is made from another one is no right to what
// is set aside of that: it is seen by what its own destinations refused, and
// only whoever has the role on the other one acts on that.
func (a *API) within(ctx context.Context, in rejectFilter, need identity.Role) (f store.QuarantineFilter, err error) {
	org := actor(ctx).Org
	f = store.QuarantineFilter{Org: org, Destination: in.destination, Stage: in.stage, Reason: in.reason, State: in.state, CountedBy: in.run, IDs: in.ids}
	if f.From, err = when("since", in.since, false); err != nil {
		return f, err
	}
	if err := a.rights().Searching(ctx, principal(ctx), &f); err != nil {
		return f, err
	}
	var datasets, sources []int64
	if !principal(ctx).Role.AtLeast(identity.RoleAdmin) {
		all, err := a.filter(ctx, ListInput{}.ofAll(), store.KindDataset)
		if err != nil {
			return f, err
		}
		found, err := a.Store.ResourceIDs(ctx, all)
		if err != nil {
			return f, err
		}
		roles, err := a.People.RolesOn(ctx, principal(ctx), found...)
		if err != nil {
			return f, err
		}
		datasets = []int64{}
		for _, r := range found {
			if roles[r.ID].AtLeast(need) {
				datasets = append(datasets, r.ID)
			}
		}
	}
	made, err := a.made(ctx, in.dataset)
	if err != nil {
		return f, err
	}
	if made != nil {
		return a.withinMade(ctx, f, made, in.source, datasets, need)
	}
	datasets = only(datasets, in.dataset)
	if in.source != 0 {
		sources = []int64{in.source}
	}
	if datasets != nil || sources != nil {
		f.Datasets, err = a.Store.LogsOf(ctx, org, datasets, sources)
	}
	return f, err
}

// made is the dataset with the id when it is made from another one; nil when it
// is not, or not there.
func (a *API) made(ctx context.Context, id int64) (*flow.Dataset, error) {
	if id <= 0 {
		return nil, nil
	}
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, id)
	if err != nil || d.Parent == 0 {
		return nil, missingIsEmpty(err)
	}
	return d, nil
}

// withinMade narrows a filter to what is set aside of a dataset that is made from
// another one. Datasets are those on which the caller has the role; nil for all.
func (a *API) withinMade(ctx context.Context, f store.QuarantineFilter, d *flow.Dataset, source int64, datasets []int64, need identity.Role) (store.QuarantineFilter, error) {
	f.Datasets = []store.DatasetID{}
	if datasets != nil && !slices.Contains(datasets, d.ID) || source != 0 && source != d.Source {
		return f, nil
	}
	if need.AtLeast(identity.RoleOperator) {
		if acts, err := a.seesRoot(ctx, d, need); err != nil || !acts {
			return f, err
		}
	}
	of, err := a.Flows.RejectsOf(ctx, d)
	f.Datasets, f.RefusedBy = of.Datasets, of.RefusedBy
	return f, err
}

// seesRoot reports whether the caller has a role on the source's dataset that d is
// made from, if it is: what is set aside is that one's.
func (a *API) seesRoot(ctx context.Context, d *flow.Dataset, need identity.Role) (bool, error) {
	if d.Parent == 0 {
		return true, nil
	}
	root, err := a.Flows.Root(ctx, d)
	if err != nil {
		return false, missingIsEmpty(err)
	}
	role, err := a.People.RoleOn(ctx, principal(ctx), store.KindDataset, root.ID)
	return err == nil && role.AtLeast(need), missingIsEmpty(err)
}

// rejects gives a filter's records in quarantine, of a dataset if one is asked
// for, without what the caller may not see of them.
func (a *API) rejects(ctx context.Context, dataset int64, f store.QuarantineFilter) ([]flow.Rejected, int, error) {
	d, err := a.made(ctx, dataset)
	sees := d == nil
	if err == nil && !sees {
		sees, err = a.seesRoot(ctx, d, identity.RoleCollaborator)
	}
	switch {
	case err != nil:
		return nil, 0, err
	case sees:
		return a.Flows.Rejects(ctx, f)
	}
	return a.Flows.HiddenRejects(ctx, d, f)
}

type rejectListInput struct {
	DataSetID    int64  `query:"data_set_id" doc:"Of a dataset that is made from another: what its own destinations refused"`
	DataSourceID int64  `query:"data_source_id"`
	DataSinkID   int64  `query:"data_sink_id"`
	Stage        string `query:"stage" enum:"decode,schema,transform,load"`
	Reason       string `query:"reason" maxLength:"1000" doc:"A part of it, whatever the case"`
	State        string `query:"state" enum:"open,replayed,dropped,all" default:"open"`
	RunID        string `query:"run_id" maxLength:"40" doc:"What this run counts as quarantined, be it set aside before"`
	Since        string `query:"since" maxLength:"40" doc:"Set aside then or later: a day, or a time"`
	Paging
}

func (a *API) listRejects(ctx context.Context, in *rejectListInput) (*List[Reject], error) {
	in.State = strings.TrimPrefix(in.State, "all")
	f, err := a.within(ctx, rejectFilter{dataset: in.DataSetID, source: in.DataSourceID, destination: in.DataSinkID, stage: in.Stage, reason: in.Reason, state: in.State, since: in.Since, run: in.RunID}, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	f.Page, f.Size = in.page(), in.PerPage
	found, total, err := a.rejects(ctx, in.DataSetID, f)
	if err != nil {
		return nil, err
	}
	if err := a.rights().Unseen(ctx, principal(ctx), found); err != nil {
		return nil, err
	}
	shown := make([]Reject, len(found))
	for i := range found {
		shown[i] = showReject(&found[i])
	}
	return list(ctx, in.Paging, shown, total), err
}

func showReject(r *flow.Rejected) Reject {
	dataset, name := r.Of()
	out := Reject{
		ID: r.ID, DataSourceID: idOrNull(r.Origin.Source), DataSetID: idOrNull(dataset), DataSet: name, DataSinkID: idOrNull(r.Destination),
		Stage: r.Stage, Reason: r.Reason, Key: []string{}, RunID: string(r.Run), At: moment(r.At), Size: len(r.Original), State: r.State,
		SettledAt: momentOrNull(r.Settled), SettledBy: idOrNull(r.SettledBy),
	}
	if r.Key != "" {
		for _, part := range weir.KeyParts(r.Key) {
			out.Key = append(out.Key, strings.ToValidUTF8(part, "\uFFFD"))
		}
	}
	return out
}

// rejectFor finds a record in quarantine for who has the role on its dataset.
// One whose dataset was deleted is for administrators.
func (a *API) rejectFor(ctx context.Context, id int64, role identity.Role) (*flow.Rejected, error) {
	if id <= 0 {
		return nil, nowhere()
	}
	r, err := a.Flows.Reject(ctx, actor(ctx).Org, id)
	if err != nil {
		return nil, err
	}
	if r.Origin.Dataset == 0 {
		if principal(ctx).Role.AtLeast(identity.RoleAdmin) {
			return r, nil
		}
		return nil, nowhere()
	}
	if err := a.Identity.Authorize(ctx, principal(ctx), identity.Access(store.KindDataset, role), r.Origin.Dataset); err != nil {
		return nil, err
	}
	one := []flow.Rejected{*r}
	return &one[0], a.rights().Unseen(ctx, principal(ctx), one)
}

func (a *API) oneReject(ctx context.Context, in *One) (*value[RejectDetail], error) {
	r, err := a.rejectFor(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	out := RejectDetail{Reject: showReject(r)}
	if utf8.Valid(r.Original) {
		out.Original = string(r.Original)
	} else {
		out.OriginalBase64 = base64.StdEncoding.EncodeToString(r.Original)
	}
	if r.Key == "" {
		return show(out), nil
	}
	newest, err := a.Store.Newest(ctx, r.Dataset, r.Key)
	if err == nil && !newest.Deleted {
		out.Record = object(newest.Data)
	}
	return show(out), missingIsEmpty(err)
}

// Replayed is what became of a record's replay.
type Replayed struct {
	ID        int64  `json:"id"`
	RunID     string `json:"run_id"`
	State     string `json:"state" doc:"Of the record in quarantine: replayed, or open when it was refused again"`
	RefusedAs *int64 `json:"refused_as" doc:"The record in quarantine that it has become, when a destination refused it again"`
	Reason    string `json:"reason" doc:"Why it was refused again, or not sent"`
}

func showReplayed(all []flow.Replayed) []Replayed {
	out := []Replayed{}
	for _, r := range all {
		out = append(out, Replayed{ID: r.ID, RunID: string(r.Run), State: r.State, RefusedAs: idOrNull(r.Refused), Reason: r.Reason})
	}
	return out
}

type replayInput struct {
	One
	Body *struct {
		Data object `json:"data,omitzero" doc:"The whole record, mended; it keeps its key"`
	}
}

func (a *API) replayReject(ctx context.Context, in *replayInput) (*value[Replayed], error) {
	r, err := a.rejectFor(ctx, in.ID, identity.RoleOperator)
	if err != nil {
		return nil, err
	}
	if r.Origin.Dataset == 0 {
		return nil, &weir.Error{Code: weir.CodeConflict, Where: "quarantine", Message: "its dataset was deleted", Remedy: "Restore the dataset first"}
	}
	var data []byte
	if in.Body != nil {
		data = in.Body.Data
	}
	done, err := a.Runner.Replay(ctx, actor(ctx), r.Origin.Source, []flow.Rejected{*r}, data)
	if err != nil {
		return nil, err
	}
	return show(showReplayed(done)[0]), nil
}

func (a *API) dropReject(ctx context.Context, in *One) (*value[Reject], error) {
	r, err := a.rejectFor(ctx, in.ID, identity.RoleOperator)
	if err != nil {
		return nil, err
	}
	if err := a.Flows.DropReject(ctx, actor(ctx), []flow.Rejected{*r}); err != nil {
		return nil, err
	}
	if r, err = a.Flows.Reject(ctx, actor(ctx).Org, in.ID); err != nil {
		return nil, err
	}
	return show(showReject(r)), nil
}

// manyInput chooses what a bulk is about. At least one field narrows it.
type manyInput struct {
	Body struct {
		IDs          []int64 `json:"ids,omitzero" maxItems:"1000"`
		DataSetID    int64   `json:"data_set_id,omitzero"`
		DataSourceID int64   `json:"data_source_id,omitzero"`
		DataSinkID   int64   `json:"data_sink_id,omitzero"`
		Stage        string  `json:"stage,omitzero" enum:"decode,schema,transform,load"`
		Reason       string  `json:"reason,omitzero" maxLength:"1000"`
		RunID        string  `json:"run_id,omitzero" maxLength:"40"`
		Since        string  `json:"since,omitzero" maxLength:"40"`
		All          bool    `json:"all,omitzero" doc:"Everything that you may; without it, another field must narrow the choice"`
	}
}

// most records of one bulk.
const mostRejects = 1000

// chosen gives the open records of a bulk, and how many more there are.
func (a *API) chosen(ctx context.Context, in *manyInput) (found []flow.Rejected, more int, err error) {
	b := in.Body
	if b.IDs == nil && b.DataSetID == 0 && b.DataSourceID == 0 && b.DataSinkID == 0 && b.Stage == "" && b.Reason == "" && b.RunID == "" && b.Since == "" && !b.All {
		return nil, 0, refuse("body", "it chooses nothing", "Give ids, data_set_id, data_source_id, data_sink_id, stage, reason, run_id or since; or all")
	}
	f, err := a.within(ctx, rejectFilter{dataset: b.DataSetID, source: b.DataSourceID, destination: b.DataSinkID, stage: b.Stage, reason: b.Reason,
		state: store.QuarantineOpen, since: b.Since, run: b.RunID, ids: b.IDs}, identity.RoleOperator)
	if err != nil {
		return nil, 0, err
	}
	f.Page, f.Size = 1, mostRejects
	found, total, err := a.Flows.Rejects(ctx, f)
	return found, total - len(found), err
}

// Bulk is what became of many records.
type Bulk struct {
	Done     int            `json:"done" doc:"Replayed, or dropped"`
	Refused  int            `json:"refused" doc:"Refused again, or not sent"`
	Left     int            `json:"left" doc:"Chosen, and beyond the thousand of one call"`
	Results  []Replayed     `json:"results,omitzero"`
	Problems map[string]int `json:"problems,omitzero" doc:"Sources that could not be replayed, by what stands against it"`
}

func (a *API) replayMany(ctx context.Context, in *manyInput) (*value[Bulk], error) {
	found, left, err := a.chosen(ctx, in)
	if err != nil {
		return nil, err
	}
	out := Bulk{Left: left, Results: []Replayed{}}
	bySource := map[int64][]flow.Rejected{}
	var sources []int64
	for _, r := range found {
		if r.Origin.Dataset == 0 {
			continue
		}
		if bySource[r.Origin.Source] == nil {
			sources = append(sources, r.Origin.Source)
		}
		bySource[r.Origin.Source] = append(bySource[r.Origin.Source], r)
	}
	slices.Sort(sources)
	for _, source := range sources {
		done, err := a.Runner.Replay(ctx, actor(ctx), source, bySource[source], nil)
		if code := weir.CodeOf(err); code == weir.CodeConflict || code == weir.CodeNotFound {
			if out.Problems == nil {
				out.Problems = map[string]int{}
			}
			out.Problems[err.Error()]++
			out.Refused += len(bySource[source])
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Results = append(out.Results, showReplayed(done)...)
	}
	for _, r := range out.Results {
		if r.State == store.QuarantineReplayed && r.RefusedAs == nil {
			out.Done++
		} else {
			out.Refused++
		}
	}
	return show(out), nil
}

func (a *API) dropMany(ctx context.Context, in *manyInput) (*value[Bulk], error) {
	found, left, err := a.chosen(ctx, in)
	if err != nil || len(found) == 0 {
		return show(Bulk{}), err
	}
	if err := a.Flows.DropReject(ctx, actor(ctx), found); err != nil {
		return nil, err
	}
	return show(Bulk{Done: len(found), Left: left}), nil
}
