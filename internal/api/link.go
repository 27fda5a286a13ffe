package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// Link lets whoever has it choose a user's password, once.
type Link struct {
	Link      string `json:"link" doc:"Shown once: whoever has it has the account"`
	UserID    int64  `json:"user_id"`
	ExpiresAt string `json:"expires_at"`
}

func (a *API) registerLinks() {
	const tag = "links"
	register(a, Route{Method: http.MethodPost, Path: "/users/{id}/link", Tag: tag, Summary: "Make a link with which a user sets a new password", Policy: admin, Creates: true,
		Detail: "It is good once, for 72 hours. It needs a proof of who you are within the last 15 minutes."}, a.newLink)
	register(a, Route{Method: http.MethodPost, Path: "/links/check", Tag: tag, Summary: "Whose password a link sets", Policy: identity.Public()}, a.checkLink)
	register(a, Route{Method: http.MethodPost, Path: "/links/accept", Tag: tag, Summary: "Set the password with a link, and sign in", Policy: identity.Public(),
		Detail: "All of the user's sessions end; a new one begins, as with POST /session."}, a.acceptLink)
}

func (a *API) newLink(ctx context.Context, in *One) (*value[Link], error) {
	shownOnce(ctx)
	secret, err := a.People.NewLink(ctx, principal(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return show(a.showLink(in.ID, secret)), nil
}

type linkInput struct {
	Body struct {
		Link string `json:"link" maxLength:"200"`
	}
}

// LinkOwner is whom a link is for.
type LinkOwner struct {
	Email string `json:"email"`
}

func (a *API) checkLink(ctx context.Context, in *linkInput) (*value[LinkOwner], error) {
	email, err := a.People.LinkEmail(ctx, in.Body.Link)
	return show(LinkOwner{email}), err
}

type acceptInput struct {
	Body struct {
		Link     string `json:"link" maxLength:"200"`
		Password string `json:"password" maxLength:"1024"`
	}
}

func (a *API) acceptLink(ctx context.Context, in *acceptInput) (*value[Session], error) {
	if err := a.Cookies.Allow(request(ctx)); err != nil {
		return nil, err
	}
	s, err := a.People.AcceptLink(ctx, in.Body.Link, weir.NewSecret(in.Body.Password), client(ctx))
	if err != nil {
		return nil, err
	}
	return a.begun(ctx, s)
}
