package api

import (
	"bytes"
	"context"
	"html/template"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// SignInWay is an identity provider that one can sign in with.
type SignInWay struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	StartURL string `json:"start_url" doc:"Where a browser goes to sign in; with ?again=1 to prove who one is anew"`
}

func (a *API) registerSignIn() {
	const tag = "sign_in"
	register(a, Route{Method: http.MethodGet, Path: "/sign_in", Tag: tag, Summary: "The identity providers that one can sign in with", Policy: identity.Public()}, a.signInWays)
	register(a, Route{Method: http.MethodGet, Path: "/sign_in/{provider}/start", Tag: tag, Summary: "Send a browser to the provider", Policy: identity.Public(), Page: true}, a.leave)
	register(a, Route{Method: http.MethodGet, Path: "/sign_in/{provider}/callback", Tag: tag, Summary: "Where the provider sends the browser back", Policy: identity.Public(), Page: true,
		Detail: "It answers with a page that leads to the server's first page."}, a.comeBack)
}

func (a *API) signInWays(ctx context.Context, _ *struct{}) (*value[[]SignInWay], error) {
	ways, err := a.People.SignInWays(ctx)
	shown := make([]SignInWay, len(ways))
	for i, w := range ways {
		shown[i] = SignInWay{ID: w.ID, Name: w.Name, StartURL: prefix + "/sign_in/" + w.ID + "/start"}
	}
	return show(shown), err
}

type leaveInput struct {
	Provider string `path:"provider" maxLength:"20"`
	Again    flag   `query:"again"`
}

// redirect is an answer that leads elsewhere.
type redirect struct {
	Status   int
	Location string `header:"Location"`
}

func (a *API) leave(ctx context.Context, in *leaveInput) (*redirect, error) {
	r := request(ctx)
	if err := a.Cookies.Allow(r); err != nil {
		return nil, err
	}
	p, err := a.People.SignInWay(ctx, in.Provider)
	if err != nil {
		return nil, err
	}
	to, err := p.Start(ctx, in.Again.On)
	if err != nil {
		return nil, err
	}
	setCookie(ctx, a.Cookies.Leave(r, to))
	return &redirect{Status: http.StatusSeeOther, Location: to.URL}, nil
}

type comeBackInput struct {
	Provider string `path:"provider" maxLength:"20"`
	State    string `query:"state" maxLength:"200"`
	Code     string `query:"code" maxLength:"4096"`
	Error    string `query:"error" maxLength:"4096" doc:"What the provider says when it signs nobody in"`
}

// page is an answer that people read.
type page struct {
	Status int
	Type   string `header:"Content-Type"`
	Body   []byte
}

func (a *API) comeBack(ctx context.Context, in *comeBackInput) (*page, error) {
	r := request(ctx)
	p, err := a.People.SignInWay(ctx, in.Provider)
	if err != nil {
		return nil, err
	}
	back := identity.Callback{State: in.State, Code: in.Code, Browser: a.Cookies.Flow(r), Before: a.Cookies.Session(r), Client: client(ctx)}
	if in.Error != "" {
		back.Code = "" // it is refused, and the state used up
	}
	s, err := p.Finish(ctx, back)
	if weir.CodeOf(err) == weir.CodeAuth {
		setCookie(ctx, a.Cookies.Return(r))
		return pageFor(http.StatusUnauthorized, err)
	}
	if err != nil {
		return nil, err
	}
	for _, c := range append(a.Cookies.Begin(r, s), a.Cookies.Return(r)) {
		setCookie(ctx, c)
	}
	return pageFor(http.StatusOK, nil)
}

// landing leads on by a page of our own. A redirect would still count as the
// provider's link, with which browsers do not send the cookie of the session.
var landing = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Weir</title>
{{if not .}}<meta http-equiv="refresh" content="0;url=/">{{end}}</head>
<body>{{if .}}<h1>Not signed in</h1><p>{{.Error}}.</p><p><a href="/">Back</a></p>{{else}}<p>Signed in. <a href="/">Go on</a></p>{{end}}</body></html>
`))

func pageFor(status int, why error) (*page, error) {
	var b bytes.Buffer
	if err := landing.Execute(&b, why); err != nil {
		return nil, err
	}
	return &page{Status: status, Type: "text/html; charset=utf-8", Body: b.Bytes()}, nil
}
