package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// QuarantineSettings say where records that were set aside of a user's datasets
// are copied to, and when.
type QuarantineSettings struct {
	ID            int64            `json:"id"`
	Owner         Owner            `json:"owner"`
	Org           Organization     `json:"org"`
	CredentialsID int64            `json:"data_credentials_id"`
	Config        QuarantineConfig `json:"config"`
	NextAt        *string          `json:"next_at"`
	ExportedAt    *string          `json:"exported_at" doc:"When the last copy was over"`
	Problem       string           `json:"problem" doc:"Why the last copy failed; it is tried again in an hour"`
	CreatedAt     string           `json:"created_at"`
	UpdatedAt     string           `json:"updated_at"`
}

// QuarantineConfig is when they are copied, and where to.
type QuarantineConfig struct {
	Cron *string `json:"start.cron,omitzero" maxLength:"200" doc:"Quartz, in UTC; it is looked at each hour"`
	Path *string `json:"path,omitzero" maxLength:"200" doc:"Before the names of the files"`
}

func (a *API) registerQuarantineSettings() {
	const tag, path = "users", "/users/{id}/quarantine_settings"
	const whose = "For the user, and for administrators."
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "Where a user's records in quarantine are copied to", Policy: signedIn, Detail: whose}, a.quarantineSettings)
	register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Copy a user's records in quarantine into files", Policy: writing, Creates: true,
		Detail: whose + " The credential leads to files or to a bucket."}, a.createQuarantineSettings)
	register(a, Route{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Change where they are copied to, or when", Policy: writing, Detail: whose}, a.updateQuarantineSettings)
	register(a, Route{Method: http.MethodDelete, Path: path, Tag: tag, Summary: "Copy them no more; the files stay", Policy: writing, Detail: whose}, a.deleteQuarantineSettings)
}

// ofUser lets the user in whom a path names, and administrators.
func (a *API) ofUser(ctx context.Context, id int64) error {
	if _, err := a.People.User(ctx, principal(ctx), id); err != nil || id == principal(ctx).User {
		return err
	}
	return a.People.AllowedInOrg(principal(ctx), identity.RoleAdmin)
}

func (a *API) quarantineSettings(ctx context.Context, in *One) (*value[QuarantineSettings], error) {
	if err := a.ofUser(ctx, in.ID); err != nil {
		return nil, err
	}
	e, err := a.Flows.RejectExport(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	common, err := a.common(ctx, e.Resource)
	if err != nil {
		return nil, err
	}
	out := QuarantineSettings{ID: e.ID, Owner: common.owner(e.Owner), Org: common.org, CredentialsID: e.Credential, Config: QuarantineConfig{Cron: &e.Cron, Path: &e.Path},
		ExportedAt: momentOrNull(e.Ran), Problem: e.Problem, CreatedAt: moment(e.Created), UpdatedAt: moment(e.Updated)}
	if e.Next != flow.Never {
		out.NextAt = momentOrNull(e.Next)
	}
	return show(out), nil
}

type quarantineSettingsInput struct {
	One
	Body struct {
		CredentialsID *int64            `json:"data_credentials_id,omitzero"`
		Config        *QuarantineConfig `json:"config,omitzero"`
	}
}

func (a *API) createQuarantineSettings(ctx context.Context, in *quarantineSettingsInput) (*value[QuarantineSettings], error) {
	if err := a.ofUser(ctx, in.ID); err != nil {
		return nil, err
	}
	switch {
	case in.Body.CredentialsID == nil:
		return nil, refuse("data_credentials_id", "it is missing", "Give the id of a credential of files or of a bucket")
	case in.Body.Config == nil || in.Body.Config.Cron == nil:
		return nil, refuse("config.start.cron", "it is missing", "Say when, such as 0 0 0 * * ? *")
	}
	if err := a.mayUse(ctx, "data_credentials_id", store.KindCredential, *in.Body.CredentialsID); err != nil {
		return nil, err
	}
	spec := flow.RejectExportSpec{Cron: *in.Body.Config.Cron, Path: given(in.Body.Config.Path)}
	if err := a.Flows.CreateRejectExport(ctx, actor(ctx), in.ID, *in.Body.CredentialsID, spec); err != nil {
		return nil, err
	}
	return a.quarantineSettings(ctx, &in.One)
}

func (a *API) updateQuarantineSettings(ctx context.Context, in *quarantineSettingsInput) (*value[QuarantineSettings], error) {
	if err := a.ofUser(ctx, in.ID); err != nil {
		return nil, err
	}
	edit := flow.RejectExportEdit{Place: in.Body.CredentialsID}
	if in.Body.Config != nil {
		edit.Cron, edit.Path = in.Body.Config.Cron, in.Body.Config.Path
	}
	if edit.Place != nil {
		if err := a.mayUse(ctx, "data_credentials_id", store.KindCredential, *edit.Place); err != nil {
			return nil, err
		}
	}
	if err := a.Flows.UpdateRejectExport(ctx, actor(ctx), in.ID, edit); err != nil {
		return nil, err
	}
	return a.quarantineSettings(ctx, &in.One)
}

func (a *API) deleteQuarantineSettings(ctx context.Context, in *One) (*Done, error) {
	if err := a.ofUser(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.Flows.DropRejectExport(ctx, actor(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}
