package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

func (a *API) registerSetup() {
	const tag = "setup"
	register(a, Route{Method: http.MethodGet, Path: "/setup", Tag: tag, Summary: "Whether the server waits for its first user", Policy: identity.Public()}, a.setupNeeded)
	register(a, Route{Method: http.MethodPost, Path: "/setup", Tag: tag, Summary: "Make the first user, with the token that the server printed", Policy: identity.Public()}, a.setup)
}

// SetupState says whether there is a first user.
type SetupState struct {
	Needed bool `json:"needed"`
}

func (a *API) setupNeeded(ctx context.Context, _ *struct{}) (*value[SetupState], error) {
	needed, err := a.People.SetupNeeded(ctx)
	return show(SetupState{needed}), err
}

type setupInput struct {
	Body struct {
		Token        string `json:"token" maxLength:"200"`
		Organization name   `json:"organization"`
		Email        string `json:"email" maxLength:"254"`
		FullName     name   `json:"full_name"`
		Password     string `json:"password" maxLength:"1024"`
	}
}

func (a *API) setup(ctx context.Context, in *setupInput) (*value[Token], error) {
	s, err := a.People.Setup(ctx, in.Body.Token, identity.FirstUser{
		Organization: string(in.Body.Organization), Email: in.Body.Email, FullName: string(in.Body.FullName),
		Password: weir.NewSecret(in.Body.Password), Client: client(ctx),
	})
	if err != nil {
		return nil, err
	}
	return a.sessionToken(ctx, s)
}
